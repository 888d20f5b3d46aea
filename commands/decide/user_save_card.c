/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a card of the provider's customer for pledges to come. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_save_card
#define CF_COMMAND_NEW_ID 2
#define CF_COMMAND_FIELDS(F)         \
    F(1, id,         user_id)        \
    F(2, id,         card_id)        \
    F(3, token,      payment_method) \
    F(4, opt_sealed, label)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person saves cards of their own.")                                 \
    V(2, USER_UNKNOWN, 404, "There is no such person.")                                            \
    V(3, CARD_EXISTS, 409, "There is a card with this id.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY) && !cf_actor_is_active(decision, input->user_id))
        return NOT_PERMITTED;
    const struct cf_user *user = cf_decision_user(decision, input->user_id);
    if (user == NULL || user->state == CF_USER_ERASED)
        return USER_UNKNOWN;
    if (cf_decision_card(decision, input->card_id) != NULL)
        return CARD_EXISTS;
    CF_EMIT(decision, user_card_saved, .user_id = input->user_id, .card_id = input->card_id,
            .payment_method = input->payment_method, .label = input->label);
    return ACCEPTED;
}
