/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes what is named; an absent field stays. After the approval the terms are fixed: texts and
 * category alone.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_edit
#define CF_COMMAND_FIELDS(F)              \
    F(1,  id,                campaign_id) \
    F(2,  opt_funding_model, model)       \
    F(3,  opt_currency,      currency)    \
    F(4,  opt_amount,        goal)        \
    F(5,  opt_sealed,        title)       \
    F(6,  opt_sealed_long,   story)       \
    F(7,  opt_text,          category)    \
    F(8,  opt_text,          subcategory) \
    F(9,  opt_time,          starts_at)   \
    F(10, opt_time,          ends_at)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator does this.")                                        \
    V(3, NOT_OPEN, 409, "The campaign is under review or over.")                                   \
    V(4, TERMS_FIXED, 409, "Model, currency, goal and dates are fixed by the approval.")           \
    V(5, GOAL_NOT_CHARGEABLE, 422, "The provider cannot charge such an amount of this currency.")  \
    V(6, ENDS_BEFORE_START, 422, "The campaign would end before it starts.")
/* clang-format on */
#include "commands/decide/define.h"

static bool changes_terms(const struct input *input)
{
    return input->model != 0 || input->currency != 0 || !cf_money_is_zero(input->goal) ||
           input->starts_at != 0 || input->ends_at != 0;
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is_active(decision, campaign->creator_id))
        return NOT_PERMITTED;
    if (!cf_campaign_is_open(campaign))
        return NOT_OPEN;
    if (campaign->state != CF_CAMPAIGN_DRAFT && changes_terms(input))
        return TERMS_FIXED;
    enum cf_currency currency = input->currency != 0 ? input->currency : campaign->currency;
    struct cf_money goal =
        cf_money_is_zero(input->goal) ? cf_money_of(campaign->goal_minor) : input->goal;
    int64_t starts_at = input->starts_at != 0 ? input->starts_at : campaign->starts_at_us;
    int64_t ends_at = input->ends_at != 0 ? input->ends_at : campaign->ends_at_us;
    if (!cf_policy_chargeable(currency, goal))
        return GOAL_NOT_CHARGEABLE;
    if (ends_at != 0 && ends_at <= starts_at)
        return ENDS_BEFORE_START;
    CF_EMIT(decision, campaign_edited, .campaign_id = input->campaign_id, .model = input->model,
            .currency = input->currency, .goal = input->goal, .title = input->title,
            .story = input->story, .category = input->category, .subcategory = input->subcategory,
            .starts_at = input->starts_at, .ends_at = input->ends_at);
    return ACCEPTED;
}
