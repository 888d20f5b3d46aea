/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A letter to a person is to be sent. `secret_reference` leads the gateway to a secret in the
 * keeper.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_request_mail
#define CF_COMMAND_FIELDS(F)          \
    F(1, id,        user_id)          \
    F(2, mail,      mail)             \
    F(3, opt_id,    about)            \
    F(4, opt_token, secret_reference)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the person, the keeper or the staff asks for it.")              \
    V(2, USER_UNKNOWN, 404, "There is no such person.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is(decision, CF_ACTOR_KEEPER) && !cf_actor_is_active(decision, input->user_id) &&
        !cf_actor_has_role(decision, CF_ROLE_ADMIN))
        return NOT_PERMITTED;
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    CF_EMIT(decision, user_mail_requested, .user_id = input->user_id, .mail = input->mail,
            .about = input->about, .secret_reference = input->secret_reference);
    return ACCEPTED;
}
