/* SPDX-License-Identifier: Apache-2.0 */
/* Largest remainder without storing shares, in 128 bits. */
#include "core/aggregate/settlement.h"

#include "core/base/assert.h"

#include <stdlib.h>

__extension__ typedef unsigned __int128 cf_wide;

enum cf_status cf_settlement_split(const struct cf_campaign *campaign, struct cf_money escrow,
                                   struct cf_settlement_parts *ret_parts)
{
    struct cf_money collected = cf_money_of(campaign->unsettled_minor);
    struct cf_settlement_parts parts = {.net = escrow};
    struct cf_money rest = escrow;
    if (cf_money_is_negative(escrow))
        return CF_RANGE;
    CF_TRY(cf_money_basis_points(collected, campaign->platform_fee_bps, &parts.platform_fee));
    parts.platform_fee = cf_money_smaller(parts.platform_fee, rest);
    CF_TRY(cf_money_subtract(rest, parts.platform_fee, &rest));
    CF_TRY(cf_money_basis_points(collected, campaign->tax_bps, &parts.tax));
    parts.tax = cf_money_smaller(parts.tax, rest);
    CF_TRY(cf_money_subtract(rest, parts.tax, &rest));
    CF_TRY(cf_money_basis_points(rest, campaign->reserve_bps, &parts.reserve));
    CF_TRY(cf_money_subtract(rest, parts.reserve, &parts.payable));
    *ret_parts = parts;
    return CF_OK;
}

/* The order in which odd units are given: the larger remainder first, then the smaller id. */
static int cf_share_compare(const void *left, const void *right)
{
    const struct cf_settlement_share *a = left;
    const struct cf_settlement_share *b = right;
    if (a->remainder != b->remainder)
        return a->remainder > b->remainder ? -1 : 1;
    return cf_id_compare(a->pledge_id, b->pledge_id);
}

enum cf_status cf_settlement_cut(struct cf_money fee, struct cf_money collected,
                                 struct cf_settlement_share *shares, size_t count,
                                 uint64_t *ret_cut_remainder, struct cf_id *ret_cut_pledge_id)
{
    int64_t fee_minor = cf_money_minor(fee);
    int64_t collected_minor = cf_money_minor(collected);
    int64_t odd = fee_minor;
    int64_t sum = 0;
    if (fee_minor < 0 || collected_minor < fee_minor)
        return CF_RANGE;
    for (size_t i = 0; i < count; i++) {
        int64_t kept = shares[i].kept_minor;
        if (kept <= 0 || kept > collected_minor - sum)
            return CF_RANGE;
        sum += kept;
        cf_wide product = (cf_wide)fee_minor * (cf_wide)kept;
        odd -= (int64_t)(product / (cf_wide)collected_minor);
        shares[i].remainder = (uint64_t)(product % (cf_wide)collected_minor);
    }
    if (sum != collected_minor)
        return CF_RANGE;
    *ret_cut_remainder = 0;
    *ret_cut_pledge_id = (struct cf_id){0};
    if (odd == 0)
        return CF_OK;
    CF_ASSERT(odd > 0 && (size_t)odd <= count);
    qsort(shares, count, sizeof *shares, cf_share_compare);
    *ret_cut_remainder = shares[odd - 1].remainder;
    *ret_cut_pledge_id = shares[odd - 1].pledge_id;
    return CF_OK;
}

const struct cf_settlement *cf_settlement_find(struct cf_book *book, const struct cf_pledge *pledge)
{
    if (pledge->settle_round == 0)
        return NULL;
    struct cf_id round = cf_id_of_number(pledge->settle_round);
    return cf_book_find_pair(book, CF_ROW_SETTLEMENT, &pledge->campaign_id, &round);
}

struct cf_money cf_settlement_fee_part(const struct cf_settlement *settlement,
                                       const struct cf_id *pledge_id,
                                       const struct cf_pledge *pledge)
{
    if (settlement->collected_minor == 0 || pledge->kept_minor == 0)
        return cf_money_of(0);
    cf_wide collected = (cf_wide)settlement->collected_minor;
    cf_wide product = (cf_wide)settlement->fee_minor * (cf_wide)pledge->kept_minor;
    int64_t part = (int64_t)(product / collected);
    struct cf_settlement_share cut = {.pledge_id = settlement->cut_pledge_id,
                                      .remainder = settlement->cut_remainder};
    struct cf_settlement_share own = {.pledge_id = *pledge_id,
                                      .remainder = (uint64_t)(product % collected)};
    if (!cf_id_is_zero(cut.pledge_id) && cf_share_compare(&own, &cut) <= 0)
        part++;
    return cf_money_of(part);
}

struct cf_money cf_settlement_fee_back(const struct cf_settlement *settlement,
                                       const struct cf_id *pledge_id,
                                       const struct cf_pledge *pledge, struct cf_money amount)
{
    int64_t part = cf_money_minor(cf_settlement_fee_part(settlement, pledge_id, pledge));
    if (pledge->kept_minor == 0)
        return cf_money_of(0);
    cf_wide back = (cf_wide)pledge->refunded_settled_minor + (cf_wide)pledge->charged_back_minor +
                   (cf_wide)cf_money_minor(amount);
    if (back > (cf_wide)pledge->kept_minor)
        back = (cf_wide)pledge->kept_minor;
    int64_t due = (int64_t)((cf_wide)part * back / (cf_wide)pledge->kept_minor);
    return cf_money_of(due > pledge->fee_returned_minor ? due - pledge->fee_returned_minor : 0);
}
