/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for the transfer back, before the bank payout or after it failed. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME payout_request_reversal
#define CF_COMMAND_FIELDS(F) \
    F(1, id, payout_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance does this.")                                            \
    V(2, PAYOUT_UNKNOWN, 404, "There is no such payout.")                                          \
    V(3, TOO_LATE, 409, "The bank payout is under way or done.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_payout *payout = cf_decision_payout(decision, input->payout_id);
    if (!cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (payout == NULL)
        return PAYOUT_UNKNOWN;
    if (payout->state != CF_PAYOUT_INITIATED && payout->state != CF_PAYOUT_FAILED)
        return TOO_LATE;
    CF_EMIT(decision, payout_reversal_requested, .payout_id = input->payout_id,
            .creator_id = payout->creator_id, .currency = payout->currency,
            .amount = cf_money_of(payout->amount_minor),
            .transfer = cf_token_bytes(&payout->transfer));
    return ACCEPTED;
}
