/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settlement. Promised: the split follows the reference's example and never takes more than is in
 * escrow; the pledges' parts of the fee sum to it exactly, for any amounts, and are those of an
 * allocation by largest remainder that was written apart (core/money.h); every sequence of partial
 * refunds that sums to the whole gives back the exact part. Shown by examples and by seeded rounds.
 */
#include "core/aggregate/settlement.h"
#include "tests/support/cmocka.h"
#include "tests/support/random.h"

#define PLEDGES_MAX 40

static struct cf_id id_of(uint32_t number)
{
    return cf_id_of_number(number);
}

/* The campaign of reference/postings.journal, 2026-02-14. */
static void test_settlement__splits_as_the_reference_does(void **state)
{
    (void)state;
    struct cf_campaign campaign = {
        .unsettled_minor = 25000, .platform_fee_bps = 500, .reserve_bps = 500};
    struct cf_settlement_parts parts;
    assert_int_equal(cf_settlement_split(&campaign, cf_money_of(24070), &parts), CF_OK);
    assert_int_equal(cf_money_minor(parts.net), 24070);
    assert_int_equal(cf_money_minor(parts.platform_fee), 1250);
    assert_int_equal(cf_money_minor(parts.tax), 0);
    assert_int_equal(cf_money_minor(parts.reserve), 1141);
    assert_int_equal(cf_money_minor(parts.payable), 21679);
}

static void test_settlement__never_takes_more_than_there_is(void **state)
{
    (void)state;
    struct cf_campaign campaign = {
        .unsettled_minor = 1000, .platform_fee_bps = 800, .tax_bps = 2000, .reserve_bps = 1000};
    struct cf_settlement_parts parts;
    assert_int_equal(cf_settlement_split(&campaign, cf_money_of(100), &parts), CF_OK);
    assert_int_equal(cf_money_minor(parts.platform_fee), 80);
    assert_int_equal(cf_money_minor(parts.tax), 20);
    assert_int_equal(cf_money_minor(parts.reserve), 0);
    assert_int_equal(cf_money_minor(parts.payable), 0);
    assert_int_equal(cf_settlement_split(&campaign, cf_money_of(0), &parts), CF_OK);
    assert_int_equal(cf_money_minor(parts.platform_fee), 0);
    assert_int_equal(cf_settlement_split(&campaign, cf_money_of(-1), &parts), CF_RANGE);
}

/* One seeded round: pledges with what they kept, and the fee on their sum. */
struct round {
    size_t count;
    struct cf_money kept[PLEDGES_MAX];
    struct cf_settlement settlement;
};

static void make_round(struct cf_random *random, struct round *round)
{
    static const int64_t largest[] = {3, 999, 100000, INT64_C(1000000000000000)};
    struct cf_settlement_share shares[PLEDGES_MAX];
    int64_t limit = largest[cf_random_below(random, 4)];
    *round = (struct round){.count = (size_t)cf_random_between(random, 1, PLEDGES_MAX)};
    for (size_t i = 0; i < round->count; i++) {
        int64_t kept = cf_random_between(random, 1, limit);
        round->kept[i] = cf_money_of(kept);
        round->settlement.collected_minor += kept;
        shares[i] =
            (struct cf_settlement_share){.pledge_id = id_of((uint32_t)i + 1), .kept_minor = kept};
    }
    struct cf_money fee;
    struct cf_money collected = cf_money_of(round->settlement.collected_minor);
    assert_int_equal(
        cf_money_basis_points(collected, (uint32_t)cf_random_between(random, 0, 2000), &fee),
        CF_OK);
    round->settlement.fee_minor = cf_money_minor(fee);
    assert_int_equal(cf_settlement_cut(fee, collected, shares, round->count,
                                       &round->settlement.cut_remainder,
                                       &round->settlement.cut_pledge_id),
                     CF_OK);
}

/* Refunds the pledge in random steps; returns what came back of the fee. */
static int64_t refund_whole(struct cf_random *random, const struct round *round, size_t at)
{
    struct cf_id id = id_of((uint32_t)at + 1);
    int64_t kept = cf_money_minor(round->kept[at]);
    struct cf_pledge pledge = {.kept_minor = kept};
    int64_t back = 0;
    while (pledge.refunded_settled_minor < kept) {
        int64_t left = kept - pledge.refunded_settled_minor;
        int64_t step = cf_random_percent(random, 20) ? left : cf_random_between(random, 1, left);
        int64_t part = cf_money_minor(
            cf_settlement_fee_back(&round->settlement, &id, &pledge, cf_money_of(step)));
        assert_true(part >= 0 && part <= step);
        pledge.refunded_settled_minor += step;
        pledge.fee_returned_minor += part;
        back += part;
    }
    return back;
}

static void test_settlement__shares_the_fee_and_gives_it_back_exactly(void **state)
{
    (void)state;
    uint64_t seed = cf_random_seed(20261120);
    for (uint64_t i = 0; i < 3000; i++) {
        struct cf_random random = {seed + i};
        struct round round;
        struct cf_money expected[PLEDGES_MAX];
        make_round(&random, &round);
        assert_int_equal(cf_money_allocate(cf_money_of(round.settlement.fee_minor), round.kept,
                                           round.count, expected),
                         CF_OK);
        int64_t sum = 0;
        for (size_t at = 0; at < round.count; at++) {
            struct cf_id id = id_of((uint32_t)at + 1);
            struct cf_pledge pledge = {.kept_minor = cf_money_minor(round.kept[at])};
            int64_t part = cf_money_minor(cf_settlement_fee_part(&round.settlement, &id, &pledge));
            if (part != cf_money_minor(expected[at]) || refund_whole(&random, &round, at) != part)
                fail_msg("seed %llu: pledge %zu", (unsigned long long)(seed + i), at);
            sum += part;
        }
        if (sum != round.settlement.fee_minor)
            fail_msg("seed %llu: the parts do not sum to the fee", (unsigned long long)(seed + i));
    }
}

static void test_settlement__refuses_shares_that_are_not_what_was_collected(void **state)
{
    (void)state;
    struct cf_settlement_share shares[] = {{.pledge_id = id_of(1), .kept_minor = 10},
                                           {.pledge_id = id_of(2), .kept_minor = 20}};
    uint64_t remainder;
    struct cf_id id;
    assert_int_equal(cf_settlement_cut(cf_money_of(3), cf_money_of(31), shares, 2, &remainder, &id),
                     CF_RANGE);
    assert_int_equal(cf_settlement_cut(cf_money_of(3), cf_money_of(29), shares, 2, &remainder, &id),
                     CF_RANGE);
    assert_int_equal(
        cf_settlement_cut(cf_money_of(31), cf_money_of(30), shares, 2, &remainder, &id), CF_RANGE);
    assert_int_equal(cf_settlement_cut(cf_money_of(3), cf_money_of(30), shares, 2, &remainder, &id),
                     CF_OK);
    assert_true(cf_id_is_zero(id));
    assert_int_equal(cf_settlement_cut(cf_money_of(0), cf_money_of(0), NULL, 0, &remainder, &id),
                     CF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settlement__splits_as_the_reference_does),
        cmocka_unit_test(test_settlement__never_takes_more_than_there_is),
        cmocka_unit_test(test_settlement__shares_the_fee_and_gives_it_back_exactly),
        cmocka_unit_test(test_settlement__refuses_shares_that_are_not_what_was_collected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
