/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a choice of rewards costs, and whether there is stock. Claims are counted by evolve when the
 * pledge's event is folded; here they are only held against the limits.
 */
#include "commands/decide/decide.h"

#include "core/base/assert.h"

/* How many of a reward a pledge has claimed. */
static uint32_t held_count(const struct cf_pledge *held, struct cf_id reward_id)
{
    uint32_t count = 0;
    if (held == NULL)
        return 0;
    if (cf_id_equal(held->reward_id, reward_id))
        count = 1;
    for (uint32_t i = 0; i < held->item_count; i++) {
        if (cf_id_equal(held->items[i].reward_id, reward_id))
            count += held->items[i].quantity;
    }
    return count;
}

/* The backer's claims on a reward that are counted against its limit per backer, less those of `held`. */
static uint32_t counted_elsewhere(const struct cf_decision *decision, struct cf_id reward_id,
                                  struct cf_id backer_id, const struct cf_pledge *held)
{
    const struct cf_reward_backing *backing =
        cf_book_find_pair(decision->book, CF_ROW_REWARD_BACKING, &reward_id, &backer_id);
    uint32_t count = backing == NULL ? 0 : backing->claimed;
    if (held == NULL)
        return count;
    if (held->reward_counted && cf_id_equal(held->reward_id, reward_id))
        count -= 1;
    for (uint32_t i = 0; i < held->item_count; i++) {
        if (held->items[i].counted && cf_id_equal(held->items[i].reward_id, reward_id))
            count -= held->items[i].quantity;
    }
    return count;
}

/* How many the choice itself names: the reward and an add-on may be the same. */
static uint64_t wanted_count(struct cf_id reward_id, const struct cf_items *add_ons,
                             struct cf_id wanted_id)
{
    uint64_t count = cf_id_equal(reward_id, wanted_id) ? 1 : 0;
    for (uint32_t i = 0; i < add_ons->count; i++) {
        if (cf_id_equal(add_ons->items[i].reward_id, wanted_id))
            count += add_ons->items[i].quantity;
    }
    return count;
}

static void weigh(const struct cf_decision *decision, struct cf_id campaign_id,
                  struct cf_id backer_id, struct cf_id reward_id, uint64_t quantity,
                  uint64_t wanted, const struct cf_pledge *held, struct cf_basket *basket)
{
    const struct cf_reward *reward = cf_decision_reward(decision, reward_id);
    if (reward == NULL || !cf_id_equal(reward->campaign_id, campaign_id)) {
        basket->unknown = true;
        return;
    }
    uint32_t mine = held_count(held, reward_id);
    if (reward->withdrawn && wanted > mine)
        basket->withdrawn = true;
    if (reward->per_backer_limit != 0 &&
        counted_elsewhere(decision, reward_id, backer_id, held) + wanted > reward->per_backer_limit)
        basket->over_backer_limit = true;
    CF_ASSERT(reward->claimed >= mine);
    if (reward->limit != 0 && reward->claimed - mine + wanted > reward->limit)
        basket->sold_out = true;
    int64_t minimum, shipping;
    if (__builtin_mul_overflow(reward->minimum_minor, (int64_t)quantity, &minimum) ||
        __builtin_mul_overflow(reward->shipping_minor, (int64_t)quantity, &shipping) ||
        __builtin_add_overflow(basket->minimum_minor, minimum, &basket->minimum_minor) ||
        __builtin_add_overflow(basket->shipping_minor, shipping, &basket->shipping_minor) ||
        basket->minimum_minor > INT64_MAX / 2 || basket->shipping_minor > INT64_MAX / 2)
        basket->sold_out = true; /* nobody has that much to give */
}

void cf_basket_weigh(const struct cf_decision *decision, struct cf_id campaign_id,
                     struct cf_id backer_id, struct cf_id reward_id, const struct cf_items *add_ons,
                     const struct cf_pledge *held, struct cf_basket *ret_basket)
{
    *ret_basket = (struct cf_basket){0};
    if (!cf_id_is_zero(reward_id))
        weigh(decision, campaign_id, backer_id, reward_id, 1,
              wanted_count(reward_id, add_ons, reward_id), held, ret_basket);
    for (uint32_t i = 0; i < add_ons->count && !ret_basket->unknown; i++) {
        const struct cf_item *item = &add_ons->items[i];
        for (uint32_t j = 0; j < i; j++) {
            if (cf_id_equal(item->reward_id, add_ons->items[j].reward_id))
                ret_basket->repeated = true;
        }
        weigh(decision, campaign_id, backer_id, item->reward_id, item->quantity,
              wanted_count(reward_id, add_ons, item->reward_id), held, ret_basket);
    }
}
