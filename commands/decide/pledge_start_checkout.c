/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backer chooses amount and rewards. The stock is claimed here, so two backers never get the last
 * one. With a saved card, and a deadline that is farther than a hold lasts, the pledge is placed at
 * once and no provider is asked; else the claim stands for a quarter of an hour while the card is
 * saved, held or charged; with the provider's name of a new card that begins at once, else with
 * pledge_confirm. `replaces` names an ended pledge that this one stands for again.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_start_checkout
#define CF_COMMAND_NEW_ID 1
#define CF_COMMAND_FIELDS(F)           \
    F(1,  id,         pledge_id)       \
    F(2,  id,         campaign_id)     \
    F(3,  id,         backer_id)       \
    F(4,  currency,   currency)        \
    F(5,  amount,     amount)          \
    F(6,  opt_id,     reward_id)       \
    F(7,  items,      add_ons)         \
    F(8,  opt_id,     card_id)         \
    F(9,  opt_id,     replaces)        \
    F(10, opt_text,   referrer)        \
    F(11, opt_text,   country)         \
    F(12, opt_sealed, network_address) \
    F(13, opt_token,  payment_method)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "A person pledges for themselves.")                                   \
    V(2, PLEDGE_EXISTS, 409, "There is a pledge with this id.")                                    \
    V(3, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(4, CAMPAIGN_NOT_LIVE, 409, "The campaign is not live.")                                      \
    V(5, CAMPAIGN_ENDED, 409, "The campaign's time is over.")                                      \
    V(6, OWN_CAMPAIGN, 403, "Nobody backs their own campaign.")                                    \
    V(7, CURRENCY_MISMATCH, 422, "The campaign counts in another currency.")                       \
    V(8, REPLACED_PLEDGE_UNKNOWN, 404, "The backer has no ended pledge of that id here.")          \
    V(9, REWARD_UNKNOWN, 404, "The campaign has no such reward.")                                  \
    V(10, REWARD_WITHDRAWN, 409, "The reward was withdrawn.")                                      \
    V(11, REWARD_REPEATED, 422, "Name each reward once, with its quantity.")                       \
    V(12, AMOUNT_TOO_SMALL, 422, "The amount is less than the rewards and their shipping cost.")   \
    V(13, AMOUNT_NOT_CHARGEABLE, 422, "The provider cannot charge such an amount.")                \
    V(14, TWO_CARDS, 422, "Give a saved card or a payment method, and not both.")                  \
    V(15, CARD_UNKNOWN, 404, "The backer has no such card.")                                       \
    V(16, REWARD_LIMIT_PER_BACKER, 409, "A backer gets fewer of this reward.")                     \
    V(17, REWARD_SOLD_OUT, 409, "The reward is sold out.")
/* clang-format on */
#include "commands/decide/define.h"

static void place(struct cf_decision *decision, const struct input *input,
                  const struct cf_card *card, const struct cf_basket *basket)
{
    CF_EMIT(decision, pledge_placed, .pledge_id = input->pledge_id,
            .campaign_id = input->campaign_id, .backer_id = input->backer_id,
            .currency = input->currency, .amount = input->amount, .reward_id = input->reward_id,
            .add_ons = input->add_ons, .shipping = cf_money_of(basket->shipping_minor),
            .card_id = input->card_id, .payment_method = cf_token_bytes(&card->payment_method),
            .replaces = input->replaces, .referrer = input->referrer, .country = input->country,
            .network_address = input->network_address);
    cf_decide_goals(decision, input->campaign_id);
}

static void check_out(struct cf_decision *decision, const struct input *input,
                      struct cf_bytes payment_method, const struct cf_basket *basket, bool late,
                      enum cf_payment_mode mode)
{
    CF_EMIT(decision, pledge_checkout_started, .pledge_id = input->pledge_id,
            .campaign_id = input->campaign_id, .backer_id = input->backer_id,
            .currency = input->currency, .amount = input->amount, .reward_id = input->reward_id,
            .add_ons = input->add_ons, .shipping = cf_money_of(basket->shipping_minor),
            .mode = mode, .claim_expires_at = decision->now_us + CF_POLICY_CLAIM_US, .late = late,
            .replaces = input->replaces, .referrer = input->referrer, .country = input->country,
            .network_address = input->network_address);
    cf_decide_customer(decision, input->backer_id);
    if (payment_method.size > 0)
        cf_decide_payment(decision, input->pledge_id, mode, payment_method, false);
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_is_active(decision, input->backer_id))
        return NOT_PERMITTED;
    if (cf_decision_pledge(decision, input->pledge_id) != NULL)
        return PLEDGE_EXISTS;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    bool late = cf_campaign_takes_late_pledges(campaign, decision->now_us);
    if (campaign->state != CF_CAMPAIGN_LIVE && !late)
        return CAMPAIGN_NOT_LIVE;
    if (decision->now_us >= campaign->ends_at_us && !late)
        return CAMPAIGN_ENDED;
    if (cf_id_equal(campaign->creator_id, input->backer_id))
        return OWN_CAMPAIGN;
    if (campaign->currency != input->currency)
        return CURRENCY_MISMATCH;
    if (!cf_id_is_zero(input->replaces)) {
        const struct cf_pledge *replaced = cf_decision_pledge(decision, input->replaces);
        if (replaced == NULL || !cf_id_equal(replaced->backer_id, input->backer_id) ||
            !cf_id_equal(replaced->campaign_id, input->campaign_id) ||
            !cf_pledge_state_is_terminal(replaced->state))
            return REPLACED_PLEDGE_UNKNOWN;
    }
    struct cf_basket basket;
    cf_basket_weigh(decision, input->campaign_id, input->backer_id, input->reward_id,
                    &input->add_ons, NULL, &basket);
    if (basket.unknown)
        return REWARD_UNKNOWN;
    if (basket.withdrawn)
        return REWARD_WITHDRAWN;
    if (basket.repeated)
        return REWARD_REPEATED;
    if (cf_money_minor(input->amount) < basket.minimum_minor + basket.shipping_minor)
        return AMOUNT_TOO_SMALL;
    if (!cf_policy_takes(campaign, input->amount))
        return AMOUNT_NOT_CHARGEABLE;
    const struct cf_card *card = NULL;
    if (!cf_id_is_zero(input->card_id) && input->payment_method.size > 0)
        return TWO_CARDS;
    if (!cf_id_is_zero(input->card_id)) {
        card = cf_decision_card(decision, input->card_id);
        if (card == NULL || card->removed || !cf_id_equal(card->user_id, input->backer_id))
            return CARD_UNKNOWN;
    }
    if (basket.over_backer_limit)
        return REWARD_LIMIT_PER_BACKER;
    if (basket.sold_out)
        return REWARD_SOLD_OUT;

    enum cf_payment_mode mode = cf_policy_mode(campaign, late, decision->now_us);
    if (card != NULL && mode == CF_PAYMENT_MODE_SAVE)
        place(decision, input, card, &basket);
    else
        check_out(decision, input,
                  card != NULL ? cf_token_bytes(&card->payment_method) : input->payment_method,
                  &basket, late, mode);
    return ACCEPTED;
}
