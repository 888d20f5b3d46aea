/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deadline passed: the verdict follows in the same transaction. All-or-nothing counts what is
 * pledged, hybrid what is secured, keep-it-all whatever was taken.
 */
#include "commands/decide/decide.h"
#include "core/base/assert.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_end
#define CF_COMMAND_FIELDS(F) \
    F(1, id, campaign_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, NOT_LIVE, 409, "The campaign is not live.")                                               \
    V(4, TIME_LEFT, 409, "Its end has not come.")
/* clang-format on */
#include "commands/decide/define.h"

static bool verdict(const struct cf_campaign *campaign)
{
    switch ((enum cf_funding_model)campaign->model) {
    case CF_FUNDING_MODEL_AON:
        return cf_campaign_pledged(campaign) >= campaign->goal_minor;
    case CF_FUNDING_MODEL_HYBRID:
        return campaign->goal_certain || cf_campaign_secured(campaign) >= campaign->goal_minor;
    case CF_FUNDING_MODEL_KIA:
        return campaign->captured_minor > 0;
    case CF_FUNDING_MODEL_NONE:
        break;
    }
    CF_UNREACHABLE();
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (campaign->state != CF_CAMPAIGN_LIVE)
        return NOT_LIVE;
    if (decision->now_us < campaign->ends_at_us)
        return TIME_LEFT;
    int64_t pledged = cf_campaign_pledged(campaign);
    int64_t secured = cf_campaign_secured(campaign);
    bool funded = verdict(campaign);
    CF_EMIT(decision, campaign_ended, .campaign_id = input->campaign_id,
            .pledged = cf_money_of(pledged), .secured = cf_money_of(secured),
            .captured = cf_money_of(campaign->captured_minor));
    if (funded)
        CF_EMIT(decision, campaign_funded, .campaign_id = input->campaign_id,
                .final_collection_at = campaign->ends_at_us + CF_POLICY_GRACE_US);
    else
        CF_EMIT(decision, campaign_failed, .campaign_id = input->campaign_id);
    cf_decide_mail(decision, campaign->creator_id,
                   funded ? CF_MAIL_CAMPAIGN_FUNDED : CF_MAIL_CAMPAIGN_FAILED, input->campaign_id);
    return ACCEPTED;
}
