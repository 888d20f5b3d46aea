/* SPDX-License-Identifier: Apache-2.0 */
/* A login needs the password alone again; also by an admin, for who lost everything. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_disable_mfa
#define CF_COMMAND_FIELDS(F) \
    F(1, id, user_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the person or an admin turns it off.")                          \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, NOT_ENABLED, 409, "The second factor is off.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is_active(decision, input->user_id) &&
        !cf_actor_has_role(decision, CF_ROLE_ADMIN))
        return NOT_PERMITTED;
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    if (!user->mfa)
        return NOT_ENABLED;
    CF_EMIT(decision, user_mfa_disabled, .user_id = input->user_id);
    return ACCEPTED;
}
