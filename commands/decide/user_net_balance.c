/* SPDX-License-Identifier: Apache-2.0 */
/* New proceeds pay a debt of the creator, as far as they go. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_net_balance
#define CF_COMMAND_FIELDS(F) \
    F(1, id,       user_id)  \
    F(2, currency, currency)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance or time does this.")                                    \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, NOTHING_TO_NET, 409, "There is no debt, or nothing to pay it with.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM) && !cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (user == NULL)
        return USER_UNKNOWN;
    int64_t owed =
        cf_decision_balance(decision, CF_ACCOUNT_RECEIVABLE, input->currency, input->user_id);
    int64_t payable = cf_decision_payable_whole(decision, input->user_id, input->currency);
    int64_t netted = owed < payable ? owed : payable;
    if (netted == 0)
        return NOTHING_TO_NET;
    CF_EMIT(decision, user_balance_netted, .user_id = input->user_id, .currency = input->currency,
            .amount = cf_money_of(netted));
    return ACCEPTED;
}
