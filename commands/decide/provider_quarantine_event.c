/* SPDX-License-Identifier: Apache-2.0 */
/* A notice contradicts our books: it is kept apart, and nothing is posted. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME provider_quarantine_event
#define CF_COMMAND_FIELDS(F)     \
    F(1, token,        event)    \
    F(2, text,         reason)   \
    F(3, opt_token,    object)   \
    F(4, opt_amount,   amount)   \
    F(5, opt_currency, currency)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, NOT_WAITING, 409, "No such notice waits to be looked into.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (!cf_decision_awaits_notice(decision, input->event))
        return NOT_WAITING;
    CF_EMIT(decision, provider_event_quarantined, .event = input->event, .reason = input->reason,
            .object = input->object, .amount = input->amount, .currency = input->currency);
    return ACCEPTED;
}
