/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bank gave the money again: the hold ends. The fee comes back only if a balance transaction
 * says so.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_dispute_won
#define CF_COMMAND_FIELDS(F)              \
    F(1, id,         pledge_id)           \
    F(2, token,      dispute)             \
    F(3, opt_token,  balance_transaction) \
    F(4, opt_amount, fee_returned)        \
    F(5, opt_token,  charge)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_DISPUTED, 409, "The pledge is not under this dispute.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide_orphan(struct cf_decision *decision, const struct input *input,
                              struct cf_id refund_id)
{
    const struct cf_refund *refund = cf_decision_refund(decision, refund_id);
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (refund->disputed_minor == 0 || !cf_token_equals(&refund->dispute, input->dispute))
        return NOT_DISPUTED;
    CF_EMIT(decision, pledge_orphan_dispute_won, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = refund_id,
            .currency = pledge->currency, .amount = cf_money_of(refund->disputed_minor),
            .dispute = input->dispute, .balance_transaction = input->balance_transaction,
            .fee_returned = input->fee_returned);
    return ACCEPTED;
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    struct cf_id refund_id;
    if (cf_decision_orphan(decision, input->charge, &refund_id))
        return decide_orphan(decision, input, refund_id);
    if (pledge->state != CF_PLEDGE_DISPUTED || !cf_token_equals(&pledge->dispute, input->dispute))
        return NOT_DISPUTED;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    CF_EMIT(decision, pledge_dispute_won, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .creator_id = campaign->creator_id,
            .currency = pledge->currency, .amount = cf_money_of(pledge->disputed_minor),
            .dispute = input->dispute, .balance_transaction = input->balance_transaction,
            .fee_returned = input->fee_returned,
            .hold_released = cf_money_of(pledge->dispute_hold_minor));
    cf_decide_netting(decision, campaign->creator_id, campaign->currency);
    return ACCEPTED;
}
