/* SPDX-License-Identifier: Apache-2.0 */
/* Who the creator is has been established. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_pass_identity_check
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    user_id)     \
    F(2, token, check)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway or compliance says so.")                            \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, NOT_UNDER_WAY, 409, "No check is under way.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY) &&
        !cf_actor_has_role(decision, CF_ROLE_COMPLIANCE))
        return NOT_PERMITTED;
    if (user == NULL)
        return USER_UNKNOWN;
    if (user->identity != CF_IDENTITY_STARTED)
        return NOT_UNDER_WAY;
    CF_EMIT(decision, user_identity_check_passed, .user_id = input->user_id, .check = input->check);
    return ACCEPTED;
}
