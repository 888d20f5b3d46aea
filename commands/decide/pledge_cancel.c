/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backer takes a pledge back before it was charged; a checkout is given up. In the last day a
 * pledge stays that the goal rests on. What was charged is a matter for a refund.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_cancel
#define CF_COMMAND_FIELDS(F) \
    F(1, id, pledge_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(2, NOT_PERMITTED, 403, "Only its backer cancels a pledge.")                                  \
    V(3, PAYMENT_UNDER_WAY, 409, "The provider is asked about this pledge; try again after.")      \
    V(4, NOT_CANCELLABLE, 409, "The pledge was charged or has ended.")                             \
    V(5, CAMPAIGN_ENDED, 409, "The campaign's time is over: the pledge stands.")                   \
    V(6, GOAL_RESTS_ON_IT, 409, "In the last day the campaign would fall below its goal.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_actor_is_active(decision, pledge->backer_id))
        return NOT_PERMITTED;
    if (cf_pledge_in_checkout(pledge)) {
        cf_decide_release(decision, input->pledge_id);
        return ACCEPTED;
    }
    if (cf_pledge_is_under_way(pledge))
        return PAYMENT_UNDER_WAY;
    if (!cf_pledge_is_changeable(pledge))
        return NOT_CANCELLABLE;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (decision->now_us >= campaign->ends_at_us)
        return CAMPAIGN_ENDED;
    if (cf_policy_goal_rests_on(campaign, pledge->amount_minor, decision->now_us))
        return GOAL_RESTS_ON_IT;
    CF_EMIT(decision, pledge_cancelled, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .from_pledged = cf_money_of(pledge->memo_pledged_minor),
            .from_authorized = cf_money_of(pledge->memo_authorized_minor),
            .intent = cf_token_bytes(&pledge->intent));
    return ACCEPTED;
}
