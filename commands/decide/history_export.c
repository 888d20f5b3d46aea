/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subject's whole history is handed out. How many records name it, and the newest of them, come
 * from whoever drives the decision.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME history_export
#define CF_COMMAND_FIELDS(F) \
    F(1, id, subject_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the person, the creator or compliance does this.")              \
    V(2, SUBJECT_UNKNOWN, 404, "There is no such person or campaign.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    struct cf_decision_subject subject = {0};
    if (!cf_actor_owns_subject(decision, input->subject_id) &&
        !cf_actor_has_role(decision, CF_ROLE_COMPLIANCE))
        return NOT_PERMITTED;
    if (!cf_decision_subject(decision, input->subject_id, &subject))
        return SUBJECT_UNKNOWN;
    CF_EMIT(decision, history_exported, .subject_id = input->subject_id,
            .count = subject.record_count, .newest = subject.newest);
    return ACCEPTED;
}
