/* SPDX-License-Identifier: Apache-2.0 */
/* The provider could not give the money back, at once or after it had left. It stays owed. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_refund_failed
#define CF_COMMAND_FIELDS(F) \
    F(1, id,        refund_id) \
    F(2, text,      reason)    \
    F(3, opt_token, refund)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, REFUND_UNKNOWN, 404, "There is no such refund.")                                          \
    V(3, NOT_EXPECTED, 409, "The refund has failed, or was paid another way.")                     \
    V(4, EARLIER_ATTEMPT, 409, "That attempt is not the refund's last one.")
/* clang-format on */
#include "commands/decide/define.h"

/* News of an attempt that was followed by another one, or of a call that the provider refused because
 * the money had left already: what it says is not true of the refund. */
static bool is_earlier_attempt(const struct cf_decision *decision, const struct cf_refund *refund,
                               struct cf_bytes name)
{
    if (name.size == 0)
        return refund->state == CF_REFUND_SUCCEEDED;
    if (cf_token_equals(&refund->refund, name))
        return false;
    return refund->state == CF_REFUND_SUCCEEDED ||
           cf_decision_knows(decision, CF_LOOKUP_REFUND, name);
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_refund *refund = cf_decision_refund(decision, input->refund_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (refund == NULL)
        return REFUND_UNKNOWN;
    if (refund->state != CF_REFUND_REQUESTED && refund->state != CF_REFUND_SUCCEEDED)
        return NOT_EXPECTED;
    if (is_earlier_attempt(decision, refund, input->refund))
        return EARLIER_ATTEMPT;
    const struct cf_pledge *pledge = cf_decision_pledge(decision, refund->pledge_id);
    CF_EMIT(decision, pledge_refund_failed, .pledge_id = refund->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = input->refund_id,
            .currency = pledge->currency, .amount = cf_money_of(refund->amount_minor),
            .reason = input->reason, .returned = refund->state == CF_REFUND_SUCCEEDED);
    cf_decide_covered(decision, input->refund_id);
    return ACCEPTED;
}
