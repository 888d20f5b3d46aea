/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a person a role. Everybody may make themselves a creator; the rest is the admins' to give. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_grant_role
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   user_id)      \
    F(2, role, role)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only an admin grants this role.")                                    \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, ROLE_HELD, 409, "The person has this role already.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    bool becomes_creator =
        input->role == CF_ROLE_CREATOR && cf_actor_is_active(decision, input->user_id);
    if (!becomes_creator && !cf_actor_has_role(decision, CF_ROLE_ADMIN))
        return NOT_PERMITTED;
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    if (cf_user_has_role(user, input->role))
        return ROLE_HELD;
    CF_EMIT(decision, user_role_granted, .user_id = input->user_id, .role = input->role);
    return ACCEPTED;
}
