/* SPDX-License-Identifier: Apache-2.0 */
/* Begins a campaign, seen by its creator alone. Who drafts for the first time becomes a creator. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_draft
#define CF_COMMAND_NEW_ID 1
#define CF_COMMAND_FIELDS(F)              \
    F(1,  id,              campaign_id)   \
    F(2,  id,              creator_id)    \
    F(3,  funding_model,   model)         \
    F(4,  currency,        currency)      \
    F(5,  amount,          goal)          \
    F(6,  sealed,          title)         \
    F(7,  token,           slug)          \
    F(8,  opt_sealed_long, story)         \
    F(9,  opt_text,        category)      \
    F(10, opt_text,        subcategory)   \
    F(11, opt_time,        starts_at)     \
    F(12, opt_time,        ends_at)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person drafts campaigns of their own.")                            \
    V(2, CAMPAIGN_EXISTS, 409, "There is a campaign with this id.")                                \
    V(3, SLUG_TAKEN, 409, "Another campaign has this slug.")                                       \
    V(4, GOAL_NOT_CHARGEABLE, 422, "The provider cannot charge such an amount of this currency.")  \
    V(5, ENDS_BEFORE_START, 422, "The campaign would end before it starts.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->creator_id))
        return NOT_PERMITTED;
    if (cf_decision_campaign(decision, input->campaign_id) != NULL)
        return CAMPAIGN_EXISTS;
    if (cf_decision_knows(decision, CF_LOOKUP_SLUG, input->slug))
        return SLUG_TAKEN;
    if (!cf_policy_chargeable(input->currency, input->goal))
        return GOAL_NOT_CHARGEABLE;
    if (input->ends_at != 0 && input->ends_at <= input->starts_at)
        return ENDS_BEFORE_START;
    CF_EMIT(decision, campaign_drafted, .campaign_id = input->campaign_id,
            .creator_id = input->creator_id, .model = input->model, .currency = input->currency,
            .goal = input->goal, .title = input->title, .slug = input->slug, .story = input->story,
            .category = input->category, .subcategory = input->subcategory,
            .starts_at = input->starts_at, .ends_at = input->ends_at);
    const struct cf_user *creator = cf_decision_user(decision, input->creator_id);
    if (!cf_user_has_role(creator, CF_ROLE_CREATOR))
        CF_EMIT(decision, user_role_granted, .user_id = input->creator_id, .role = CF_ROLE_CREATOR);
    return ACCEPTED;
}
