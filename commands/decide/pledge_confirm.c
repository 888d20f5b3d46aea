/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backer gave a card in the provider's form: ask the provider for what the checkout is for.
 * May be repeated with another card after a decline, as long as the claim stands. Where the provider
 * is still making the backer's customer, the gateway does that first.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_confirm
#define CF_COMMAND_FIELDS(F)    \
    F(1, id,    pledge_id)      \
    F(2, token, payment_method)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(2, NOT_PERMITTED, 403, "Only its backer confirms a pledge.")                                 \
    V(3, NOT_IN_CHECKOUT, 409, "The pledge is not in checkout.")                                   \
    V(4, CLAIM_EXPIRED, 409, "The time for this checkout is over.")                                \
    V(5, CAMPAIGN_NOT_LIVE, 409, "The campaign takes no payments now.")                            \
    V(6, PAYMENT_UNDER_WAY, 409, "The provider is asked already.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_actor_is_active(decision, pledge->backer_id))
        return NOT_PERMITTED;
    if (!cf_pledge_in_checkout(pledge))
        return NOT_IN_CHECKOUT;
    if (decision->now_us >= pledge->claim_expires_at_us)
        return CLAIM_EXPIRED;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (!cf_campaign_takes_payment(campaign, pledge, decision->now_us))
        return CAMPAIGN_NOT_LIVE;
    if (cf_decision_awaits(decision, input->pledge_id, CF_REQUEST_PAYMENT))
        return PAYMENT_UNDER_WAY;
    cf_decide_customer(decision, pledge->backer_id);
    cf_decide_payment(decision, input->pledge_id, pledge->mode, input->payment_method, false);
    return ACCEPTED;
}
