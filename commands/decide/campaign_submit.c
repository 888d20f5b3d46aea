/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks for a review of a draft. A creator who has not begun to prove who they are does so with it, when
 * the command names the check.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_submit
#define CF_COMMAND_FIELDS(F)       \
    F(1, id,        campaign_id)   \
    F(2, opt_token, check)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator submits a campaign.")                               \
    V(3, NOT_A_DRAFT, 409, "The campaign is not a draft.")                                         \
    V(4, END_MISSING, 422, "A campaign needs an end, or it cannot be judged.")                     \
    V(5, IDENTITY_CHECK_NOT_STARTED, 409, "The creator has not started the identity check.")       \
    V(6, CURRENCY_NOT_PAID_OUT, 422, "The provider pays nothing out in this currency.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (campaign->state != CF_CAMPAIGN_DRAFT)
        return NOT_A_DRAFT;
    if (campaign->ends_at_us == 0)
        return END_MISSING;
    const struct cf_user *creator = cf_decision_user(decision, campaign->creator_id);
    if (creator->identity == CF_IDENTITY_NONE && input->check.size == 0)
        return IDENTITY_CHECK_NOT_STARTED;
    if (!cf_policy_paid_out(campaign->currency))
        return CURRENCY_NOT_PAID_OUT;
    if (creator->identity == CF_IDENTITY_NONE)
        CF_EMIT(decision, user_identity_check_started, .user_id = campaign->creator_id,
                .check = input->check);
    CF_EMIT(decision, campaign_submitted, .campaign_id = input->campaign_id);
    return ACCEPTED;
}
