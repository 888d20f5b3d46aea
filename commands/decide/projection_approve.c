/* SPDX-License-Identifier: Apache-2.0 */
/* Finance compared a rebuilt read model with the live one and approves it. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME projection_approve
#define CF_COMMAND_FIELDS(F)     \
    F(1, text, model)            \
    F(2, u64,  through_sequence) \
    F(3, hash, digest)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance does this.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    CF_EMIT(decision, projection_approved, .model = input->model,
            .through_sequence = input->through_sequence, .digest = input->digest);
    return ACCEPTED;
}
