/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The creator ends the campaign: its pledges are let go, and what was charged is refunded. Once
 * money has been settled, what is left of it must cover everybody's refund.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_cancel
#define CF_COMMAND_FIELDS(F)    \
    F(1, id,       campaign_id) \
    F(2, opt_text, reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, NOT_CANCELLABLE, 409, "The campaign is over, suspended or rejected.")                     \
    V(4, REFUNDS_NOT_COVERED, 409, "Escrow, payable and reserve do not cover everyone.")
/* clang-format on */
#include "commands/decide/define.h"

static bool covers_refunds(const struct cf_decision *decision, struct cf_id campaign_id)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, campaign_id);
    if (campaign->state != CF_CAMPAIGN_SETTLED)
        return true;
    struct cf_purse purse;
    int64_t owed =
        campaign->captured_minor - campaign->refunded_minor - campaign->charged_back_minor;
    cf_purse_open(decision, campaign_id, owed, &purse);
    cf_purse_take_escrow(&purse);
    cf_purse_take_payable(&purse);
    cf_purse_take_reserve(&purse);
    return purse.rest == 0;
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (!cf_campaign_is_cancellable(campaign))
        return NOT_CANCELLABLE;
    if (!covers_refunds(decision, input->campaign_id))
        return REFUNDS_NOT_COVERED;
    CF_EMIT(decision, campaign_cancelled, .campaign_id = input->campaign_id,
            .reason = input->reason);
    return ACCEPTED;
}
