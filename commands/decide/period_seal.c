/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes a calendar month: nothing before its last record changes any more. The hash is that of
 * the trial balance there.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME period_seal
#define CF_COMMAND_FIELDS(F)     \
    F(1, u32,  period)           \
    F(2, u64,  through_sequence) \
    F(3, hash, balances_hash)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only finance closes a period.")                                      \
    V(2, NO_SUCH_MONTH, 422, "A period is a year and a month, such as 202611.")                    \
    V(3, ALREADY_SEALED, 409, "That period, or a later one, is sealed.")                           \
    V(4, NOT_OVER, 409, "The month is not over.")
/* clang-format on */
#include "commands/decide/define.h"

static bool is_over(uint32_t period, int64_t now_us)
{
    struct cf_civil_time now = cf_time_to_civil(now_us);
    return (uint32_t)(now.year * 100 + now.month) > period;
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_ledger *ledger = cf_decision_ledger(decision);
    if (!cf_actor_has_role(decision, CF_ROLE_FINANCE) && !cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (input->period % 100 < 1 || input->period % 100 > 12 || input->period < 197001)
        return NO_SUCH_MONTH;
    if (input->period <= ledger->sealed_period || input->through_sequence < ledger->sealed_through)
        return ALREADY_SEALED;
    if (!is_over(input->period, decision->now_us))
        return NOT_OVER;
    CF_EMIT(decision, period_sealed, .period = input->period,
            .through_sequence = input->through_sequence, .balances_hash = input->balances_hash);
    return ACCEPTED;
}
