/* SPDX-License-Identifier: Apache-2.0 */
/* A new address, which has to be verified again. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_change_email
#define CF_COMMAND_FIELDS(F) \
    F(1, id,     user_id)    \
    F(2, sealed, email)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person does this for themselves.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    CF_EMIT(decision, user_email_changed, .user_id = input->user_id, .email = input->email);
    return ACCEPTED;
}
