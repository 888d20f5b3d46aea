/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor's fee, as its balance transaction says; it is never computed. Mostly it comes with the charge
 * (pledge_record_captured); this is for one that comes later.
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
    const struct cf_decide_fee fee = {.pledge_id = input->pledge_id,
                                      .charge = input->charge,
                                      .amount = input->fee,
                                      .balance_transaction = input->balance_transaction,
                                      .available_at = input->available_at};
    cf_decide_fee(decision, &fee);
    return ACCEPTED;
}
