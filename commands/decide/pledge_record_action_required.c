/* SPDX-License-Identifier: Apache-2.0 */
/* The provider wants the backer to authenticate: in checkout, or by a letter when the saved card was
 * charged without them. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_action_required
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    pledge_id)   \
    F(2, token, intent)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_EXPECTED, 409, "The pledge does not wait for the provider.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_pledge_in_checkout(pledge) && pledge->state != CF_PLEDGE_AUTHORIZING &&
        pledge->state != CF_PLEDGE_CAPTURING && pledge->state != CF_PLEDGE_ERRORED)
        return NOT_EXPECTED;
    bool present = cf_pledge_in_checkout(pledge);
    CF_EMIT(decision, pledge_action_required, .pledge_id = input->pledge_id,
            .intent = input->intent);
    if (!present)
        cf_decide_mail(decision, pledge->backer_id, CF_MAIL_PAYMENT_FAILED, input->pledge_id);
    return ACCEPTED;
}
