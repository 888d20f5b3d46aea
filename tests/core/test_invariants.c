/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ten invariants. Promised: an inspection finds nothing in a sound book, and in a book with one
 * thing spoilt it finds that, under the right number. That sound ones hold at every step of thousands
 * of histories: test_histories.c.
 *
 * Shown: one life is lived until it has settled something, then each thing is spoilt by hand.
 */
#include "core/aggregate/campaign.h"
#include "core/aggregate/pledge.h"
#include "core/aggregate/user.h"
#include "core/journal/invariants.h"
#include "tests/support/cmocka.h"
#include "tests/support/world.h"

static unsigned found; /* bit 1 << number */

static void find(void *context, const struct cf_finding *finding)
{
    (void)context;
    found |= 1u << finding->invariant;
}

static void inspect_balance(void *context, const struct cf_account *account, int64_t minor)
{
    cf_inspect_balance(context, account, minor);
}

static int64_t balance(const struct cf_world *world, enum cf_account_kind kind,
                       const struct cf_id *owner)
{
    return cf_history_balance(&world->history, kind, world->currency, owner);
}

/* The numbers of the invariants that do not hold. */
static unsigned inspect(const struct cf_world *world, int64_t provider_off, int64_t connected_off)
{
    static struct cf_inspection inspection;
    found = 0;
    cf_inspection_begin(&inspection, find, NULL);
    cf_book_memory_each_balance(world->history.memory, inspect_balance, &inspection);
    for (int i = 0; i < world->campaign_count; i++)
        cf_inspect_campaign(&inspection, world->history.book, &world->campaigns[i].id);
    cf_inspect_provider(&inspection, world->currency,
                        balance(world, CF_ACCOUNT_PSP_PENDING, NULL) +
                            balance(world, CF_ACCOUNT_PSP_AVAILABLE, NULL) + provider_off);
    cf_inspect_connected(&inspection, world->history.book, &world->creator, world->currency,
                         balance(world, CF_ACCOUNT_CONNECTED, &world->creator) + connected_off);
    cf_inspect_replay(&inspection, world->history.memory, world->history.replay);
    cf_inspection_end(&inspection);
    return found;
}

#define ONLY(name) (1u << CF_INVARIANT_##name)

/* A world whose first campaign has been settled, with a pledge that is part of that. */
static struct cf_model_pledge *live_until_settled(struct cf_world *world)
{
    for (uint64_t seed = 1; seed < 200; seed++) {
        cf_world_init(world, seed);
        for (int i = 0; i < 2000; i++) {
            cf_world_step(world);
            for (int p = 0; p < world->pledge_count; p++)
                if (world->pledges[p].settled && world->pledges[p].fee_part > 0 &&
                    world->pledges[p].reward >= 0 &&
                    world->campaigns[world->pledges[p].campaign].phase == CF_MODEL_SETTLED)
                    return &world->pledges[p];
        }
        cf_world_clean_up(world);
    }
    fail_msg("no life settles anything");
    return NULL;
}

/* Adds to a balance behind the journal's back. */
static void spoil(const struct cf_world *world, enum cf_account_kind kind,
                  const struct cf_id *owner, int64_t by)
{
    struct cf_account account = {.kind = kind, .currency = world->currency};
    if (owner != NULL)
        account.owner = *owner;
    struct cf_book *book = world->history.book;
    book->ops->balance_set(book, &account, book->ops->balance(book, &account) + by);
}

static void test_invariants__find_what_is_spoilt_in_balances(void **state)
{
    (void)state;
    struct cf_world world;
    const struct cf_model_pledge *pledge = live_until_settled(&world);
    const struct cf_id *campaign = &world.campaigns[pledge->campaign].id;
    assert_int_equal(inspect(&world, 0, 0), 0);

    spoil(&world, CF_ACCOUNT_BANK, NULL, 1);
    assert_int_equal(inspect(&world, 0, 0), ONLY(SUM_ZERO) | ONLY(REPLAY));
    spoil(&world, CF_ACCOUNT_BANK, NULL, -1);

    spoil(&world, CF_ACCOUNT_MEMO_AUTHORIZED, campaign, 1);
    spoil(&world, CF_ACCOUNT_MEMO_CONTRA, NULL, -1);
    assert_int_equal(inspect(&world, 0, 0), ONLY(MEMO) | ONLY(REPLAY));
    spoil(&world, CF_ACCOUNT_MEMO_AUTHORIZED, campaign, -1);
    spoil(&world, CF_ACCOUNT_MEMO_CONTRA, NULL, 1);

    spoil(&world, CF_ACCOUNT_ESCROW, campaign, 1);
    spoil(&world, CF_ACCOUNT_BANK, NULL, -1);
    assert_int_equal(inspect(&world, 0, 0), ONLY(ESCROW) | ONLY(REPLAY));
    spoil(&world, CF_ACCOUNT_ESCROW, campaign, -1);
    spoil(&world, CF_ACCOUNT_BANK, NULL, 1);

    spoil(&world, CF_ACCOUNT_PLATFORM_FEE, NULL, -1);
    spoil(&world, CF_ACCOUNT_BANK, NULL, 1);
    assert_int_equal(inspect(&world, 0, 0), ONLY(FEE_INCOME) | ONLY(REPLAY));
    spoil(&world, CF_ACCOUNT_PLATFORM_FEE, NULL, 1);
    spoil(&world, CF_ACCOUNT_BANK, NULL, -1);

    assert_int_equal(inspect(&world, 1, 0), ONLY(PROVIDER_BALANCE));
    assert_int_equal(inspect(&world, 0, 1), ONLY(CONNECTED_BALANCE));
    assert_int_equal(inspect(&world, 0, 0), 0);
    cf_world_clean_up(&world);
}

static void test_invariants__find_what_is_spoilt_in_rows(void **state)
{
    (void)state;
    struct cf_world world;
    const struct cf_model_pledge *model = live_until_settled(&world);
    struct cf_pledge *pledge = cf_book_edit(world.history.book, CF_ROW_PLEDGE, &model->id);
    struct cf_reward *reward = cf_book_edit(world.history.book, CF_ROW_REWARD, &pledge->reward_id);

    int64_t refunded_minor = pledge->refunded_minor;
    pledge->refunded_minor = pledge->captured_minor + 1;
    assert_int_equal(inspect(&world, 0, 0), ONLY(REFUNDS) | ONLY(REPLAY));
    pledge->refunded_minor = refunded_minor;

    uint32_t claimed = reward->claimed;
    reward->claimed = reward->limit + 1;
    assert_int_equal(inspect(&world, 0, 0), ONLY(CLAIMS) | ONLY(REPLAY));
    reward->claimed = claimed;

    pledge->fee_returned_minor++;
    assert_int_equal(inspect(&world, 0, 0) & ONLY(FEE_INCOME), ONLY(FEE_INCOME));
    pledge->fee_returned_minor--;
    assert_int_equal(inspect(&world, 0, 0), 0);
    cf_world_clean_up(&world);
}

static void test_invariants__find_events_that_break_them(void **state)
{
    (void)state;
    struct cf_world world;
    struct cf_inspection inspection;
    cf_world_init(&world, 1);
    struct cf_user *user = cf_book_edit(world.history.book, CF_ROW_USER, &world.creator);
    const struct cf_event payout = {CF_EVENT_PAYOUT_REQUESTED,
                                    .payout_requested = {.creator_id = world.creator,
                                                         .currency = world.currency,
                                                         .amount = cf_money_of(5)}};
    const struct cf_event lopsided = {CF_EVENT_PLEDGE_REFUND_REQUESTED,
                                      .pledge_refund_requested = {.currency = world.currency,
                                                                  .amount = cf_money_of(10),
                                                                  .from_payable = cf_money_of(9)}};
    cf_inspection_begin(&inspection, find, NULL);
    found = 0;
    cf_inspect_event(&inspection, world.history.book, &payout);
    assert_int_equal(found, 0);
    user->identity = CF_IDENTITY_STARTED;
    cf_inspect_event(&inspection, world.history.book, &payout);
    assert_int_equal(found, ONLY(PAYOUT_HOLD));
    user->identity = CF_IDENTITY_PASSED;
    user->state = CF_USER_SUSPENDED;
    assert_true(cf_payout_is_held(world.history.book, &world.creator, world.currency));
    user->state = CF_USER_ACTIVE;
    user->payouts_enabled = 0;
    assert_true(cf_payout_is_held(world.history.book, &world.creator, world.currency));
    found = 0;
    cf_inspect_event(&inspection, world.history.book, &lopsided);
    assert_int_equal(found, ONLY(SUM_ZERO));
    assert_int_equal(inspection.findings, 2);
    cf_world_clean_up(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invariants__find_what_is_spoilt_in_balances),
        cmocka_unit_test(test_invariants__find_what_is_spoilt_in_rows),
        cmocka_unit_test(test_invariants__find_events_that_break_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
