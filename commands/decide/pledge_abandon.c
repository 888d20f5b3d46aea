/* SPDX-License-Identifier: Apache-2.0 */
/* A checkout ran out of time: its claim is given back. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_abandon
#define CF_COMMAND_FIELDS(F) \
    F(1, id, pledge_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_IN_CHECKOUT, 409, "The pledge is not in checkout.")                                   \
    V(4, TIME_LEFT, 409, "Its time is not over.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_pledge_in_checkout(pledge))
        return NOT_IN_CHECKOUT;
    if (decision->now_us < pledge->claim_expires_at_us)
        return TIME_LEFT;
    cf_decide_release(decision, input->pledge_id);
    return ACCEPTED;
}
