/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing of this person may be erased while any hold stands. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_place_legal_hold
#define CF_COMMAND_FIELDS(F)   \
    F(1, id,   user_id)        \
    F(2, text, case_reference)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only compliance does this.")                                         \
    V(2, USER_UNKNOWN, 404, "There is no such person.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_has_role(decision, CF_ROLE_COMPLIANCE))
        return NOT_PERMITTED;
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    CF_EMIT(decision, user_legal_hold_placed, .user_id = input->user_id,
            .case_reference = input->case_reference);
    return ACCEPTED;
}
