/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/decide/settlement_sums.h"

#include "core/base/scope.h"

/* Pledges read at a time. */
#define PAGE 256

struct shares {
    struct cf_settlement_share *items;
    size_t count;
    size_t capacity;
};

static enum cf_status add(struct shares *shares, struct cf_id pledge_id, int64_t kept_minor)
{
    if (shares->count == shares->capacity) {
        size_t capacity = shares->capacity == 0 ? PAGE : 2 * shares->capacity;
        struct cf_settlement_share *items =
            realloc(shares->items, capacity * sizeof *shares->items);
        if (items == NULL)
            return CF_NO_MEMORY;
        shares->items = items;
        shares->capacity = capacity;
    }
    shares->items[shares->count++] =
        (struct cf_settlement_share){.pledge_id = pledge_id, .kept_minor = kept_minor};
    return CF_OK;
}

/* Every pledge of the round that kept something. */
static enum cf_status collect(const struct cf_decision *decision, struct cf_id campaign_id,
                              uint32_t round, struct shares *shares)
{
    struct cf_id ids[PAGE];
    struct cf_id after = {{0}};
    size_t count;
    do {
        count = decision->book->ops->pledges(decision->book, &campaign_id, &after, ids, PAGE);
        for (size_t i = 0; i < count; i++) {
            const struct cf_pledge *pledge = cf_decision_pledge(decision, ids[i]);
            if (pledge->settle_round == round && pledge->kept_minor > 0)
                CF_TRY(add(shares, ids[i], pledge->kept_minor));
            after = ids[i];
        }
    } while (count == PAGE);
    return CF_OK;
}

enum cf_status cf_settlement_sums(const struct cf_decision *decision, struct cf_id campaign_id,
                                  struct cf_settlement_sums *ret_sums)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, campaign_id);
    CF_CLEANUP(cf_scope_free) struct cf_settlement_share *items = NULL;
    struct shares shares = {0};
    struct cf_settlement_sums sums = {0};
    struct cf_money escrow = cf_money_of(
        -cf_decision_balance(decision, CF_ACCOUNT_ESCROW, campaign->currency, campaign_id));
    CF_TRY(cf_settlement_split(campaign, escrow, &sums.parts));
    enum cf_status status = collect(decision, campaign_id, campaign->settled_rounds + 1, &shares);
    items = shares.items;
    if (status == CF_OK)
        status =
            cf_settlement_cut(sums.parts.platform_fee, cf_money_of(campaign->unsettled_minor),
                              shares.items, shares.count, &sums.cut_remainder, &sums.cut_pledge_id);
    if (status == CF_OK)
        *ret_sums = sums;
    return status;
}
