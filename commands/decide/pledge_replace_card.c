/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backer gives another card. A pledge whose payment failed is tried again with it at once; for
 * the others it is used when their time comes. (In checkout a card is given with pledge_confirm.)
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_replace_card
#define CF_COMMAND_FIELDS(F)        \
    F(1, id,        pledge_id)      \
    F(2, opt_id,    card_id)        \
    F(3, opt_token, payment_method)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(2, NOT_PERMITTED, 403, "Only its backer changes a pledge's card.")                           \
    V(3, PAYMENT_UNDER_WAY, 409, "The provider is asked about this pledge; try again after.")      \
    V(4, NOT_CHANGEABLE, 409, "The pledge needs no card any more.")                                \
    V(5, GRACE_OVER, 409, "The time to mend the payment is over.")                                 \
    V(6, CARD_MISSING, 422, "Give a saved card or a payment method, and not both.")                \
    V(7, CARD_UNKNOWN, 404, "The backer has no such card.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_actor_is_active(decision, pledge->backer_id))
        return NOT_PERMITTED;
    if (cf_pledge_is_under_way(pledge))
        return PAYMENT_UNDER_WAY;
    if (!cf_pledge_is_changeable(pledge))
        return NOT_CHANGEABLE;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    bool live = campaign->state == CF_CAMPAIGN_LIVE && decision->now_us < campaign->ends_at_us;
    bool collecting = campaign->state == CF_CAMPAIGN_COLLECTING &&
                      decision->now_us < campaign->final_collection_at_us;
    if (!live && !collecting)
        return GRACE_OVER;
    if (cf_id_is_zero(input->card_id) == (input->payment_method.size == 0))
        return CARD_MISSING;
    struct cf_bytes method = input->payment_method;
    if (method.size == 0) {
        const struct cf_card *card = cf_decision_card(decision, input->card_id);
        if (card == NULL || card->removed || !cf_id_equal(card->user_id, pledge->backer_id))
            return CARD_UNKNOWN;
        method = cf_token_bytes(&card->payment_method);
    }
    CF_EMIT(decision, pledge_card_replaced, .pledge_id = input->pledge_id,
            .card_id = input->card_id, .payment_method = method);
    if (pledge->state == CF_PLEDGE_ERRORED)
        cf_decide_payment(decision, input->pledge_id,
                          collecting || campaign->goal_certain ? CF_PAYMENT_MODE_CHARGE
                                                               : CF_PAYMENT_MODE_HOLD,
                          method, false);
    return ACCEPTED;
}
