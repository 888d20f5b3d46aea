/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider saved the card of a checkout: the pledge is committed. In time means decided before
 * the end; what comes later is left to the claim's expiry.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_committed
#define CF_COMMAND_FIELDS(F)    \
    F(1, id,    pledge_id)      \
    F(2, token, payment_method)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_IN_CHECKOUT, 409, "The pledge is not in checkout.")                                   \
    V(4, NOT_TO_BE_SAVED, 409, "The checkout is to hold or take the money.")                       \
    V(5, CAMPAIGN_NOT_LIVE, 409, "The campaign takes no pledges now.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_pledge_in_checkout(pledge))
        return NOT_IN_CHECKOUT;
    if (pledge->mode != CF_PAYMENT_MODE_SAVE)
        return NOT_TO_BE_SAVED;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (campaign->state != CF_CAMPAIGN_LIVE || decision->now_us >= campaign->ends_at_us)
        return CAMPAIGN_NOT_LIVE;
    CF_EMIT(decision, pledge_committed, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .amount = cf_money_of(pledge->amount_minor), .payment_method = input->payment_method);
    cf_decide_goals(decision, pledge->campaign_id);
    return ACCEPTED;
}
