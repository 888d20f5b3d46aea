/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a role away. Nobody takes the last step back alone: an admin keeps their own role. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_revoke_role
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   user_id)      \
    F(2, role, role)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only an admin takes roles away.")                                    \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, ROLE_NOT_HELD, 409, "The person does not have this role.")                                \
    V(4, OWN_ADMIN_ROLE, 403, "An admin does not take their own role.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_has_role(decision, CF_ROLE_ADMIN))
        return NOT_PERMITTED;
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    if (!cf_user_has_role(user, input->role))
        return ROLE_NOT_HELD;
    if (input->role == CF_ROLE_ADMIN && cf_actor_is(decision, input->user_id))
        return OWN_ADMIN_ROLE;
    CF_EMIT(decision, user_role_revoked, .user_id = input->user_id, .role = input->role);
    return ACCEPTED;
}
