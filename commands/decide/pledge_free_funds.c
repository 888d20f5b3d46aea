/* SPDX-License-Identifier: Apache-2.0 */
/* What a charge brought becomes available on the day that its balance transaction named. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_free_funds
#define CF_COMMAND_FIELDS(F) \
    F(1, id, pledge_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOTHING_PENDING, 409, "Nothing of this charge is pending.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (pledge->pending_minor == 0)
        return NOTHING_PENDING;
    CF_EMIT(decision, pledge_funds_available, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .amount = cf_money_of(pledge->pending_minor),
            .balance_transaction = cf_token_bytes(&pledge->balance_transaction));
    return ACCEPTED;
}
