/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's own list of notices was read up to here. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME provider_record_poll
#define CF_COMMAND_FIELDS(F)  \
    F(1, token, newest_event) \
    F(2, time,  up_to)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    CF_EMIT(decision, provider_events_polled, .newest_event = input->newest_event,
            .up_to = input->up_to);
    return ACCEPTED;
}
