/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes the books of what was collected: the platform's fee and the tax, once on the whole; what
 * is kept in reserve; the rest is payable, and pays the creator's debts first. Late pledges are
 * settled in further rounds.
 */
#include "commands/decide/decide.h"
#include "commands/decide/settlement_sums.h"
#include "core/base/assert.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_settle
#define CF_COMMAND_FIELDS(F) \
    F(1, id, campaign_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time or finance settles.")                                      \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, NOT_COLLECTING, 409, "The campaign is not collecting and not settled.")                   \
    V(4, PLEDGES_OPEN, 409, "Some pledges may still be paid.")                                     \
    V(5, FEES_MISSING, 409, "Some of the processor's fees are not recorded yet.")                  \
    V(6, NOTHING_NEW, 409, "Nothing was collected since the last settlement.")
/* clang-format on */
#include "commands/decide/define.h"

static struct cf_bytes tax_jurisdiction(const struct cf_campaign *campaign)
{
    return cf_bytes_from(campaign->tax_jurisdiction,
                         strnlen(campaign->tax_jurisdiction, sizeof campaign->tax_jurisdiction));
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM) && !cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_campaign_is_funded(campaign))
        return NOT_COLLECTING;
    if (campaign->pledges_open > 0)
        return PLEDGES_OPEN;
    if (campaign->fees_missing > 0)
        return FEES_MISSING;
    if (campaign->state == CF_CAMPAIGN_SETTLED && campaign->unsettled_minor == 0)
        return NOTHING_NEW;
    struct cf_settlement_sums sums;
    enum cf_status status = cf_settlement_sums(decision, input->campaign_id, &sums);
    CF_ASSERT(status ==
              CF_OK); /* every sum was checked when it was made; memory for it has to be there */
    int64_t release_at = campaign->ends_at_us + campaign->reserve_days * CF_DAY_US;
    CF_EMIT(decision, campaign_settled, .campaign_id = input->campaign_id,
            .creator_id = campaign->creator_id, .currency = campaign->currency,
            .round = campaign->settled_rounds + 1, .net = sums.parts.net,
            .platform_fee = sums.parts.platform_fee,
            .tax_jurisdiction = cf_money_is_zero(sums.parts.tax) ? (struct cf_bytes){0}
                                                                 : tax_jurisdiction(campaign),
            .tax = sums.parts.tax, .reserve = sums.parts.reserve, .payable = sums.parts.payable,
            .reserve_release_at = cf_money_is_zero(sums.parts.reserve) ? 0 : release_at,
            .cut_remainder = sums.cut_remainder, .cut_pledge_id = sums.cut_pledge_id,
            .collected = cf_money_of(campaign->unsettled_minor));
    cf_decide_netting(decision, campaign->creator_id, campaign->currency);
    return ACCEPTED;
}
