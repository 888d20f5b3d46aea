/* SPDX-License-Identifier: Apache-2.0 */
/* A reward cannot be chosen any more; claims stay. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_withdraw_reward
#define CF_COMMAND_FIELDS(F) \
    F(1, id, campaign_id)    \
    F(2, id, reward_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, CAMPAIGN_OVER, 409, "The campaign takes no rewards any more.")                            \
    V(4, REWARD_UNKNOWN, 404, "The campaign has no such reward.")                                  \
    V(5, REWARD_WITHDRAWN, 409, "The reward was withdrawn.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (!cf_campaign_is_open(campaign))
        return CAMPAIGN_OVER;
    const struct cf_reward *reward = cf_decision_reward(decision, input->reward_id);
    if (reward == NULL || !cf_id_equal(reward->campaign_id, input->campaign_id))
        return REWARD_UNKNOWN;
    if (reward->withdrawn)
        return REWARD_WITHDRAWN;
    CF_EMIT(decision, campaign_reward_withdrawn, .campaign_id = input->campaign_id,
            .reward_id = input->reward_id);
    return ACCEPTED;
}
