/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The creator wants to be paid out: asks the provider for a connected account. Where it does not
 * offer one for the currency, say so before any pledge is taken.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_request_payout_account
#define CF_COMMAND_FIELDS(F) \
    F(1, id,       user_id)  \
    F(2, text,     country)  \
    F(3, currency, currency)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person does this for themselves.")                                 \
    V(2, ALREADY_LINKED, 409, "The person has an account.")                                        \
    V(3, ALREADY_REQUESTED, 409, "The provider is asked already.")                                 \
    V(4, CURRENCY_NOT_PAID_OUT, 422, "The provider pays nothing out in this currency.")            \
    V(5, COUNTRY_NOT_OFFERED, 422, "The provider opens no accounts in this country.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (!cf_token_is_empty(&user->account))
        return ALREADY_LINKED;
    if (user->account_requested)
        return ALREADY_REQUESTED;
    if (!cf_policy_paid_out(input->currency))
        return CURRENCY_NOT_PAID_OUT;
    if (!cf_policy_country_offered(input->country))
        return COUNTRY_NOT_OFFERED;
    CF_EMIT(decision, user_payout_account_requested, .user_id = input->user_id,
            .country = input->country, .currency = input->currency);
    return ACCEPTED;
}
