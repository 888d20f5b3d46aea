/* SPDX-License-Identifier: Apache-2.0 */
/* No more late pledges: by the creator, or because their time is over. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_close_late_pledges
#define CF_COMMAND_FIELDS(F) \
    F(1, id, campaign_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator, or time, closes it.")                              \
    V(3, NOT_OPEN, 409, "Late pledges are not open.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM) &&
        !cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (!cf_campaign_is_funded(campaign) || campaign->late_until_us == 0)
        return NOT_OPEN;
    CF_EMIT(decision, campaign_late_pledges_closed, .campaign_id = input->campaign_id);
    return ACCEPTED;
}
