/* SPDX-License-Identifier: Apache-2.0 */
/* From now on a login needs a second factor. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_enable_mfa
#define CF_COMMAND_FIELDS(F) \
    F(1, id, user_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person does this for themselves.")                                 \
    V(2, ALREADY_ENABLED, 409, "The second factor is on.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (user->mfa)
        return ALREADY_ENABLED;
    CF_EMIT(decision, user_mfa_enabled, .user_id = input->user_id);
    return ACCEPTED;
}
