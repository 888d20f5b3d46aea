/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bank took money back until it decides. Once the campaign is settled, the creator's part of it is
 * held; before that it still lies in escrow. The dispute's fee falls on whom the campaign's terms
 * name. What had been asked back already, and money that never was the pledge's own, is the
 * platform's affair: no creator's money is held for it.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_disputed
#define CF_COMMAND_FIELDS(F)              \
    F(1, id,         pledge_id)           \
    F(2, token,      dispute)             \
    F(3, amount,     amount)              \
    F(4, currency,   currency)            \
    F(5, opt_amount, fee)                 \
    F(6, token,      balance_transaction) \
    F(7, opt_token,  charge)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, ALREADY_KNOWN, 409, "This dispute is recorded.")                                          \
    V(4, NOT_CHARGED, 409, "Nothing of this pledge can be disputed.")                              \
    V(5, AMOUNT_MISMATCH, 409, "More than was charged, or another currency.")                      \
    V(6, CHARGE_UNKNOWN, 409, "The pledge has no such charge, or not yet.")
/* clang-format on */
#include "commands/decide/define.h"

/* What is held: nothing before the settlement, and not what the platform would give back or bear. */
static int64_t creators_part(const struct cf_decision *decision, const struct input *input,
                             const struct cf_campaign *campaign, const struct cf_pledge *pledge)
{
    int64_t amount =
        cf_money_minor(input->amount) - cf_money_minor(cf_pledge_twice_back(pledge, input->amount));
    if (!cf_pledge_is_settled(campaign, pledge))
        return 0;
    return amount - cf_decision_fee_back(decision, input->pledge_id, amount);
}

static uint32_t decide_orphan(struct cf_decision *decision, const struct input *input,
                              struct cf_id refund_id)
{
    const struct cf_refund *refund = cf_decision_refund(decision, refund_id);
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (refund->disputed_minor > 0 || refund->lost_minor > 0)
        return NOT_CHARGED;
    if (input->currency != pledge->currency || cf_money_minor(input->amount) > refund->amount_minor)
        return AMOUNT_MISMATCH;
    CF_EMIT(decision, pledge_orphan_disputed, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = refund_id,
            .currency = pledge->currency, .amount = input->amount, .fee = input->fee,
            .dispute = input->dispute, .balance_transaction = input->balance_transaction);
    return ACCEPTED;
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (cf_decision_knows(decision, CF_LOOKUP_BALANCE_TRANSACTION, input->balance_transaction))
        return ALREADY_KNOWN;
    if (input->charge.size > 0 &&
        !cf_decision_leads_to(decision, CF_LOOKUP_CHARGE, input->charge, input->pledge_id))
        return CHARGE_UNKNOWN;
    struct cf_id refund_id;
    if (cf_decision_orphan(decision, input->charge, &refund_id))
        return decide_orphan(decision, input, refund_id);
    if (!cf_pledge_is_disputable(pledge))
        return NOT_CHARGED;
    if (input->currency != pledge->currency ||
        cf_money_minor(input->amount) > pledge->captured_minor)
        return AMOUNT_MISMATCH;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    struct cf_purse purse;
    cf_purse_open(decision, pledge->campaign_id, creators_part(decision, input, campaign, pledge),
                  &purse);
    cf_purse_take_payable(&purse);
    cf_purse_take_reserve(&purse);
    cf_purse_take_receivable(&purse);
    bool creator_bears = campaign->processor_fee_bearer == CF_BEARER_CREATOR;
    CF_EMIT(decision, pledge_disputed, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .creator_id = campaign->creator_id,
            .currency = pledge->currency, .amount = input->amount, .fee = input->fee,
            .dispute = input->dispute, .balance_transaction = input->balance_transaction,
            .fee_to_creator = creator_bears ? input->fee : cf_money_of(0),
            .hold_from_payable = cf_money_of(purse.payable),
            .hold_from_reserve = cf_money_of(purse.reserve),
            .hold_from_receivable = cf_money_of(purse.receivable));
    cf_decide_netting(decision, campaign->creator_id, campaign->currency);
    return ACCEPTED;
}
