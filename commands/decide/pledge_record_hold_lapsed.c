/* SPDX-License-Identifier: Apache-2.0 */
/* The hold ended by itself at the provider. The pledge lives on, errored, and counts as pledged. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_hold_lapsed
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    pledge_id)   \
    F(2, token, intent)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_HELD, 409, "The pledge has no such hold.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (pledge->memo_authorized_minor == 0 || cf_pledge_state_is_terminal(pledge->state) ||
        !cf_bytes_equal(cf_token_bytes(&pledge->intent), input->intent))
        return NOT_HELD;
    CF_EMIT(decision, pledge_hold_lapsed, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .amount = cf_money_of(pledge->memo_authorized_minor), .intent = input->intent);
    return ACCEPTED;
}
