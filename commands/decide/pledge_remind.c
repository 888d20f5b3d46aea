/* SPDX-License-Identifier: Apache-2.0 */
/* A letter reminds the backer to mend the payment. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_remind
#define CF_COMMAND_FIELDS(F) \
    F(1, id, pledge_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_ERRORED, 409, "The payment has not failed.")                                          \
    V(4, NOT_COLLECTING, 409, "The campaign is not collecting.")                                   \
    V(5, GRACE_OVER, 409, "The time to mend the payment is over.")                                 \
    V(6, BACKER_ERASED, 409, "There is nobody to write to any more.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (pledge->state != CF_PLEDGE_ERRORED)
        return NOT_ERRORED;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (campaign->state != CF_CAMPAIGN_COLLECTING)
        return NOT_COLLECTING;
    if (decision->now_us >= campaign->final_collection_at_us)
        return GRACE_OVER;
    if (cf_decision_user(decision, pledge->backer_id)->state == CF_USER_ERASED)
        return BACKER_ERASED;
    CF_EMIT(decision, user_mail_requested, .user_id = pledge->backer_id,
            .mail = CF_MAIL_PAYMENT_REMINDER, .about = input->pledge_id);
    return ACCEPTED;
}
