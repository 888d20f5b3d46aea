/* SPDX-License-Identifier: Apache-2.0 */
/* Takes pledges after the end, charged at once, until a given time. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_open_late_pledges
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   campaign_id)  \
    F(2, time, until)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, NOT_FUNDED, 409, "Only a funded campaign takes late pledges.")                            \
    V(4, UNTIL_OUT_OF_RANGE, 422, "The end of it lies ahead, at most 90 days after the campaign.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (!cf_campaign_is_funded(campaign))
        return NOT_FUNDED;
    if (input->until <= decision->now_us ||
        input->until > campaign->ends_at_us + CF_POLICY_LATE_PLEDGES_MAX_US)
        return UNTIL_OUT_OF_RANGE;
    CF_EMIT(decision, campaign_late_pledges_opened, .campaign_id = input->campaign_id,
            .until = input->until);
    return ACCEPTED;
}
