/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_SETTLEMENT_H
#define CF_CORE_AGGREGATE_SETTLEMENT_H

/*
 * Settlement: what leaves a campaign's escrow and where it goes, and which part of the platform's
 * fee each pledge has borne.
 *
 * The fee is computed once, on all that was collected, and shared out by largest remainder: so the
 * pledges' parts sum to it exactly. No part is stored. The event keeps the cut (the last pledge
 * that got an odd unit, in falling order of remainder and rising order of id), from which any
 * pledge's part follows alone. A refund gives back floor(part * refunded / kept) less what was
 * given back before: whatever the steps, a whole refund gives back the exact part.
 */

#include "core/aggregate/campaign.h"
#include "core/aggregate/pledge.h"
#include "core/money.h"

struct cf_settlement_parts {
    struct cf_money net; /* all that is in escrow; the sum of those below */
    struct cf_money platform_fee;
    struct cf_money tax;
    struct cf_money reserve;
    struct cf_money payable;
};

/* Splits `escrow` (not negative) by the campaign's terms. Fee and tax are on what was collected
 * (campaign->unsettled_minor), the reserve on what they leave; none takes more than is there.
 * RANGE where an amount is negative or does not fit. */
CF_MUST_CHECK enum cf_status cf_settlement_split(const struct cf_campaign *campaign,
                                                 struct cf_money escrow,
                                                 struct cf_settlement_parts *ret_parts);

/* One pledge of a round: what it brought in. */
struct cf_settlement_share {
    struct cf_id pledge_id;
    int64_t kept_minor; /* above 0 */
    uint64_t remainder; /* set by cf_settlement_cut */
};

/*
 * Finds the cut of a round. `collected` is the sum of what the pledges kept; the shares are sorted.
 * Without an odd unit the id is zero. RANGE where the sum is another one or something is negative.
 */
CF_MUST_CHECK enum cf_status cf_settlement_cut(struct cf_money fee, struct cf_money collected,
                                               struct cf_settlement_share *shares, size_t count,
                                               uint64_t *ret_cut_remainder,
                                               struct cf_id *ret_cut_pledge_id);

/* The settlement that a pledge was part of, or NULL: not captured, or not settled yet. */
const struct cf_settlement *cf_settlement_find(struct cf_book *book,
                                               const struct cf_pledge *pledge);

/* The part of the fee that a pledge has borne. */
struct cf_money cf_settlement_fee_part(const struct cf_settlement *settlement,
                                       const struct cf_id *pledge_id,
                                       const struct cf_pledge *pledge);

/* What a refund or charge-back of `amount` more gives back of the fee. */
struct cf_money cf_settlement_fee_back(const struct cf_settlement *settlement,
                                       const struct cf_id *pledge_id,
                                       const struct cf_pledge *pledge, struct cf_money amount);

#endif
