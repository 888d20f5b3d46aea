/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkout ran out of time: its claim is given back. One whose card was given waits for the
 * provider's answer, however long that is away: its backer has done what there is to do.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_abandon
#define CF_COMMAND_FIELDS(F) \
    F(1, id, pledge_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_IN_CHECKOUT, 409, "The pledge is not in checkout.")                                   \
    V(4, TIME_LEFT, 409, "Its time is not over.")                                                  \
    V(5, PAYMENT_UNDER_WAY, 409, "The provider is asked about it.")
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
    if (cf_decision_awaits(decision, input->pledge_id, CF_REQUEST_PAYMENT))
        return PAYMENT_UNDER_WAY;
    cf_decide_release(decision, input->pledge_id);
    return ACCEPTED;
}
