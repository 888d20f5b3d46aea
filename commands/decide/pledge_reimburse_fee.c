/* SPDX-License-Identifier: Apache-2.0 */
/* The platform makes the creator whole for the processor's fee of a refunded pledge. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_reimburse_fee
#define CF_COMMAND_FIELDS(F) \
    F(1, id,     pledge_id)  \
    F(2, amount, amount)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance does this.")                                            \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, CREATOR_DID_NOT_PAY, 409, "The platform bears the fee.")                                  \
    V(4, NOT_REFUNDED, 409, "Nothing of this pledge was refunded.")                                \
    V(5, MORE_THAN_THE_FEE, 422, "The fee was less.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (campaign->processor_fee_bearer != CF_BEARER_CREATOR)
        return CREATOR_DID_NOT_PAY;
    if (pledge->refunded_minor == 0)
        return NOT_REFUNDED;
    if (cf_money_is_zero(input->amount) ||
        cf_money_minor(input->amount) > pledge->processor_fee_minor - pledge->fee_reimbursed_minor)
        return MORE_THAN_THE_FEE;
    bool settled = cf_pledge_is_settled(campaign, pledge);
    CF_EMIT(decision, pledge_processor_fee_reimbursed, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .creator_id = campaign->creator_id,
            .currency = pledge->currency, .amount = input->amount,
            .to_escrow = settled ? cf_money_of(0) : input->amount,
            .to_payable = settled ? input->amount : cf_money_of(0));
    cf_decide_netting(decision, campaign->creator_id, campaign->currency);
    return ACCEPTED;
}
