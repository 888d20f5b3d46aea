/* SPDX-License-Identifier: Apache-2.0 */
/* The creator begins to prove who they are. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_start_identity_check
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    user_id)     \
    F(2, token, check)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person does this for themselves.")                                 \
    V(2, ALREADY_PASSED, 409, "Who this is has been established.")                                 \
    V(3, UNDER_WAY, 409, "The check is under way.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (user->identity == CF_IDENTITY_PASSED)
        return ALREADY_PASSED;
    if (user->identity == CF_IDENTITY_STARTED)
        return UNDER_WAY;
    CF_EMIT(decision, user_identity_check_started, .user_id = input->user_id,
            .check = input->check);
    return ACCEPTED;
}
