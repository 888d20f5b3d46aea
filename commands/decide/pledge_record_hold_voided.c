/* SPDX-License-Identifier: Apache-2.0 */
/* The provider gave a hold back, because the pledge ended or another hold replaced this one. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_hold_voided
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    pledge_id)   \
    F(2, token, intent)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_EXPECTED, 409, "Nobody asked to give this hold back.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (cf_decision_pledge(decision, input->pledge_id) == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_decision_awaits(decision, input->pledge_id, CF_REQUEST_VOID_HOLD) &&
        !cf_decision_awaits(decision, input->pledge_id, CF_REQUEST_VOID_REPLACED))
        return NOT_EXPECTED;
    CF_EMIT(decision, pledge_hold_voided, .pledge_id = input->pledge_id, .intent = input->intent);
    return ACCEPTED;
}
