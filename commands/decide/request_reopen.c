/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that waited is open again: its time has come, or the staff wants a parked one tried
 * once more.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME request_reopen
#define CF_COMMAND_FIELDS(F)  \
    F(1, id,      subject_id) \
    F(2, request, request)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time or finance reopens a request.")                            \
    V(2, NOT_WAITING, 409, "No such request waits.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM) && !cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    const struct cf_deferred *deferred =
        cf_decision_deferred(decision, input->subject_id, input->request);
    if (deferred == NULL || deferred->requested_by == 0)
        return NOT_WAITING;
    CF_EMIT(decision, request_reopened, .subject_id = input->subject_id, .request = input->request,
            .requested_by = deferred->requested_by, .attempt = deferred->attempt);
    return ACCEPTED;
}
