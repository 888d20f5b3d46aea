/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_FUNDING_SHARE_H
#define CF_PROJECTIONS_FUNDING_SHARE_H

/*
 * What one pledge contributes to every sum, as a function of its row alone. A handler changes the
 * pledge between begin and end; what its contribution moved by is added to the campaign's total,
 * the rewards' stock, the backer's and the hour's sums. So no sum can drift from the pledges it is
 * of.
 */

#include "core/money.h"
#include "projections/funding/tables.h"

struct cf_share {
    struct cf_row_pledge *pledge;   /* the row to change */
    struct cf_row_pledge before;    /* numbers and ids only; owns nothing */
    struct cf_value add_ons_before; /* a copy, owned */
};

/* The pledge of an event, to be changed. */
CF_MUST_CHECK enum cf_status cf_share_begin(struct cf_fold *fold, struct cf_id pledge,
                                            struct cf_id campaign, struct cf_share *ret_share);

/* Carries the difference into the sums, and gives the share back. */
CF_MUST_CHECK enum cf_status cf_share_end(struct cf_fold *fold, struct cf_share *share);

/* Moves the pledge to a fine state, and to the public status that goes with it. */
void cf_share_move(struct cf_row_pledge *pledge, const char *state);

/* What the page shows as pledged, in basis points of the goal. */
int64_t cf_share_funded_bps(const struct cf_row_campaign_total *total);

static inline bool cf_share_in(const struct cf_share *share, const char *state)
{
    return cf_word_is(&share->pledge->state, state);
}

/* Adds an amount to, or takes it from, a number of the pledge. */
static inline void cf_share_give(struct cf_fold *fold, int64_t *number, struct cf_money money)
{
    cf_fold_add(fold, number, cf_money_minor(money));
}

static inline void cf_share_take(struct cf_fold *fold, int64_t *number, struct cf_money money)
{
    cf_fold_add(fold, number, -cf_money_minor(money));
}

#endif
