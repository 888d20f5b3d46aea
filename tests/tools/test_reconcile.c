/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reconciliation. Promised: books and provider that say the same agree, whatever the order and however
 * the movements are split; each way to differ is found and given its cause.
 *
 * Shown: random lives (tests/support/world.h) are reconciled with a provider that is played here from
 * the same events; then one thing at a time is taken away, added or changed.
 */
#include "tools/reconcile.h"

#include "core/aggregate/pledge.h"
#include "tests/support/cmocka.h"
#include "tests/support/world.h"

#include <stdio.h>

#define MOVEMENTS_MAX 2000

/* The provider's records, as it would list them. */
struct provider {
    const struct cf_world *world;
    struct cf_reconciliation *ours;
    struct movement {
        char name[64];
        int64_t amount;
        int64_t fee;
    } movements[MOVEMENTS_MAX];
    size_t count;
    int64_t balance;
};

static void moves(struct provider *provider, struct cf_bytes name, struct cf_money amount, int sign,
                  struct cf_money fee)
{
    if (cf_money_is_zero(amount) && cf_money_is_zero(fee))
        return;
    assert_true(provider->count < MOVEMENTS_MAX);
    struct movement *movement = &provider->movements[provider->count++];
    snprintf(movement->name, sizeof movement->name, "%.*s", (int)name.size,
             (const char *)name.data);
    movement->amount = sign * cf_money_minor(amount);
    movement->fee = cf_money_minor(fee);
    provider->balance += movement->amount - movement->fee;
}

/* What the provider did so that our books say this. */
static void play(struct provider *provider, const struct cf_event *event)
{
    const struct cf_money none = {0};
    const struct cf_refund *refund;
    if (event->type == CF_EVENT_PLEDGE_CAPTURED) {
        moves(provider, event->pledge_captured.charge, event->pledge_captured.amount, 1, none);
    } else if (event->type == CF_EVENT_PLEDGE_MONEY_ORPHANED) {
        moves(provider, event->pledge_money_orphaned.charge, event->pledge_money_orphaned.amount, 1,
              none);
    } else if (event->type == CF_EVENT_PLEDGE_FEE_RECORDED) {
        moves(provider, event->pledge_fee_recorded.balance_transaction, none, 1,
              event->pledge_fee_recorded.fee);
    } else if (event->type == CF_EVENT_PLEDGE_REFUND_SUCCEEDED) {
        moves(provider, event->pledge_refund_succeeded.refund,
              event->pledge_refund_succeeded.amount, -1, none);
    } else if (event->type == CF_EVENT_PLEDGE_REFUND_FAILED &&
               event->pledge_refund_failed.returned) {
        refund = cf_book_find(provider->world->history.book, CF_ROW_REFUND,
                              &event->pledge_refund_failed.refund_id);
        moves(provider, cf_token_bytes(&refund->refund), event->pledge_refund_failed.amount, 1,
              none);
    } else if (event->type == CF_EVENT_PLEDGE_DISPUTED) {
        moves(provider, event->pledge_disputed.dispute, event->pledge_disputed.amount, -1, none);
        moves(provider, event->pledge_disputed.balance_transaction, none, 1,
              event->pledge_disputed.fee);
    } else if (event->type == CF_EVENT_PLEDGE_DISPUTE_WON) {
        moves(provider, event->pledge_dispute_won.dispute, event->pledge_dispute_won.amount, 1,
              none);
        moves(provider, event->pledge_dispute_won.balance_transaction,
              event->pledge_dispute_won.fee_returned, 1, none);
    } else if (event->type == CF_EVENT_PLEDGE_ORPHAN_DISPUTED) {
        moves(provider, event->pledge_orphan_disputed.dispute, event->pledge_orphan_disputed.amount,
              -1, none);
        moves(provider, event->pledge_orphan_disputed.balance_transaction, none, 1,
              event->pledge_orphan_disputed.fee);
    } else if (event->type == CF_EVENT_PLEDGE_ORPHAN_DISPUTE_WON) {
        moves(provider, event->pledge_orphan_dispute_won.dispute,
              event->pledge_orphan_dispute_won.amount, 1, none);
        moves(provider, event->pledge_orphan_dispute_won.balance_transaction,
              event->pledge_orphan_dispute_won.fee_returned, 1, none);
    } else if (event->type == CF_EVENT_PAYOUT_INITIATED) {
        moves(provider, event->payout_initiated.transfer, event->payout_initiated.amount, -1, none);
    } else if (event->type == CF_EVENT_PAYOUT_REVERSED) {
        moves(provider, event->payout_reversed.reversal, event->payout_reversed.amount, 1, none);
    } else if (event->type == CF_EVENT_PLATFORM_TOPPED_UP) {
        moves(provider, CF_BYTES_LITERAL("topup"), event->platform_topped_up.amount, 1, none);
    } else if (event->type == CF_EVENT_USER_DEBT_RECOVERED &&
               event->user_debt_recovered.source == CF_RECOVERY_PROVIDER_BALANCE) {
        moves(provider, CF_BYTES_LITERAL("recovery"), event->user_debt_recovered.amount, 1, none);
    }
}

static void on_event(void *context, const struct cf_record *record, const struct cf_event *event)
{
    struct provider *provider = context;
    struct cf_fault fault = {0};
    if (cf_reconciliation_event(provider->ours, record, event, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    play(provider, event);
}

/* -- Comparing ------------------------------------------------------------------------------ */

struct seen {
    size_t count;
    enum cf_difference_cause causes[8];
    char name[64]; /* of the last one */
};

static void see(void *context, const struct cf_difference *difference)
{
    struct seen *seen = context;
    if (seen->count < 8)
        seen->causes[seen->count] = difference->cause;
    snprintf(seen->name, sizeof seen->name, "%s", difference->name);
    seen->count++;
}

/* What is done to the provider's list before it is compared. */
enum spoil { NOTHING, TAKE_AWAY, ADD, ADD_FEE, CHANGE, SPLIT, SHIFT_BALANCE };

static void compare(enum cf_currency currency, struct provider *provider, enum spoil spoil,
                    struct seen *ret_seen)
{
    struct cf_reconciliation_sums sums;
    /* Newest first, as providers list them; the oldest one, a charge, is the one that is spoilt. */
    size_t count = spoil == TAKE_AWAY ? provider->count - 1 : provider->count;
    for (size_t i = 0; i < count; i++) {
        const struct movement *movement = &provider->movements[provider->count - 1 - i];
        const struct cf_provider_movement theirs = {.transaction = movement->name,
                                                    .type = "charge",
                                                    .source = movement->name,
                                                    .currency = currency,
                                                    .amount_minor = movement->amount +
                                                                    (spoil == CHANGE && i == 0) -
                                                                    (spoil == SPLIT && i == 0),
                                                    .fee_minor = movement->fee};
        assert_int_equal(cf_reconciliation_movement(provider->ours, &theirs, NULL), CF_OK);
    }
    const struct cf_provider_movement more = {
        .transaction = "txn_unknown",
        .type = "charge",
        .source = spoil == SPLIT ? provider->movements[provider->count - 1].name : "ch_unknown",
        .currency = currency,
        .amount_minor = spoil == ADD ? 5 : spoil == SPLIT,
        .fee_minor = spoil == ADD_FEE ? 5 : 0};
    assert_int_equal(cf_reconciliation_movement(provider->ours, &more, NULL), CF_OK);
    assert_int_equal(cf_reconciliation_balance(provider->ours, currency,
                                               provider->balance + (spoil == SHIFT_BALANCE)),
                     CF_OK);
    *ret_seen = (struct seen){0};
    assert_int_equal(cf_reconciliation_report(provider->ours, see, ret_seen, &sums), CF_OK);
    assert_int_equal(sums.differences, ret_seen->count);
    assert_int_equal(sums.agreed + sums.differences, sums.movements);
}

static void one_life(uint64_t seed, enum spoil spoil, struct seen *ret_seen)
{
    static struct provider provider;
    struct cf_world world;
    provider = (struct provider){.world = &world, .ours = cf_reconciliation_new()};
    assert_non_null(provider.ours);
    cf_world_init_into(&world, seed, on_event, &provider);
    cf_world_live(&world);
    compare(world.currency, &provider, spoil, ret_seen);
    cf_reconciliation_destroy(provider.ours);
    cf_world_clean_up(&world);
}

static void test_reconcile__agrees_with_a_provider_that_did_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct seen seen;
        one_life(seed, NOTHING, &seen);
        if (seen.count != 0)
            fail_msg("seed %llu: %s differs", (unsigned long long)seed, seen.name);
    }
}

static void test_reconcile__finds_each_difference_and_its_cause(void **state)
{
    (void)state;
    struct seen seen;
    one_life(4, TAKE_AWAY, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.causes[0], CF_DIFFERENCE_NOT_THERE);
    one_life(4, ADD, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.causes[0], CF_DIFFERENCE_NOT_HERE);
    assert_string_equal(seen.name, "ch_unknown");
    one_life(4, ADD_FEE, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.causes[0], CF_DIFFERENCE_FEE_NOT_HERE);
    assert_string_equal(seen.name, "txn_unknown");
    one_life(4, CHANGE, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.causes[0], CF_DIFFERENCE_AMOUNT);
    one_life(4, SPLIT, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.causes[0], CF_DIFFERENCE_TIMES);
    one_life(4, SHIFT_BALANCE, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.causes[0], CF_DIFFERENCE_BALANCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reconcile__agrees_with_a_provider_that_did_the_same),
        cmocka_unit_test(test_reconcile__finds_each_difference_and_its_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
