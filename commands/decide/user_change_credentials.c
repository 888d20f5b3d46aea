/* SPDX-License-Identifier: Apache-2.0 */
/* A credential changed in the keeper; what it is never leaves the vault. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_change_credentials
#define CF_COMMAND_FIELDS(F)     \
    F(1, id,         user_id)    \
    F(2, credential, credential)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person changes their own, or the keeper says so.")                 \
    V(2, USER_UNKNOWN, 404, "There is no such person.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is(decision, CF_ACTOR_KEEPER) && !cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    CF_EMIT(decision, user_credentials_changed, .user_id = input->user_id,
            .credential = input->credential);
    return ACCEPTED;
}
