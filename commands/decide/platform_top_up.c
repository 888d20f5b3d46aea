/* SPDX-License-Identifier: Apache-2.0 */
/* The platform moved its own money to the provider's balance. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME platform_top_up
#define CF_COMMAND_FIELDS(F) \
    F(1, currency, currency) \
    F(2, amount,   amount)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance does this.")                                            \
    V(2, NOTHING, 422, "Name an amount.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (cf_money_is_zero(input->amount))
        return NOTHING;
    CF_EMIT(decision, platform_topped_up, .currency = input->currency, .amount = input->amount);
    return ACCEPTED;
}
