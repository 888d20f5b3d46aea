/* SPDX-License-Identifier: Apache-2.0 */
/* A request is given up on, with an alarm; somebody has to look. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME request_park
#define CF_COMMAND_FIELDS(F)  \
    F(1, id,      subject_id) \
    F(2, request, request)    \
    F(3, text,    reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, NOT_OPEN, 409, "No such request is open.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    uint64_t requested_by = cf_decision_requested_by(decision, input->subject_id, input->request);
    if (requested_by == 0)
        return NOT_OPEN;
    CF_EMIT(decision, request_parked, .subject_id = input->subject_id, .request = input->request,
            .requested_by = requested_by, .reason = input->reason);
    return ACCEPTED;
}
