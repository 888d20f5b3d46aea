/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An inquiry or an early fraud warning: nothing moved, and a refund now avoids the fee of a
 * dispute.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_dispute_warned
#define CF_COMMAND_FIELDS(F)       \
    F(1, id,            pledge_id) \
    F(2, token,         reference) \
    F(3, dispute_stage, stage)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_CHARGED, 409, "Nothing of this pledge can be disputed.")                              \
    V(4, ALREADY_KNOWN, 409, "This warning is recorded.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (pledge->captured_minor == 0 || pledge->state == CF_PLEDGE_DISPUTED ||
        pledge->state == CF_PLEDGE_CHARGED_BACK)
        return NOT_CHARGED;
    if (cf_decision_knows(decision, CF_LOOKUP_DISPUTE, input->reference))
        return ALREADY_KNOWN;
    CF_EMIT(decision, pledge_dispute_warned, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .reference = input->reference,
            .stage = input->stage);
    return ACCEPTED;
}
