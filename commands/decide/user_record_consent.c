/* SPDX-License-Identifier: Apache-2.0 */
/* Consent to one purpose under one version of its text, or its withdrawal. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_record_consent
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   user_id)      \
    F(2, text, purpose)      \
    F(3, text, version)      \
    F(4, bool, granted)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person does this for themselves.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    CF_EMIT(decision, user_consent_recorded, .user_id = input->user_id, .purpose = input->purpose,
            .version = input->version, .granted = input->granted);
    return ACCEPTED;
}
