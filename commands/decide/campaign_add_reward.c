/* SPDX-License-Identifier: Apache-2.0 */
/* Offers something to backers. New rewards may come while the campaign is live. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_add_reward
#define CF_COMMAND_NEW_ID 2
#define CF_COMMAND_FIELDS(F)              \
    F(1,  id,         campaign_id)        \
    F(2,  id,         reward_id)          \
    F(3,  sealed,     title)              \
    F(4,  opt_sealed, description)        \
    F(5,  amount,     minimum)            \
    F(6,  opt_u32,    limit)              \
    F(7,  opt_u32,    per_backer_limit)   \
    F(8,  opt_amount, shipping)           \
    F(9,  bool,       needs_address)      \
    F(10, opt_time,   ships_at)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator changes a campaign's rewards.")                     \
    V(3, CAMPAIGN_OVER, 409, "The campaign takes no rewards any more.")                            \
    V(4, REWARD_EXISTS, 409, "There is a reward with this id.")                                    \
    V(5, MINIMUM_NOT_CHARGEABLE, 422, "The provider cannot charge such an amount.")
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
    if (cf_decision_reward(decision, input->reward_id) != NULL)
        return REWARD_EXISTS;
    if (!cf_policy_takes(campaign, input->minimum))
        return MINIMUM_NOT_CHARGEABLE;
    CF_EMIT(decision, campaign_reward_added, .campaign_id = input->campaign_id,
            .reward_id = input->reward_id, .title = input->title, .description = input->description,
            .minimum = input->minimum, .limit = input->limit,
            .per_backer_limit = input->per_backer_limit, .shipping = input->shipping,
            .needs_address = input->needs_address, .ships_at = input->ships_at);
    return ACCEPTED;
}
