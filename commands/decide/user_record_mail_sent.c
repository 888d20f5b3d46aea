/* SPDX-License-Identifier: Apache-2.0 */
/* The letter left. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_record_mail_sent
#define CF_COMMAND_FIELDS(F) \
    F(1, id,   user_id)      \
    F(2, mail, mail)         \
    F(3, u64,  requested_by)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, NOT_REQUESTED, 409, "No such letter waits.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (user == NULL)
        return USER_UNKNOWN;
    if (!cf_decision_awaits(decision, cf_id_of_number(input->requested_by), CF_REQUEST_MAIL))
        return NOT_REQUESTED;
    CF_EMIT(decision, user_mail_sent, .user_id = input->user_id, .mail = input->mail,
            .requested_by = input->requested_by);
    return ACCEPTED;
}
