/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of random legal lives of a small platform (tests/support/world.h). Promised, for every
 * one: what evolve, postings and reactions make of the events is what a model says that was written
 * from the reference alone, account by account; the ten invariants hold; the platform's fee
 * income is the pledges' parts less what was given back, exactly; closed campaigns leave nothing in
 * escrow and memo, no timer and no request; a replay of the encoded records gives the same book.
 * Over all lives every posting row occurs.
 *
 * Shown by seeds; COFFER_TEST_SEED repeats one.
 */
#include "core/aggregate/campaign.h"
#include "core/aggregate/settlement.h"
#include "core/journal/invariants.h"
#include "tests/support/cmocka.h"
#include "tests/support/world.h"

#include <stdio.h>

/* What all the lives together came by. */
static struct {
    uint64_t seed; /* of the present life; 0 once all went well */
    uint64_t events;
    bool rows[CF_POSTING_ROW_LIMIT];
} seen;

static int say_seed(void **state)
{
    (void)state;
    if (seen.seed != 0)
        printf("failed with COFFER_TEST_SEED=%llu\n", (unsigned long long)seen.seed);
    return 0;
}

/* -- The ten invariants, as the core inspects them --------------------------------------------- */

static void no_finding(void *context, const struct cf_finding *finding)
{
    (void)context;
    fail_msg("broken: %s (%lld, and should be %lld)", cf_invariant_sentence(finding->invariant),
             (long long)finding->found_minor, (long long)finding->expected_minor);
}

static void inspect_balance(void *context, const struct cf_account *account, int64_t minor)
{
    cf_inspect_balance(context, account, minor);
}

static void check_invariants(const struct cf_world *world)
{
    static struct cf_inspection inspection;
    int64_t at_provider = 0;
    int64_t connected = 0;
    cf_inspection_begin(&inspection, no_finding, NULL);
    cf_book_memory_each_balance(world->history.memory, inspect_balance, &inspection);
    for (int i = 0; i < world->campaign_count; i++)
        cf_inspect_campaign(&inspection, world->history.book, &world->campaigns[i].id);
    for (int i = 0; i < world->balance_count; i++) {
        const struct cf_model_balance *balance = &world->balances[i];
        if (balance->account.kind == CF_ACCOUNT_PSP_PENDING ||
            balance->account.kind == CF_ACCOUNT_PSP_AVAILABLE)
            at_provider += balance->minor;
        if (balance->account.kind == CF_ACCOUNT_CONNECTED)
            connected = balance->minor;
    }
    cf_inspect_provider(&inspection, world->currency, at_provider);
    cf_inspect_connected(&inspection, world->history.book, &world->creator, world->currency,
                         connected);
    cf_inspect_replay(&inspection, world->history.memory, world->history.replay);
    cf_inspection_end(&inspection);
}

/* Invariants 1 and 9, for one event. */
static void inspect_event(const struct cf_world *world, const struct cf_event *event)
{
    static struct cf_inspection inspection;
    inspection.report = no_finding;
    cf_inspect_event(&inspection, world->history.book, event);
}

static void see(void *context, const struct cf_record *record, const struct cf_event *event)
{
    (void)record;
    struct cf_postings postings;
    assert_int_equal(cf_postings(event, &postings, NULL), CF_OK);
    seen.events++;
    inspect_event(context, event);
    for (size_t i = 0; i < postings.count; i++)
        seen.rows[postings.lines[i].row] = true;
}

/* Invariant 10, with the parts as the model shared them out and as the book derives them. */
static void check_fees(const struct cf_world *world)
{
    int64_t income = 0;
    for (int i = 0; i < world->pledge_count; i++) {
        const struct cf_model_pledge *model = &world->pledges[i];
        const struct cf_pledge *pledge =
            cf_book_find(world->history.book, CF_ROW_PLEDGE, &model->id);
        const struct cf_settlement *settlement = cf_settlement_find(world->history.book, pledge);
        assert_int_equal(settlement != NULL, model->settled);
        assert_int_equal(pledge->fee_returned_minor, model->fee_back);
        if (settlement != NULL)
            assert_int_equal(cf_money_minor(cf_settlement_fee_part(settlement, &model->id, pledge)),
                             model->fee_part);
        income += model->fee_part - model->fee_back;
    }
    assert_int_equal(
        cf_history_balance(&world->history, CF_ACCOUNT_PLATFORM_FEE, world->currency, NULL),
        -income);
}

static void check_model(const struct cf_world *world)
{
    cf_world_check_balances(world);
    check_fees(world);
    check_invariants(world);
}

/* -- When all is over ----------------------------------------------------------------------- */

static void check_closed(const struct cf_world *world)
{
    for (int i = 0; i < world->campaign_count; i++) {
        const struct cf_id *id = &world->campaigns[i].id;
        const struct cf_campaign *campaign = cf_book_find(world->history.book, CF_ROW_CAMPAIGN, id);
        assert_int_equal(campaign->state, CF_CAMPAIGN_CLOSED);
        assert_int_equal(campaign->committed_minor + campaign->authorized_minor, 0);
        assert_int_equal(campaign->pledges_open + campaign->late_open + campaign->refunds_open +
                             campaign->disputes_open + campaign->fees_missing,
                         0);
        assert_int_equal(campaign->reserve_minor, 0);
        static const enum cf_account_kind empty[] = {CF_ACCOUNT_ESCROW, CF_ACCOUNT_MEMO_PLEDGED,
                                                     CF_ACCOUNT_MEMO_AUTHORIZED};
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(cf_history_balance(&world->history, empty[k], world->currency, id), 0);
    }
    assert_int_equal(
        cf_history_balance(&world->history, CF_ACCOUNT_REFUNDS_PAYABLE, world->currency, NULL), 0);
    assert_int_equal(
        cf_history_balance(&world->history, CF_ACCOUNT_PSP_DISPUTED, world->currency, NULL), 0);
}

static void no_timer(void *context, const struct cf_id *subject, enum cf_timer timer,
                     int64_t due_us)
{
    (void)context;
    (void)subject;
    (void)due_us;
    if (timer != CF_TIMER_FUNDS_AVAILABLE) /* of money that came too late */
        fail_msg("timer %s is left", cf_timer_name(timer));
}

static void no_request(void *context, const struct cf_id *subject, enum cf_request request,
                       uint64_t requested_by)
{
    (void)context;
    (void)subject;
    (void)requested_by;
    fail_msg("request %s is left", cf_request_name(request));
}

static void one_life(uint64_t seed)
{
    struct cf_world world;
    seen.seed = seed;
    cf_world_init(&world, seed);
    world.history.on_event = see;
    world.history.context = &world;
    for (int i = 0; i < 40; i++) {
        cf_world_step(&world);
        if (i % 5 == 0)
            check_model(&world);
    }
    cf_world_live(&world);
    check_model(&world);
    check_closed(&world);
    cf_book_memory_each_timer(world.history.memory, no_timer, NULL);
    cf_book_memory_each_request(world.history.memory, no_request, NULL);
    cf_history_check_replay(&world.history);
    cf_world_clean_up(&world);
}

static void test_histories__agree_with_a_model_of_their_own(void **state)
{
    (void)state;
    uint64_t seed = cf_random_seed(1);
    uint64_t count = getenv("COFFER_TEST_SEED") == NULL ? 2000 : 1;
    for (uint64_t i = 0; i < count; i++)
        one_life(seed + i);
    seen.seed = 0;
    printf("%llu events\n", (unsigned long long)seen.events);
    for (int row = 1; row < CF_POSTING_ROW_LIMIT && count > 1; row++)
        if (!seen.rows[row])
            fail_msg("no life had posting %s", cf_posting_row_label((enum cf_posting_row)row));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_histories__agree_with_a_model_of_their_own, say_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
