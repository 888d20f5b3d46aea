/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject's key is to be destroyed: its sealed fields read as erased from then on. Amounts,
 * dates and ids stay.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME subject_erase
#define CF_COMMAND_FIELDS(F) \
    F(1, id, subject_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the person, the creator or compliance does this.")              \
    V(2, SUBJECT_UNKNOWN, 404, "There is no such person or campaign.")                             \
    V(3, ALREADY_ERASED, 409, "The subject was erased.")                                           \
    V(4, LEGAL_HOLD, 409, "A legal hold stands.")
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
    if (subject.erased)
        return ALREADY_ERASED;
    if (subject.held)
        return LEGAL_HOLD;
    CF_EMIT(decision, subject_erased, .subject_id = input->subject_id, .newest = subject.newest);
    return ACCEPTED;
}
