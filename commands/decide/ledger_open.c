/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a ledger: its first command. With a simulated clock, `genesis` is where time begins. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME ledger_open
#define CF_COMMAND_FIELDS(F)     \
    F(1, text,     origin)       \
    F(2, clock,    clock)        \
    F(3, opt_time, genesis)      \
    F(4, text,     verifier_key)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the operator opens a ledger.")                                  \
    V(2, ALREADY_OPEN, 409, "The ledger is open already.")                                         \
    V(3, GENESIS_MISPLACED, 422, "A simulated clock begins at a given time, a real one now.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    bool simulated = input->clock == CF_CLOCK_SIMULATED;
    if (!cf_actor_is(decision, CF_ACTOR_OPERATOR))
        return NOT_PERMITTED;
    if (cf_decision_ledger(decision) != NULL)
        return ALREADY_OPEN;
    if (simulated != (input->genesis != 0))
        return GENESIS_MISPLACED;
    CF_EMIT(decision, ledger_opened, .origin = input->origin, .clock = input->clock,
            .genesis = simulated ? input->genesis : decision->now_us,
            .verifier_key = input->verifier_key);
    return ACCEPTED;
}
