/* SPDX-License-Identifier: Apache-2.0 */
/* A notice has been looked into; its effects, if any, are recorded. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME provider_settle_event
#define CF_COMMAND_FIELDS(F) \
    F(1, token, event)
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
    CF_EMIT(decision, provider_event_settled, .event = input->event);
    return ACCEPTED;
}
