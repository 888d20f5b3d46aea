/* SPDX-License-Identifier: Apache-2.0 */
/* The provider could not be reached, or asked to wait: the request is a timer until then. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME request_defer
#define CF_COMMAND_FIELDS(F)  \
    F(1, id,      subject_id) \
    F(2, request, request)    \
    F(3, time,    retry_at)   \
    F(4, text,    reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, NOT_OPEN, 409, "No such request is open.")                                                \
    V(3, IN_THE_PAST, 422, "That time has passed.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    uint64_t requested_by = cf_decision_requested_by(decision, input->subject_id, input->request);
    if (requested_by == 0)
        return NOT_OPEN;
    if (input->retry_at <= decision->now_us)
        return IN_THE_PAST;
    const struct cf_deferred *deferred =
        cf_decision_deferred(decision, input->subject_id, input->request);
    CF_EMIT(decision, request_deferred, .subject_id = input->subject_id, .request = input->request,
            .requested_by = requested_by, .retry_at = input->retry_at,
            .attempt = deferred == NULL ? 1 : deferred->attempt + 1, .reason = input->reason);
    return ACCEPTED;
}
