/* SPDX-License-Identifier: Apache-2.0 */
/* What was kept back becomes payable when its time is over, and pays a debt first. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_release_reserve
#define CF_COMMAND_FIELDS(F) \
    F(1, id, campaign_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, NOTHING_RESERVED, 409, "Nothing is kept back.")                                           \
    V(4, TOO_EARLY, 409, "Its time has not come.")                                                 \
    V(5, DISPUTED, 409, "A dispute is open.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (campaign->reserve_minor == 0)
        return NOTHING_RESERVED;
    if (decision->now_us < campaign->reserve_release_at_us)
        return TOO_EARLY;
    if (campaign->disputes_open > 0)
        return DISPUTED;
    CF_EMIT(decision, campaign_reserve_released, .campaign_id = input->campaign_id,
            .creator_id = campaign->creator_id, .currency = campaign->currency,
            .amount = cf_money_of(campaign->reserve_minor));
    cf_decide_netting(decision, campaign->creator_id, campaign->currency);
    return ACCEPTED;
}
