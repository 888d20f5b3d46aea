/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: money arithmetic is exact or says RANGE; shares sum to their total.
 * Shown: at the edges of 64 bits, and against sums computed the long way over seeded weights.
 */
#include "core/money.h"
#include "tests/support/cmocka.h"

static const struct cf_money largest = {INT64_MAX};
static const struct cf_money smallest = {INT64_MIN};

static void test_money__adds_and_subtracts_without_overflow(void **state)
{
    (void)state;
    struct cf_money result = {42};
    assert_int_equal(cf_money_add(cf_money_of(1), largest, &result), CF_RANGE);
    assert_int_equal(cf_money_subtract(cf_money_of(-2), largest, &result), CF_RANGE);
    assert_int_equal(cf_money_negate(smallest, &result), CF_RANGE);
    assert_int_equal(cf_money_multiply(largest, 2, &result), CF_RANGE);
    assert_int_equal(result.minor, 42);
    assert_int_equal(cf_money_add(largest, smallest, &result), CF_OK);
    assert_int_equal(result.minor, -1);
    assert_int_equal(cf_money_subtract(cf_money_of(5), cf_money_of(7), &result), CF_OK);
    assert_int_equal(result.minor, -2);
    assert_true(cf_money_is_negative(result));
    assert_true(cf_money_compare(smallest, largest) < 0);
}

static void test_money__takes_basis_points_half_up(void **state)
{
    (void)state;
    static const struct {
        int64_t amount;
        uint32_t basis_points;
        int64_t part;
    } cases[] = {
        {999, 500, 50}, {990, 500, 50}, {989, 500, 49},     {10, 500, 1},
        {9, 500, 0},    {1, 5000, 1},   {1, 4999, 0},       {INT64_MAX, 10000, INT64_MAX},
        {0, 10000, 0},  {1999, 0, 0},   {25000, 500, 1250},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cf_money part = {-1};
        assert_int_equal(
            cf_money_basis_points(cf_money_of(cases[i].amount), cases[i].basis_points, &part),
            CF_OK);
        assert_int_equal(part.minor, cases[i].part);
    }
    struct cf_money part = {-1};
    assert_int_equal(cf_money_basis_points(cf_money_of(-1), 500, &part), CF_RANGE);
    assert_int_equal(cf_money_basis_points(largest, 10001, &part), CF_RANGE);
}

static void test_money__partial_refunds_sum_to_the_exact_fee(void **state)
{
    (void)state;
    /* fee_refunded(k) = floor(fee * refunded_total / amount): the last refund reaches the fee. */
    const struct cf_money fee = {500}, amount = {9990};
    struct cf_money given_back = {0};
    for (int64_t refunded = 333; refunded <= 9990; refunded += 333) {
        struct cf_money total;
        assert_int_equal(cf_money_proportion(fee, cf_money_of(refunded), amount, &total), CF_OK);
        assert_true(cf_money_compare(total, given_back) >= 0);
        given_back = total;
    }
    assert_int_equal(given_back.minor, 500);
    struct cf_money part;
    assert_int_equal(cf_money_proportion(fee, amount, cf_money_of(0), &part), CF_RANGE);
    assert_int_equal(cf_money_proportion(largest, largest, cf_money_of(1), &part), CF_RANGE);
    assert_int_equal(cf_money_proportion(largest, largest, largest, &part), CF_OK);
    assert_int_equal(part.minor, INT64_MAX);
}

static void test_money__allocates_by_largest_remainder(void **state)
{
    (void)state;
    const struct cf_money thirds[] = {{1}, {1}, {1}};
    struct cf_money shares[3];
    assert_int_equal(cf_money_allocate(cf_money_of(100), thirds, 3, shares), CF_OK);
    assert_int_equal(shares[0].minor, 34);
    assert_int_equal(shares[1].minor, 33);
    assert_int_equal(shares[2].minor, 33);

    /* Exact shares 0.7, 1.6, 7.7: the two left over go to the .7s. */
    const struct cf_money mixed[] = {{7}, {16}, {77}};
    assert_int_equal(cf_money_allocate(cf_money_of(10), mixed, 3, shares), CF_OK);
    assert_int_equal(shares[0].minor, 1);
    assert_int_equal(shares[1].minor, 1);
    assert_int_equal(shares[2].minor, 8);

    const struct cf_money nothing[] = {{0}, {0}}, negative[] = {{2}, {-1}};
    assert_int_equal(cf_money_allocate(cf_money_of(1), nothing, 2, shares), CF_RANGE);
    assert_int_equal(cf_money_allocate(cf_money_of(1), negative, 2, shares), CF_RANGE);
    assert_int_equal(cf_money_allocate(cf_money_of(-1), thirds, 3, shares), CF_RANGE);
}

static void test_money__shares_sum_to_the_total(void **state)
{
    (void)state;
    enum { COUNT = 257 };
    struct cf_money weights[COUNT], shares[COUNT];
    uint64_t seed = 20261120;
    for (int round = 0; round < 200; round++) {
        int64_t weight_sum = 0;
        for (int i = 0; i < COUNT; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            weights[i].minor = (int64_t)(seed >> (40 + round % 23));
            weight_sum += weights[i].minor;
        }
        struct cf_money total = {(int64_t)(seed >> 30)};
        if (weight_sum == 0)
            continue;
        assert_int_equal(cf_money_allocate(total, weights, COUNT, shares), CF_OK);
        int64_t sum = 0;
        for (int i = 0; i < COUNT; i++) {
            int64_t floor = (int64_t)((__int128)total.minor * weights[i].minor / weight_sum);
            assert_true(shares[i].minor == floor || shares[i].minor == floor + 1);
            sum += shares[i].minor;
        }
        assert_int_equal(sum, total.minor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money__adds_and_subtracts_without_overflow),
        cmocka_unit_test(test_money__takes_basis_points_half_up),
        cmocka_unit_test(test_money__partial_refunds_sum_to_the_exact_fee),
        cmocka_unit_test(test_money__allocates_by_largest_remainder),
        cmocka_unit_test(test_money__shares_sum_to_the_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
