/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes an account. The keeper has reserved the subject and sealed the fields before; everybody
 * who registers may back campaigns, and is asked by letter whether the address is theirs.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_register
#define CF_COMMAND_FIELDS(F)         \
    F(1, id,         user_id)        \
    F(2, sealed,     email)          \
    F(3, opt_sealed, display_name)   \
    F(4, text,       terms_version)  \
    F(5, bool,       imported)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person registers for themselves, or is imported by the staff.")    \
    V(2, USER_EXISTS, 409, "There is an account with this id.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    bool staff =
        cf_actor_is(decision, CF_ACTOR_OPERATOR) || cf_actor_has_role(decision, CF_ROLE_ADMIN);
    if (!staff && (input->imported || !cf_actor_is(decision, input->user_id)))
        return NOT_PERMITTED;
    if (cf_decision_user(decision, input->user_id) != NULL)
        return USER_EXISTS;
    CF_EMIT(decision, user_registered, .user_id = input->user_id, .email = input->email,
            .display_name = input->display_name, .terms_version = input->terms_version,
            .imported = input->imported);
    CF_EMIT(decision, user_role_granted, .user_id = input->user_id, .role = CF_ROLE_BACKER);
    if (!input->imported)
        CF_EMIT(decision, user_mail_requested, .user_id = input->user_id,
                .mail = CF_MAIL_VERIFY_ADDRESS);
    return ACCEPTED;
}
