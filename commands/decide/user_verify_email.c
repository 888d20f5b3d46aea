/* SPDX-License-Identifier: Apache-2.0 */
/* The address answered: whoever has the letter proves it. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_verify_email
#define CF_COMMAND_FIELDS(F) \
    F(1, id, user_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person verifies their own address.")                               \
    V(2, ALREADY_VERIFIED, 409, "The address is verified.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    if (user->email_verified)
        return ALREADY_VERIFIED;
    CF_EMIT(decision, user_email_verified, .user_id = input->user_id);
    return ACCEPTED;
}
