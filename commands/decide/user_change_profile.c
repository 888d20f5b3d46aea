/* SPDX-License-Identifier: Apache-2.0 */
/* What others see of a person. An absent field stays as it is. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_change_profile
#define CF_COMMAND_FIELDS(F)       \
    F(1, id,         user_id)      \
    F(2, opt_sealed, display_name) \
    F(3, opt_sealed, biography)    \
    F(4, opt_sealed, location)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person does this for themselves.")                                 \
    V(2, NOTHING_CHANGES, 422, "Name at least one field.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    if (input->display_name.ciphertext.size + input->biography.ciphertext.size +
            input->location.ciphertext.size ==
        0)
        return NOTHING_CHANGES;
    CF_EMIT(decision, user_profile_changed, .user_id = input->user_id,
            .display_name = input->display_name, .biography = input->biography,
            .location = input->location);
    return ACCEPTED;
}
