/* SPDX-License-Identifier: Apache-2.0 */
/* The suspension is over. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_reinstate
#define CF_COMMAND_FIELDS(F) \
    F(1, id, user_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only a moderator or compliance does this.")                          \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, NOT_SUSPENDED, 409, "The person is not suspended.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_has_role(decision, CF_ROLE_MODERATOR) &&
        !cf_actor_has_role(decision, CF_ROLE_COMPLIANCE))
        return NOT_PERMITTED;
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    if (user->state != CF_USER_SUSPENDED)
        return NOT_SUSPENDED;
    CF_EMIT(decision, user_reinstated, .user_id = input->user_id);
    return ACCEPTED;
}
