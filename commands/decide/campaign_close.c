/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing can happen to its money any more. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_close
#define CF_COMMAND_FIELDS(F) \
    F(1, id, campaign_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, NOT_OVER, 409, "The campaign is not at its end.")                                         \
    V(4, SOMETHING_OPEN, 409, "A pledge, refund or dispute of it is open.")                        \
    V(5, UNSETTLED, 409, "Money of it is in escrow or reserve, or a fee is missing.")              \
    V(6, UNPAID, 409, "Its creator has not been paid.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (campaign->state != CF_CAMPAIGN_SETTLED && campaign->state != CF_CAMPAIGN_FAILED &&
        campaign->state != CF_CAMPAIGN_CANCELLED && campaign->state != CF_CAMPAIGN_PURGED)
        return NOT_OVER;
    if (campaign->pledges_open + campaign->late_open + campaign->refunds_open +
            campaign->disputes_open >
        0)
        return SOMETHING_OPEN;
    if (campaign->unsettled_minor != 0 || campaign->reserve_minor != 0 ||
        campaign->fees_missing > 0 ||
        cf_decision_balance(decision, CF_ACCOUNT_ESCROW, campaign->currency, input->campaign_id) !=
            0)
        return UNSETTLED;
    if (campaign->state == CF_CAMPAIGN_SETTLED &&
        cf_decision_payable(decision, campaign->creator_id, campaign->currency) >=
            CF_POLICY_PAYOUT_MIN_MINOR)
        return UNPAID;
    CF_EMIT(decision, campaign_closed, .campaign_id = input->campaign_id);
    return ACCEPTED;
}
