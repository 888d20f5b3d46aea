/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for the bank payout again, from the connected account. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME payout_retry
#define CF_COMMAND_FIELDS(F) \
    F(1, id, payout_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance, the creator or time asks again.")                      \
    V(2, PAYOUT_UNKNOWN, 404, "There is no such payout.")                                          \
    V(3, NOT_FAILED, 409, "The payout has not failed.")                                            \
    V(4, NOT_COVERED, 409, "What is payable no longer covers it.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_payout *payout = cf_decision_payout(decision, input->payout_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM) && !cf_actor_has_role(decision, CF_ROLE_FINANCE) &&
        (payout == NULL || !cf_actor_is_active(decision, payout->creator_id)))
        return NOT_PERMITTED;
    if (payout == NULL)
        return PAYOUT_UNKNOWN;
    if (payout->state != CF_PAYOUT_FAILED)
        return NOT_FAILED;
    if (payout->amount_minor >
        cf_decision_payable_whole(decision, payout->creator_id, payout->currency))
        return NOT_COVERED;
    CF_EMIT(decision, payout_retried, .payout_id = input->payout_id,
            .creator_id = payout->creator_id, .currency = payout->currency,
            .amount = cf_money_of(payout->amount_minor),
            .account = cf_token_bytes(&payout->account), .attempt = payout->attempt + 1);
    return ACCEPTED;
}
