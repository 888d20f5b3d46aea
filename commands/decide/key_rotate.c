/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints are signed by a new key from here on. The old key's signature of the new one's name
 * comes along.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME key_rotate
#define CF_COMMAND_FIELDS(F)     \
    F(1, text, old_verifier_key) \
    F(2, text, new_verifier_key) \
    F(3, text, signature)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the operator rotates keys.")                                    \
    V(2, SAME_KEY, 422, "The new key is the old one.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_OPERATOR))
        return NOT_PERMITTED;
    if (cf_bytes_equal(input->old_verifier_key, input->new_verifier_key))
        return SAME_KEY;
    CF_EMIT(decision, key_rotated, .old_verifier_key = input->old_verifier_key,
            .new_verifier_key = input->new_verifier_key, .signature = input->signature);
    return ACCEPTED;
}
