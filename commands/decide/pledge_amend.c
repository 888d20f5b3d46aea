/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes amount, reward and add-ons of a pledge that is not charged yet: the fields say how it is to
 * be. The new claim is made before the old one is given back. A held pledge that grows gets a new
 * hold first; one that shrinks is captured in part.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_amend
#define CF_COMMAND_FIELDS(F)   \
    F(1, id,     pledge_id)    \
    F(2, amount, amount)       \
    F(3, opt_id, reward_id)    \
    F(4, items,  add_ons)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(2, NOT_PERMITTED, 403, "Only its backer changes a pledge.")                                  \
    V(3, CAMPAIGN_NOT_LIVE, 409, "The campaign is not live.")                                      \
    V(4, PAYMENT_UNDER_WAY, 409, "The provider is asked about this pledge; try again after.")      \
    V(5, NOT_CHANGEABLE, 409, "The pledge cannot be changed any more.")                            \
    V(6, REWARD_UNKNOWN, 404, "The campaign has no such reward.")                                  \
    V(7, REWARD_WITHDRAWN, 409, "The reward was withdrawn.")                                       \
    V(8, REWARD_REPEATED, 422, "Name each reward once, with its quantity.")                        \
    V(9, AMOUNT_TOO_SMALL, 422, "The amount is less than the rewards and their shipping cost.")    \
    V(10, AMOUNT_NOT_CHARGEABLE, 422, "The provider cannot charge such an amount.")                \
    V(11, GOAL_RESTS_ON_IT, 409, "In the last day the campaign would fall below its goal.")        \
    V(12, REWARD_LIMIT_PER_BACKER, 409, "A backer gets fewer of this reward.")                     \
    V(13, REWARD_SOLD_OUT, 409, "The reward is sold out.")                                         \
    V(14, NOTHING_CHANGES, 409, "The pledge is so already.")
/* clang-format on */
#include "commands/decide/define.h"

static struct cf_items items_of(const struct cf_pledge *pledge)
{
    struct cf_items items = {.count = pledge->item_count};
    for (uint32_t i = 0; i < pledge->item_count; i++)
        items.items[i] = (struct cf_item){.reward_id = pledge->items[i].reward_id,
                                          .quantity = pledge->items[i].quantity};
    return items;
}

/* The rewards' prices at the time are part of the add-ons as they are recorded. */
static bool same_items(const struct cf_items *a, const struct cf_items *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!cf_id_equal(a->items[i].reward_id, b->items[i].reward_id) ||
            a->items[i].quantity != b->items[i].quantity)
            return false;
    }
    return true;
}

static void amend(struct cf_decision *decision, const struct input *input,
                  const struct cf_pledge *pledge, const struct cf_items *previous,
                  const struct cf_basket *basket)
{
    int64_t less = pledge->amount_minor - cf_money_minor(input->amount);
    int64_t from_authorized =
        less > pledge->memo_pledged_minor ? less - pledge->memo_pledged_minor : 0;
    bool held = pledge->state == CF_PLEDGE_AUTHORIZED;
    CF_EMIT(decision, pledge_amended, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .amount = input->amount, .previous_amount = cf_money_of(pledge->amount_minor),
            .reward_id = input->reward_id, .previous_reward_id = pledge->reward_id,
            .add_ons = input->add_ons, .previous_add_ons = *previous,
            .shipping = cf_money_of(basket->shipping_minor),
            .from_authorized = cf_money_of(from_authorized));
    if (held && less < 0) {
        CF_EMIT(decision, pledge_hold_renewal_due, .pledge_id = input->pledge_id,
                .campaign_id = pledge->campaign_id);
        cf_decide_payment(decision, input->pledge_id, CF_PAYMENT_MODE_HOLD,
                          cf_token_bytes(&pledge->payment_method), false);
    }
    cf_decide_goals(decision, pledge->campaign_id);
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (!cf_actor_is_active(decision, pledge->backer_id))
        return NOT_PERMITTED;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (campaign->state != CF_CAMPAIGN_LIVE || decision->now_us >= campaign->ends_at_us)
        return CAMPAIGN_NOT_LIVE;
    if (cf_pledge_is_under_way(pledge))
        return PAYMENT_UNDER_WAY;
    if (!cf_pledge_is_changeable(pledge))
        return NOT_CHANGEABLE;
    struct cf_basket basket;
    struct cf_items previous = items_of(pledge);
    cf_basket_weigh(decision, pledge->campaign_id, pledge->backer_id, input->reward_id,
                    &input->add_ons, pledge, &basket);
    if (basket.unknown)
        return REWARD_UNKNOWN;
    if (basket.withdrawn)
        return REWARD_WITHDRAWN;
    if (basket.repeated)
        return REWARD_REPEATED;
    int64_t amount = cf_money_minor(input->amount);
    if (amount < basket.minimum_minor + basket.shipping_minor)
        return AMOUNT_TOO_SMALL;
    if (!cf_policy_takes(campaign, input->amount))
        return AMOUNT_NOT_CHARGEABLE;
    if (cf_policy_goal_rests_on(campaign, pledge->amount_minor - amount, decision->now_us))
        return GOAL_RESTS_ON_IT;
    if (basket.over_backer_limit)
        return REWARD_LIMIT_PER_BACKER;
    if (basket.sold_out)
        return REWARD_SOLD_OUT;
    if (amount == pledge->amount_minor && cf_id_equal(input->reward_id, pledge->reward_id) &&
        same_items(&input->add_ons, &previous))
        return NOTHING_CHANGES;
    amend(decision, input, pledge, &previous, &basket);
    return ACCEPTED;
}
