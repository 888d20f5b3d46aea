/* SPDX-License-Identifier: Apache-2.0 */
/* A further level beyond the goal. Levels count from 1, and each is higher than the one before. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_add_stretch_goal
#define CF_COMMAND_FIELDS(F)      \
    F(1, id,         campaign_id) \
    F(2, amount,     threshold)   \
    F(3, opt_sealed, title)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, NOT_OPEN, 409, "The campaign is under review or over.")                                   \
    V(4, TOO_MANY, 409, "A campaign has at most 16 stretch goals.")                                \
    V(5, NOT_HIGHER, 422, "A level is higher than the goal and than the level before.")
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
        return NOT_OPEN;
    if (campaign->stretch_count == CF_STRETCH_GOALS_MAX)
        return TOO_MANY;
    int64_t before = campaign->stretch_count == 0
                         ? campaign->goal_minor
                         : campaign->stretch_minor[campaign->stretch_count - 1];
    if (cf_money_minor(input->threshold) <= before)
        return NOT_HIGHER;
    CF_EMIT(decision, campaign_stretch_goal_added, .campaign_id = input->campaign_id,
            .level = campaign->stretch_count + 1u, .threshold = input->threshold,
            .title = input->title);
    cf_decide_goals(decision, input->campaign_id);
    return ACCEPTED;
}
