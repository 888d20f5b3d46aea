/* SPDX-License-Identifier: Apache-2.0 */
/* What a charge brought, net of its fee, can be paid out from now on. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_funds_available
#define CF_COMMAND_FIELDS(F)            \
    F(1, id,       pledge_id)           \
    F(2, token,    balance_transaction) \
    F(3, amount,   amount)              \
    F(4, currency, currency)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, FEE_NOT_RECORDED, 409, "The pledge has no such balance transaction, or not yet.")         \
    V(4, ALREADY_KNOWN, 409, "All that the charge brought is available.")                          \
    V(5, AMOUNT_MISMATCH, 409, "More would become available than the charge brought.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_decision_leads_to(decision, CF_LOOKUP_BALANCE_TRANSACTION, input->balance_transaction,
                              input->pledge_id))
        return FEE_NOT_RECORDED;
    if (pledge->pending_minor == 0)
        return ALREADY_KNOWN;
    if (input->currency != pledge->currency ||
        cf_money_minor(input->amount) > pledge->pending_minor)
        return AMOUNT_MISMATCH;
    CF_EMIT(decision, pledge_funds_available, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = input->currency,
            .amount = input->amount, .balance_transaction = input->balance_transaction);
    return ACCEPTED;
}
