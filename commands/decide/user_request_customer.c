/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the provider for a customer, so that the person can save a card. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_request_customer
#define CF_COMMAND_FIELDS(F) \
    F(1, id, user_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person asks for themselves.")                                      \
    V(2, ALREADY_LINKED, 409, "The person has a customer.")                                        \
    V(3, ALREADY_REQUESTED, 409, "The provider is asked already.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (user->customer.text[0] != '\0')
        return ALREADY_LINKED;
    if (cf_decision_awaits(decision, input->user_id, CF_REQUEST_CUSTOMER))
        return ALREADY_REQUESTED;
    CF_EMIT(decision, user_customer_requested, .user_id = input->user_id);
    return ACCEPTED;
}
