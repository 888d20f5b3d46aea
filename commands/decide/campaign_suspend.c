/* SPDX-License-Identifier: Apache-2.0 */
/* Stops captures and payouts of a campaign; claims stay. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_suspend
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   campaign_id)  \
    F(2, text, reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only a moderator does this.")                                        \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, NOT_RUNNING, 409, "The campaign is not live and not collecting.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_has_role(decision, CF_ROLE_MODERATOR))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (campaign->state != CF_CAMPAIGN_LIVE && campaign->state != CF_CAMPAIGN_COLLECTING)
        return NOT_RUNNING;
    CF_EMIT(decision, campaign_suspended, .campaign_id = input->campaign_id,
            .reason = input->reason);
    return ACCEPTED;
}
