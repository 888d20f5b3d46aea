/* SPDX-License-Identifier: Apache-2.0 */
/* The card is not used again. Pledges that were made with it keep it. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME user_remove_card
#define CF_COMMAND_FIELDS(F) \
    F(1, id, card_id)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CARD_UNKNOWN, 404, "There is no such card.")                                              \
    V(2, NOT_PERMITTED, 403, "Only its holder or the provider removes a card.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_card *card = cf_decision_card(decision, input->card_id);
    if (card == NULL || card->removed)
        return CARD_UNKNOWN;
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY) && !cf_actor_is_active(decision, card->user_id))
        return NOT_PERMITTED;
    CF_EMIT(decision, user_card_removed, .user_id = card->user_id, .card_id = input->card_id);
    return ACCEPTED;
}
