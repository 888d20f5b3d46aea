/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_MONEY_H
#define CF_CORE_MONEY_H

/*
 * Money: a count of a currency's minor units (cents, yen, fils). The currency stands beside it,
 * once per aggregate, because one campaign is one currency.
 *
 * All arithmetic is checked and returns a status; RANGE means that the result does not fit. There
 * is no floating point here or anywhere. The member is touched by money.c and the two functions
 * below only. As decimal text: money_text.h.
 */

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_money {
    int64_t minor;
};

#define CF_BASIS_POINTS_WHOLE 10000

static inline struct cf_money cf_money_of(int64_t minor)
{
    return (struct cf_money){.minor = minor};
}

static inline int64_t cf_money_minor(struct cf_money money)
{
    return money.minor;
}

static inline bool cf_money_is_zero(struct cf_money money)
{
    return money.minor == 0;
}

static inline bool cf_money_is_negative(struct cf_money money)
{
    return money.minor < 0;
}

/* Below 0, 0 or above 0, as a is less than, equal to or more than b. */
static inline int cf_money_compare(struct cf_money a, struct cf_money b)
{
    return (a.minor > b.minor) - (a.minor < b.minor);
}

static inline struct cf_money cf_money_smaller(struct cf_money a, struct cf_money b)
{
    return a.minor < b.minor ? a : b;
}

CF_MUST_CHECK enum cf_status cf_money_add(struct cf_money a, struct cf_money b,
                                          struct cf_money *ret_sum);
CF_MUST_CHECK enum cf_status cf_money_subtract(struct cf_money a, struct cf_money b,
                                               struct cf_money *ret_difference);
CF_MUST_CHECK enum cf_status cf_money_negate(struct cf_money money, struct cf_money *ret_negated);
CF_MUST_CHECK enum cf_status cf_money_multiply(struct cf_money money, int64_t factor,
                                               struct cf_money *ret_product);

/* `basis_points` ten-thousandths of a non-negative amount, half up. RANGE for a negative one. */
CF_MUST_CHECK enum cf_status cf_money_basis_points(struct cf_money money, uint32_t basis_points,
                                                   struct cf_money *ret_part);

/* floor(money * numerator / denominator), computed in 128 bits. RANGE where anything is negative,
 * the denominator is 0 or the result does not fit. */
CF_MUST_CHECK enum cf_status cf_money_proportion(struct cf_money money, struct cf_money numerator,
                                                 struct cf_money denominator,
                                                 struct cf_money *ret_part);

/*
 * Splits a non-negative total in proportion to `count` non-negative weights, by largest remainder:
 * the shares sum to the total exactly, each is the exact proportion rounded down or up, and among
 * equal remainders the earlier one gets the odd unit. RANGE where something is negative or the
 * weights sum to 0. Uses no memory of its own. `ret_shares` has room for `count`.
 */
CF_MUST_CHECK enum cf_status cf_money_allocate(struct cf_money total,
                                               const struct cf_money *weights, size_t count,
                                               struct cf_money *ret_shares);

#endif
