/* SPDX-License-Identifier: Apache-2.0 */
/* Where the reward goes. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_give_shipping_address
#define CF_COMMAND_FIELDS(F) \
    F(1, id,     pledge_id)  \
    F(2, sealed, address)    \
    F(3, text,   country)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(2, NOT_PERMITTED, 403, "Only its backer gives an address.")                                  \
    V(3, PLEDGE_ENDED, 409, "The pledge has ended.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_actor_is_active(decision, pledge->backer_id))
        return NOT_PERMITTED;
    if (cf_pledge_state_is_terminal(pledge->state))
        return PLEDGE_ENDED;
    CF_EMIT(decision, pledge_shipping_address_given, .pledge_id = input->pledge_id,
            .backer_id = pledge->backer_id, .address = input->address, .country = input->country);
    return ACCEPTED;
}
