/* SPDX-License-Identifier: Apache-2.0 */
/* Goes live: by its creator, or by itself at its start. Goal, currency, model and end are frozen. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_launch
#define CF_COMMAND_FIELDS(F) \
    F(1, id, campaign_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator, or its schedule, launches a campaign.")            \
    V(3, NOT_APPROVED, 409, "The campaign is not approved, or is live already.")                   \
    V(4, DURATION_OUT_OF_RANGE, 422, "A campaign runs between 1 and 60 days.")
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
    if (campaign->state != CF_CAMPAIGN_APPROVED && campaign->state != CF_CAMPAIGN_SCHEDULED)
        return NOT_APPROVED;
    int64_t duration_us = campaign->ends_at_us - decision->now_us;
    bool usual =
        duration_us >= CF_POLICY_DURATION_MIN_US && duration_us <= CF_POLICY_DURATION_MAX_US;
    if (duration_us <= 0 || (!usual && !campaign->any_duration))
        return DURATION_OUT_OF_RANGE;
    CF_EMIT(decision, campaign_launched, .campaign_id = input->campaign_id,
            .model = campaign->model, .currency = campaign->currency,
            .goal = cf_money_of(campaign->goal_minor), .ends_at = campaign->ends_at_us);
    return ACCEPTED;
}
