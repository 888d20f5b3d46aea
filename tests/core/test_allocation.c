/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: from a record's bytes to the books and back to bytes, an event that makes no new row allocates
 * nothing.
 * Shown: with malloc wrapped, over amendments of a pledge, each encoded, decoded, evolved and posted.
 */
#include "core/aggregate/evolve.h"
#include "core/aggregate/pledge.h"
#include "tests/support/allocation_count.h"
#include "tests/support/cmocka.h"
#include "tests/support/history.h"

static const struct cf_id creator = {{1}}, campaign = {{2}}, backer = {{3}}, pledge = {{4}};

static void append(struct cf_history *history, struct cf_event event)
{
    if (cf_history_try(history, &event) != CF_OK)
        fail_msg("%s: %s (%s)", cf_event_name((uint32_t)event.type), history->fault.text,
                 history->fault.detail);
}

static void place_a_pledge(struct cf_history *history)
{
    const struct cf_sealed sealed = {CF_BYTES_LITERAL("ciphertext")};
    append(history, (struct cf_event){CF_EVENT_USER_REGISTERED,
                                      .user_registered = {.user_id = creator,
                                                          .email = sealed,
                                                          .terms_version = CF_BYTES_LITERAL("1")}});
    append(history, (struct cf_event){CF_EVENT_CAMPAIGN_DRAFTED,
                                      .campaign_drafted = {.campaign_id = campaign,
                                                           .creator_id = creator,
                                                           .model = CF_FUNDING_MODEL_AON,
                                                           .currency = CF_CURRENCY_EUR,
                                                           .goal = cf_money_of(10000),
                                                           .title = sealed,
                                                           .slug = CF_BYTES_LITERAL("a-lamp")}});
    append(history, (struct cf_event){CF_EVENT_CAMPAIGN_SUBMITTED,
                                      .campaign_submitted = {.campaign_id = campaign}});
    append(history,
           (struct cf_event){CF_EVENT_CAMPAIGN_APPROVED,
                             .campaign_approved = {.campaign_id = campaign,
                                                   .platform_fee_bps = 500,
                                                   .processor_fee_bearer = CF_BEARER_CREATOR}});
    append(history,
           (struct cf_event){CF_EVENT_CAMPAIGN_LAUNCHED,
                             .campaign_launched = {.campaign_id = campaign,
                                                   .model = CF_FUNDING_MODEL_AON,
                                                   .currency = CF_CURRENCY_EUR,
                                                   .goal = cf_money_of(10000),
                                                   .ends_at = history->now_us + CF_DAY_US}});
    append(history,
           (struct cf_event){CF_EVENT_PLEDGE_PLACED,
                             .pledge_placed = {.pledge_id = pledge,
                                               .campaign_id = campaign,
                                               .backer_id = backer,
                                               .currency = CF_CURRENCY_EUR,
                                               .amount = cf_money_of(1000),
                                               .card_id = {{5}},
                                               .payment_method = CF_BYTES_LITERAL("pm_1")}});
}

/* To bytes, back, and into the books. */
static void amend(struct cf_history *history, uint32_t version, int64_t from, int64_t to)
{
    uint8_t memory[1024];
    struct cf_event event = {CF_EVENT_PLEDGE_AMENDED,
                             .pledge_amended = {.pledge_id = pledge,
                                                .campaign_id = campaign,
                                                .currency = CF_CURRENCY_EUR,
                                                .amount = cf_money_of(to),
                                                .previous_amount = cf_money_of(from)}};
    struct cf_record record = {.sequence = ++history->sequence,
                               .time_us = history->now_us,
                               .stream_version = version,
                               .stream_id = pledge,
                               .actor_id = backer,
                               .idempotency_key = CF_BYTES_LITERAL("k")};
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, sizeof memory);
    cf_record_encode_event(&record, &event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    assert_int_equal(cf_record_decode(cf_bytes_from(memory, writer.size), &record, NULL), CF_OK);
    assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
    struct cf_postings postings;
    assert_int_equal(cf_evolve(history->book, &record, &event, NULL), CF_OK);
    assert_int_equal(cf_postings(&event, &postings, NULL), CF_OK);
    assert_int_equal(cf_postings_apply(history->book, &postings, NULL), CF_OK);
}

static void test_allocation__an_event_that_makes_no_row_needs_none(void **state)
{
    (void)state;
    struct cf_history history;
    cf_history_init(&history);
    place_a_pledge(&history);
    assert_true(allocation_count > 0); /* the count does count */
    size_t before = allocation_count;
    for (uint32_t i = 0; i < 500; i++) {
        amend(&history, 2 + 2 * i, 1000, 2500);
        amend(&history, 3 + 2 * i, 2500, 1000);
    }
    assert_int_equal(allocation_count, before);
    const struct cf_pledge *row = cf_book_find(history.book, CF_ROW_PLEDGE, &pledge);
    assert_int_equal(row->version, 1001);
    assert_int_equal(row->amount_minor, 1000);
    cf_history_clean_up(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocation__an_event_that_makes_no_row_needs_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
