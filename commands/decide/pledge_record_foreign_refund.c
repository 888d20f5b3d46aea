/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A refund that was made at the provider: it is ours from now on, as if we had asked for it. Where we
 * owe the very amount already, it is that refund which left.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_foreign_refund
#define CF_COMMAND_FIELDS(F)  \
    F(1, id,       pledge_id) \
    F(2, token,    refund)    \
    F(3, amount,   amount)    \
    F(4, currency, currency)  \
    F(5, opt_token, charge)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, ALREADY_KNOWN, 409, "This refund is recorded.")                                           \
    V(4, NOT_CHARGED, 409, "Nothing was charged.")                                                 \
    V(5, AMOUNT_MISMATCH, 409, "More than is left of the charge, or another currency.")            \
    V(6, CHARGE_UNKNOWN, 409, "The pledge has no such charge, or not yet.")                        \
    V(7, DISPUTED, 409, "The bank has the charge until it decides.")
/* clang-format on */
#include "commands/decide/define.h"

/* Owed, and not by an attempt that may still succeed, unless there is money for one refund alone. */
static bool is_owed(const struct cf_refund *refund, int64_t amount_minor, bool only_one)
{
    return refund->amount_minor == amount_minor &&
           (refund->state == CF_REFUND_FAILED ||
            (only_one && refund->state == CF_REFUND_REQUESTED));
}

/* The refund of the same amount that we owe of this charge, if there is one. */
static bool find_owed(const struct cf_decision *decision, const struct input *input,
                      struct cf_id *ret_refund_id)
{
    int64_t amount = cf_money_minor(input->amount);
    if (cf_decision_orphan(decision, input->charge, ret_refund_id))
        return is_owed(cf_decision_refund(decision, *ret_refund_id), amount, true);
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    bool only_one = amount > pledge->captured_minor - pledge->refund_requested_minor;
    struct cf_id at = pledge->newest_refund;
    while (!cf_id_is_zero(at)) {
        const struct cf_refund *refund = cf_decision_refund(decision, at);
        *ret_refund_id = at;
        if (is_owed(refund, amount, only_one))
            return true;
        at = refund->previous;
    }
    return false;
}

static void emit_succeeded(struct cf_decision *decision, const struct input *input,
                           struct cf_id refund_id)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    CF_EMIT(decision, pledge_refund_succeeded, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = refund_id, .currency = input->currency,
            .amount = input->amount, .refund = input->refund);
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (cf_decision_knows(decision, CF_LOOKUP_REFUND, input->refund))
        return ALREADY_KNOWN;
    if (input->charge.size > 0 &&
        !cf_decision_leads_to(decision, CF_LOOKUP_CHARGE, input->charge, input->pledge_id))
        return CHARGE_UNKNOWN;
    struct cf_id refund_id;
    if (input->currency == pledge->currency && find_owed(decision, input, &refund_id)) {
        emit_succeeded(decision, input, refund_id);
        return ACCEPTED;
    }
    if (pledge->captured_minor == 0)
        return NOT_CHARGED;
    if (pledge->state == CF_PLEDGE_DISPUTED)
        return DISPUTED;
    if (cf_decision_orphan(decision, input->charge, &refund_id) ||
        input->currency != pledge->currency || cf_money_is_zero(input->amount) ||
        cf_money_minor(input->amount) > pledge->captured_minor - pledge->refund_requested_minor)
        return AMOUNT_MISMATCH;
    refund_id = cf_decision_derived_id(decision, input->refund);
    cf_decide_refund(decision, input->pledge_id, refund_id, cf_money_minor(input->amount),
                     CF_REFUND_REASON_REQUESTED_BY_BACKER, CF_INITIATOR_PROVIDER);
    emit_succeeded(decision, input, refund_id);
    return ACCEPTED;
}
