/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a simulated ledger's clock forward: at most to the next due timer, and only when no timer
 * is due and no request open.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME clock_advance
#define CF_COMMAND_FIELDS(F) \
    F(1, time, to)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only an admin moves the clock.")                                     \
    V(2, CLOCK_IS_REAL, 409, "This ledger runs on real time.")                                     \
    V(3, BACKWARDS, 422, "Time moves forward alone.")                                              \
    V(4, TIMER_DUE, 409, "A timer is due; wait until it has been fired.")                          \
    V(5, REQUEST_OPEN, 409, "A provider is asked; wait until it has answered.")                    \
    V(6, PAST_NEXT_TIMER, 409, "A timer is due before that.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_ledger *ledger = cf_decision_ledger(decision);
    if (!cf_actor_has_role(decision, CF_ROLE_ADMIN))
        return NOT_PERMITTED;
    if (ledger->clock != CF_CLOCK_SIMULATED)
        return CLOCK_IS_REAL;
    if (input->to <= decision->now_us)
        return BACKWARDS;
    int64_t next_us = decision->facts->timer_next(decision);
    if (next_us <= decision->now_us)
        return TIMER_DUE;
    if (decision->facts->requests_any(decision))
        return REQUEST_OPEN;
    if (next_us < input->to)
        return PAST_NEXT_TIMER;
    CF_EMIT(decision, clock_advanced, .from = decision->now_us, .to = input->to);
    return ACCEPTED;
}
