/* SPDX-License-Identifier: Apache-2.0 */
/* The transfer came back. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME payout_record_reversed
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    payout_id)   \
    F(2, token, reversal)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PAYOUT_UNKNOWN, 404, "There is no such payout.")                                          \
    V(3, NOT_EXPECTED, 409, "The payout is at another point.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_payout *payout = cf_decision_payout(decision, input->payout_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (payout == NULL)
        return PAYOUT_UNKNOWN;
    if (payout->state != CF_PAYOUT_REVERSING && payout->state != CF_PAYOUT_INITIATED &&
        payout->state != CF_PAYOUT_FAILED)
        return NOT_EXPECTED;
    CF_EMIT(decision, payout_reversed, .payout_id = input->payout_id,
            .creator_id = payout->creator_id, .currency = payout->currency,
            .amount = cf_money_of(payout->amount_minor),
            .account = cf_token_bytes(&payout->account), .reversal = input->reversal,
            .had_failed = cf_payout_had_failed(payout));
    cf_decide_netting(decision, payout->creator_id, payout->currency);
    return ACCEPTED;
}
