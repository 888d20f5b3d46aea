/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forecast of a settlement. Promised: without declines and with the fees that were taken it says
 * what the settlement then is, to the unit; declines are taken off what is not held, never off what is;
 * dates follow the policy; a campaign without money to come is refused.
 *
 * Shown: the campaign of reference/postings.journal (5 % fee, 5 % reserve) as it stands before its
 * captures, forecast by hand and by the tool.
 */
#include "tools/forecast.h"

#include "core/aggregate/book_memory.h"
#include "core/policy.h"
#include "tests/support/cmocka.h"

#define ENDS_AT_US (INT64_C(1767225600000000) + 30 * CF_DAY_US)

static const struct cf_id campaign_id = {{7}};

/* A live campaign with three pledges: a hold of 100.00, a card for 200.00, an errored one of 50.00. */
static struct cf_book *make_book(struct cf_book_memory *memory)
{
    static const struct {
        enum cf_pledge_state state;
        int64_t amount, held;
    } pledges[] = {{CF_PLEDGE_AUTHORIZED, 10000, 10000},
                   {CF_PLEDGE_COMMITTED, 20000, 0},
                   {CF_PLEDGE_ERRORED, 5000, 0},
                   {CF_PLEDGE_CANCELLED, 70000, 0}};
    struct cf_book *book = cf_book_memory_book(memory);
    struct cf_campaign *campaign = cf_book_make(book, CF_ROW_CAMPAIGN, &campaign_id);
    campaign->state = CF_CAMPAIGN_LIVE;
    campaign->model = CF_FUNDING_MODEL_AON;
    campaign->currency = CF_CURRENCY_USD;
    campaign->goal_minor = 30000;
    campaign->ends_at_us = ENDS_AT_US;
    campaign->committed_minor = 25000;
    campaign->authorized_minor = 10000;
    campaign->platform_fee_bps = 500;
    campaign->processor_fee_bearer = CF_BEARER_CREATOR;
    campaign->reserve_bps = 500;
    campaign->reserve_days = 60;
    for (uint32_t i = 0; i < 4; i++) {
        struct cf_id id = cf_id_of_number(100 + i);
        struct cf_pledge *pledge = cf_book_make(book, CF_ROW_PLEDGE, &id);
        pledge->campaign_id = campaign_id;
        pledge->state = (uint8_t)pledges[i].state;
        pledge->amount_minor = pledges[i].amount;
        pledge->memo_authorized_minor = pledges[i].held;
        book->ops->pledge_list(book, &campaign_id, &id);
    }
    return book;
}

static void test_forecast__adds_up(void **state)
{
    (void)state;
    struct cf_book_memory *memory = cf_book_memory_new();
    struct cf_book *book = make_book(memory);
    const struct cf_forecast_assumptions assumptions = {
        .decline_bps = 1000, .processor_fee_bps = 300, .processor_fee_minor = 30};
    struct cf_forecast forecast;
    assert_int_equal(cf_forecast_make(book, &campaign_id, &assumptions, &forecast, NULL), CF_OK);
    assert_true(forecast.funded);
    assert_int_equal(forecast.captures, 3);
    assert_int_equal(forecast.held_minor, 10000);
    assert_int_equal(forecast.to_charge_minor, 25000);
    assert_int_equal(forecast.declines_minor, 2500);
    assert_int_equal(forecast.collected_minor, 32500);
    assert_int_equal(forecast.processor_fees_minor, 975 + 90);
    assert_int_equal(cf_money_minor(forecast.parts.net), 32500 - 1065);
    assert_int_equal(cf_money_minor(forecast.parts.platform_fee), 1625);
    assert_int_equal(cf_money_minor(forecast.parts.reserve), 1491); /* 5 % of 298.10, half up */
    assert_int_equal(cf_money_minor(forecast.parts.payable), 28319);
    assert_int_equal(forecast.settled_by_us, ENDS_AT_US + 7 * CF_DAY_US);
    assert_int_equal(forecast.payout_at_us, ENDS_AT_US + 14 * CF_DAY_US);
    assert_int_equal(forecast.reserve_release_at_us, ENDS_AT_US + 60 * CF_DAY_US);
    cf_book_memory_destroy(memory);
}

/* Captured 300.00 of which 50.00 were asked back, fees of 9.30 taken: the reference's settlement. */
static void test_forecast__is_the_settlement_once_all_is_captured(void **state)
{
    (void)state;
    struct cf_book_memory *memory = cf_book_memory_new();
    struct cf_book *book = cf_book_memory_book(memory);
    struct cf_campaign *campaign = cf_book_make(book, CF_ROW_CAMPAIGN, &campaign_id);
    const struct cf_account escrow = {
        .kind = CF_ACCOUNT_ESCROW, .currency = CF_CURRENCY_USD, .owner = campaign_id};
    const struct cf_forecast_assumptions assumptions = {500, 290, 30};
    struct cf_forecast forecast;
    *campaign = (struct cf_campaign){.state = CF_CAMPAIGN_COLLECTING,
                                     .model = CF_FUNDING_MODEL_KIA,
                                     .currency = CF_CURRENCY_USD,
                                     .funded = 1,
                                     .captured_minor = 30000,
                                     .refunded_minor = 5000,
                                     .unsettled_minor = 25000,
                                     .platform_fee_bps = 500,
                                     .processor_fee_bearer = CF_BEARER_CREATOR,
                                     .reserve_bps = 500,
                                     .ends_at_us = ENDS_AT_US,
                                     .final_collection_at_us = ENDS_AT_US + 5};
    book->ops->balance_set(book, &escrow, -24070);
    assert_int_equal(cf_forecast_make(book, &campaign_id, &assumptions, &forecast, NULL), CF_OK);
    assert_int_equal(cf_money_minor(forecast.parts.platform_fee), 1250);
    assert_int_equal(cf_money_minor(forecast.parts.reserve), 1141);
    assert_int_equal(cf_money_minor(forecast.parts.payable), 21679);
    assert_int_equal(forecast.settled_by_us, ENDS_AT_US + 5);
    cf_book_memory_destroy(memory);
}

static void test_forecast__refuses_what_takes_no_money(void **state)
{
    (void)state;
    struct cf_book_memory *memory = cf_book_memory_new();
    struct cf_book *book = make_book(memory);
    struct cf_campaign *campaign = cf_book_edit(book, CF_ROW_CAMPAIGN, &campaign_id);
    const struct cf_forecast_assumptions assumptions = {0};
    const struct cf_id unknown = {{9}};
    struct cf_forecast forecast;
    assert_int_equal(cf_forecast_make(book, &unknown, &assumptions, &forecast, NULL), CF_NOT_FOUND);
    campaign->state = CF_CAMPAIGN_FAILED;
    assert_int_equal(cf_forecast_make(book, &campaign_id, &assumptions, &forecast, NULL),
                     CF_INVALID);
    campaign->state = CF_CAMPAIGN_LIVE;
    campaign->goal_minor = 35001;
    assert_int_equal(cf_forecast_make(book, &campaign_id, &assumptions, &forecast, NULL), CF_OK);
    assert_false(forecast.funded);
    cf_book_memory_destroy(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forecast__adds_up),
        cmocka_unit_test(test_forecast__is_the_settlement_once_all_is_captured),
        cmocka_unit_test(test_forecast__refuses_what_takes_no_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
