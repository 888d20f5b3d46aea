/* SPDX-License-Identifier: Apache-2.0 */
/* News of what the connected account may do. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_update_payout_account
#define CF_COMMAND_FIELDS(F)          \
    F(1, id,       user_id)           \
    F(2, token,    account)           \
    F(3, bool,     charges_enabled)   \
    F(4, bool,     payouts_enabled)   \
    F(5, bool,     details_submitted) \
    F(6, opt_text, disabled_reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, ACCOUNT_UNKNOWN, 409, "The person has another account.")                                  \
    V(4, NOTHING_CHANGES, 409, "The account is so already.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (user == NULL)
        return USER_UNKNOWN;
    if (!cf_token_equals(&user->account, input->account))
        return ACCOUNT_UNKNOWN;
    if (user->charges_enabled == input->charges_enabled &&
        user->payouts_enabled == input->payouts_enabled &&
        user->details_submitted == input->details_submitted)
        return NOTHING_CHANGES;
    CF_EMIT(
        decision, user_payout_account_updated, .user_id = input->user_id, .account = input->account,
        .charges_enabled = input->charges_enabled, .payouts_enabled = input->payouts_enabled,
        .details_submitted = input->details_submitted, .disabled_reason = input->disabled_reason);
    return ACCEPTED;
}
