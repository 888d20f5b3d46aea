/* SPDX-License-Identifier: Apache-2.0 */
#include "core/money.h"

#include "core/base/assert.h"

enum cf_status cf_money_add(struct cf_money a, struct cf_money b, struct cf_money *ret_sum)
{
    int64_t sum;
    if (__builtin_add_overflow(a.minor, b.minor, &sum))
        return CF_RANGE;
    ret_sum->minor = sum;
    return CF_OK;
}

enum cf_status cf_money_subtract(struct cf_money a, struct cf_money b,
                                 struct cf_money *ret_difference)
{
    int64_t difference;
    if (__builtin_sub_overflow(a.minor, b.minor, &difference))
        return CF_RANGE;
    ret_difference->minor = difference;
    return CF_OK;
}

enum cf_status cf_money_negate(struct cf_money money, struct cf_money *ret_negated)
{
    return cf_money_subtract(cf_money_of(0), money, ret_negated);
}

enum cf_status cf_money_multiply(struct cf_money money, int64_t factor,
                                 struct cf_money *ret_product)
{
    int64_t product;
    if (__builtin_mul_overflow(money.minor, factor, &product))
        return CF_RANGE;
    ret_product->minor = product;
    return CF_OK;
}

enum cf_status cf_money_basis_points(struct cf_money money, uint32_t basis_points,
                                     struct cf_money *ret_part)
{
    if (money.minor < 0)
        return CF_RANGE;
    unsigned __int128 product = (unsigned __int128)money.minor * basis_points;
    unsigned __int128 part = (product + CF_BASIS_POINTS_WHOLE / 2) / CF_BASIS_POINTS_WHOLE;
    if (part > INT64_MAX)
        return CF_RANGE;
    ret_part->minor = (int64_t)part;
    return CF_OK;
}

enum cf_status cf_money_proportion(struct cf_money money, struct cf_money numerator,
                                   struct cf_money denominator, struct cf_money *ret_part)
{
    if (money.minor < 0 || numerator.minor < 0 || denominator.minor <= 0)
        return CF_RANGE;
    unsigned __int128 product = (unsigned __int128)money.minor * (uint64_t)numerator.minor;
    unsigned __int128 part = product / (uint64_t)denominator.minor;
    if (part > INT64_MAX)
        return CF_RANGE;
    ret_part->minor = (int64_t)part;
    return CF_OK;
}

/* What the exact share of `weight` is above its floor, in units of 1 / weight_sum. */
static uint64_t remainder_of(struct cf_money total, struct cf_money weight, uint64_t weight_sum)
{
    return (uint64_t)((unsigned __int128)total.minor * (uint64_t)weight.minor % weight_sum);
}

/* The largest threshold that at least `wanted` of the remainders reach. */
static uint64_t threshold_for(struct cf_money total, const struct cf_money *weights, size_t count,
                              uint64_t weight_sum, size_t wanted)
{
    uint64_t low = 0, high = weight_sum;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        size_t reached = 0;
        for (size_t i = 0; i < count; i++)
            reached += remainder_of(total, weights[i], weight_sum) >= middle;
        if (reached >= wanted)
            low = middle;
        else
            high = middle;
    }
    return low;
}

enum cf_status cf_money_allocate(struct cf_money total, const struct cf_money *weights,
                                 size_t count, struct cf_money *ret_shares)
{
    struct cf_money sum = {0};
    for (size_t i = 0; i < count; i++) {
        if (weights[i].minor < 0)
            return CF_RANGE;
        CF_TRY(cf_money_add(sum, weights[i], &sum));
    }
    if (total.minor < 0 || sum.minor == 0)
        return CF_RANGE;

    uint64_t weight_sum = (uint64_t)sum.minor;
    int64_t left = total.minor;
    for (size_t i = 0; i < count; i++) {
        unsigned __int128 product = (unsigned __int128)total.minor * (uint64_t)weights[i].minor;
        ret_shares[i].minor = (int64_t)(product / weight_sum);
        left -= ret_shares[i].minor;
    }
    CF_ASSERT(left >= 0 && (uint64_t)left <= count);
    if (left == 0)
        return CF_OK;

    /* One more for every remainder above the threshold, then for the earliest that equal it. */
    uint64_t threshold = threshold_for(total, weights, count, weight_sum, (size_t)left);
    for (size_t i = 0; i < count; i++) {
        if (remainder_of(total, weights[i], weight_sum) > threshold) {
            ret_shares[i].minor++;
            left--;
        }
    }
    CF_ASSERT(left >= 0);
    for (size_t i = 0; left > 0 && i < count; i++) {
        if (remainder_of(total, weights[i], weight_sum) == threshold) {
            ret_shares[i].minor++;
            left--;
        }
    }
    CF_ASSERT(left == 0);
    return CF_OK;
}
