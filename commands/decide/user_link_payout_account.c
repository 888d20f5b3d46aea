/* SPDX-License-Identifier: Apache-2.0 */
/* The provider opened the connected account. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_link_payout_account
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    user_id)     \
    F(2, token, account)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, ALREADY_LINKED, 409, "The person has an account.")                                        \
    V(4, ACCOUNT_TAKEN, 409, "The account is another person's.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (user == NULL)
        return USER_UNKNOWN;
    if (!cf_token_is_empty(&user->account))
        return ALREADY_LINKED;
    if (cf_decision_knows(decision, CF_LOOKUP_ACCOUNT, input->account))
        return ACCOUNT_TAKEN;
    CF_EMIT(decision, user_payout_account_linked, .user_id = input->user_id,
            .account = input->account);
    return ACCEPTED;
}
