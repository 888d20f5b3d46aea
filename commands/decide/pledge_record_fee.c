/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor's fee, as its balance transaction says; it is never computed. It falls on whom the
 * campaign's terms name. A creator's fee comes out of escrow, and what escrow no longer covers out
 * of what is payable, then is owed. The fee of money that was orphaned is the platform's.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_fee
#define CF_COMMAND_FIELDS(F)            \
    F(1, id,       pledge_id)           \
    F(2, token,    charge)              \
    F(3, amount,   fee)                 \
    F(4, currency, currency)            \
    F(5, token,    balance_transaction) \
    F(6, opt_time, available_at)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, ALREADY_KNOWN, 409, "This balance transaction is recorded.")                              \
    V(4, CHARGE_UNKNOWN, 409, "The pledge has no such charge, or not yet.")                                   \
    V(5, CURRENCY_MISMATCH, 409, "The fee is in another currency.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (cf_decision_knows(decision, CF_LOOKUP_BALANCE_TRANSACTION, input->balance_transaction))
        return ALREADY_KNOWN;
    if (!cf_decision_leads_to(decision, CF_LOOKUP_CHARGE, input->charge, input->pledge_id))
        return CHARGE_UNKNOWN;
    if (input->currency != pledge->currency)
        return CURRENCY_MISMATCH;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    bool ours = cf_bytes_equal(cf_token_bytes(&pledge->charge), input->charge);
    bool creator_bears = ours && campaign->processor_fee_bearer == CF_BEARER_CREATOR;
    struct cf_purse purse;
    cf_purse_open(decision, pledge->campaign_id, cf_money_minor(input->fee), &purse);
    if (creator_bears) {
        cf_purse_take_escrow(&purse);
        cf_purse_take_payable(&purse);
        cf_purse_take_receivable(&purse);
    }
    CF_EMIT(decision, pledge_fee_recorded, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .creator_id = campaign->creator_id,
            .currency = input->currency, .fee = input->fee,
            .balance_transaction = input->balance_transaction, .available_at = input->available_at,
            .from_escrow = cf_money_of(purse.escrow), .from_payable = cf_money_of(purse.payable),
            .from_receivable = cf_money_of(purse.receivable),
            .from_platform = cf_money_of(purse.rest));
    return ACCEPTED;
}
