/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bank took money back until it decides. Once the campaign is settled, the creator's part of it is
 * held; before that it still lies in escrow. The dispute's fee falls on whom the campaign's terms
 * name.
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
    F(6, token,      balance_transaction)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, ALREADY_KNOWN, 409, "This dispute is recorded.")                                          \
    V(4, NOT_CHARGED, 409, "Nothing of this pledge can be disputed.")                              \
    V(5, AMOUNT_MISMATCH, 409, "More than is left of the charge, or another currency.")
/* clang-format on */
#include "commands/decide/define.h"

/* What is held: nothing before the settlement, and not what the platform would give back. */
static int64_t creators_part(const struct cf_decision *decision, const struct input *input,
                             const struct cf_campaign *campaign, const struct cf_pledge *pledge)
{
    int64_t amount = cf_money_minor(input->amount);
    if (!cf_pledge_is_settled(campaign, pledge))
        return 0;
    return amount - cf_decision_fee_back(decision, input->pledge_id, amount);
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (cf_token_equals(&pledge->dispute, input->dispute))
        return ALREADY_KNOWN;
    if (!cf_pledge_is_disputable(pledge))
        return NOT_CHARGED;
    if (input->currency != pledge->currency ||
        cf_money_minor(input->amount) > pledge->captured_minor - pledge->refunded_minor)
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
    return ACCEPTED;
}
