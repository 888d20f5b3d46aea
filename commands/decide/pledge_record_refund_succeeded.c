/* SPDX-License-Identifier: Apache-2.0 */
/* The provider gave the money back. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_refund_succeeded
#define CF_COMMAND_FIELDS(F)     \
    F(1, id,       refund_id)    \
    F(2, token,    refund)       \
    F(3, amount,   amount)       \
    F(4, currency, currency)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, REFUND_UNKNOWN, 404, "There is no such refund.")                                          \
    V(3, NOT_EXPECTED, 409, "The refund is settled already.")                                      \
    V(4, AMOUNT_MISMATCH, 409, "Amount or currency are not ours.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_refund *refund = cf_decision_refund(decision, input->refund_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (refund == NULL)
        return REFUND_UNKNOWN;
    /* What is known by its name has left once; it may have come back since. */
    if ((refund->state != CF_REFUND_REQUESTED && refund->state != CF_REFUND_FAILED) ||
        cf_decision_knows(decision, CF_LOOKUP_REFUND, input->refund))
        return NOT_EXPECTED;
    const struct cf_pledge *pledge = cf_decision_pledge(decision, refund->pledge_id);
    if (cf_money_minor(input->amount) != refund->amount_minor ||
        input->currency != pledge->currency)
        return AMOUNT_MISMATCH;
    CF_EMIT(decision, pledge_refund_succeeded, .pledge_id = refund->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = input->refund_id,
            .currency = input->currency, .amount = input->amount, .refund = input->refund);
    cf_decide_mail(decision, pledge->backer_id, CF_MAIL_REFUND_DONE, refund->pledge_id);
    return ACCEPTED;
}
