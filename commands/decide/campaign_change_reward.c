/* SPDX-License-Identifier: Apache-2.0 */
/* A reward's terms from now on, whole. Pledges made before keep theirs. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_change_reward
#define CF_COMMAND_FIELDS(F)            \
    F(1,  id,         campaign_id)      \
    F(2,  id,         reward_id)        \
    F(3,  sealed,     title)            \
    F(4,  opt_sealed, description)      \
    F(5,  amount,     minimum)          \
    F(6,  opt_u32,    limit)            \
    F(7,  opt_u32,    per_backer_limit) \
    F(8,  opt_amount, shipping)         \
    F(9,  bool,       needs_address)    \
    F(10, opt_time,   ships_at)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, CAMPAIGN_OVER, 409, "The campaign takes no rewards any more.")                            \
    V(4, REWARD_UNKNOWN, 404, "The campaign has no such reward.")                                  \
    V(5, REWARD_WITHDRAWN, 409, "The reward was withdrawn.")                                       \
    V(6, MINIMUM_NOT_CHARGEABLE, 422, "The provider cannot charge such an amount.")                \
    V(7, FEWER_THAN_CLAIMED, 409, "More than that are claimed.")
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
    if (!cf_policy_takes(campaign, input->minimum))
        return MINIMUM_NOT_CHARGEABLE;
    if (input->limit != 0 && input->limit < reward->claimed)
        return FEWER_THAN_CLAIMED;
    CF_EMIT(decision, campaign_reward_changed, .campaign_id = input->campaign_id,
            .reward_id = input->reward_id, .title = input->title, .description = input->description,
            .minimum = input->minimum, .limit = input->limit,
            .per_backer_limit = input->per_backer_limit, .shipping = input->shipping,
            .needs_address = input->needs_address, .ships_at = input->ships_at);
    return ACCEPTED;
}
