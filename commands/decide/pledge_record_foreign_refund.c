/* SPDX-License-Identifier: Apache-2.0 */
/* A refund that was made at the provider: it is ours from now on, as if we had asked for it. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_foreign_refund
#define CF_COMMAND_FIELDS(F)  \
    F(1, id,       pledge_id) \
    F(2, token,    refund)    \
    F(3, amount,   amount)    \
    F(4, currency, currency)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, ALREADY_KNOWN, 409, "This refund is recorded.")                                           \
    V(4, NOT_CHARGED, 409, "Nothing is left of the charge, or a dispute is open.")                 \
    V(5, AMOUNT_MISMATCH, 409, "More than is left of the charge, or another currency.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (cf_decision_knows(decision, CF_LOOKUP_REFUND, input->refund))
        return ALREADY_KNOWN;
    if (!cf_pledge_holds_money(pledge))
        return NOT_CHARGED;
    if (input->currency != pledge->currency || cf_money_is_zero(input->amount) ||
        cf_money_minor(input->amount) > pledge->captured_minor - pledge->refund_requested_minor)
        return AMOUNT_MISMATCH;
    struct cf_id refund_id = cf_decision_derived_id(decision, input->refund);
    cf_decide_refund(decision, input->pledge_id, refund_id, cf_money_minor(input->amount),
                     CF_REFUND_REASON_REQUESTED_BY_BACKER, CF_INITIATOR_PROVIDER);
    CF_EMIT(decision, pledge_refund_succeeded, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = refund_id, .currency = input->currency,
            .amount = input->amount, .refund = input->refund);
    return ACCEPTED;
}
