/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the provider once more to give the money back. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_retry_refund
#define CF_COMMAND_FIELDS(F) \
    F(1, id, refund_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance does this.")                                            \
    V(2, REFUND_UNKNOWN, 404, "There is no such refund.")                                          \
    V(3, NOT_FAILED, 409, "The refund has not failed.")                                            \
    V(4, DISPUTED, 409, "The bank has, or has had, the charge back: nothing is owed twice.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_refund *refund = cf_decision_refund(decision, input->refund_id);
    if (!cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (refund == NULL)
        return REFUND_UNKNOWN;
    if (refund->state != CF_REFUND_FAILED)
        return NOT_FAILED;
    const struct cf_pledge *pledge = cf_decision_pledge(decision, refund->pledge_id);
    if (cf_refund_is_contested(pledge, refund))
        return DISPUTED;
    CF_EMIT(decision, pledge_refund_retried, .pledge_id = refund->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = input->refund_id,
            .currency = pledge->currency, .amount = cf_money_of(refund->amount_minor),
            .charge = cf_token_bytes(&refund->charge), .attempt = refund->attempt + 1);
    return ACCEPTED;
}
