/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hold would lapse before the deadline: a new one is placed first, then the old one is given
 * back.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_renew_hold
#define CF_COMMAND_FIELDS(F) \
    F(1, id, pledge_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_HELD, 409, "The pledge's money is not held.")                                         \
    V(4, CAMPAIGN_NOT_LIVE, 409, "The campaign is not live.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (pledge->state != CF_PLEDGE_AUTHORIZED)
        return NOT_HELD;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (campaign->state != CF_CAMPAIGN_LIVE)
        return CAMPAIGN_NOT_LIVE;
    CF_EMIT(decision, pledge_hold_renewal_due, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id);
    cf_decide_payment(decision, input->pledge_id, CF_PAYMENT_MODE_HOLD,
                      cf_token_bytes(&pledge->payment_method), true);
    return ACCEPTED;
}
