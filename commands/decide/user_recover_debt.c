/* SPDX-License-Identifier: Apache-2.0 */
/* A debt came back from outside. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_recover_debt
#define CF_COMMAND_FIELDS(F) \
    F(1, id,       user_id)  \
    F(2, currency, currency) \
    F(3, amount,   amount)   \
    F(4, recovery, source)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance does this.")                                            \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, MORE_THAN_OWED, 409, "The creator owes less.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (user == NULL)
        return USER_UNKNOWN;
    int64_t owed =
        cf_decision_balance(decision, CF_ACCOUNT_RECEIVABLE, input->currency, input->user_id);
    if (cf_money_is_zero(input->amount) || cf_money_minor(input->amount) > owed)
        return MORE_THAN_OWED;
    CF_EMIT(decision, user_debt_recovered, .user_id = input->user_id, .currency = input->currency,
            .amount = input->amount, .source = input->source);
    return ACCEPTED;
}
