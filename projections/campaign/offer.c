/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a campaign offers: rewards and stretch goals.
 */
#include "projections/campaign/tables.h"

#define CF_ON_MODEL campaign
#define CF_READS_FILE "projections/campaign/reads.def"
#include "projections/reads.h"

static enum cf_status get_reward(struct cf_fold *fold, struct cf_id reward,
                                 struct cf_row_reward **ret_reward)
{
    return cf_row_get_reward(fold, &(struct cf_row_reward){.reward = reward}, ret_reward);
}

/* The campaign's currency; a reward comes after its campaign. */
static enum cf_status currency_of(struct cf_fold *fold, struct cf_id campaign_id,
                                  struct cf_word *ret_currency)
{
    const void *row = NULL;
    CF_TRY(cf_fold_find(fold, &cf_table_campaign,
                        &(struct cf_row_campaign){.campaign = campaign_id}, &row));
    const struct cf_row_campaign *campaign = row;
    *ret_currency = campaign == NULL ? (struct cf_word){0} : campaign->currency;
    return CF_OK;
}

CF_ON(campaign_reward_added)
{
    struct cf_row_reward *reward = NULL;
    CF_TRY(get_reward(fold, event->reward_id, &reward));
    CF_TRY(currency_of(fold, event->campaign_id, &reward->currency));
    reward->campaign = event->campaign_id;
    reward->minimum = cf_money_minor(event->minimum);
    reward->stock_limit = event->limit;
    reward->per_backer_limit = event->per_backer_limit;
    reward->shipping = cf_money_minor(event->shipping);
    reward->needs_address = event->needs_address;
    reward->ships_at_us = event->ships_at;
    reward->added_at_sequence = fold->sequence;
    cf_fold_set(fold, &reward->title, event->title.ciphertext);
    cf_fold_set(fold, &reward->description, event->description.ciphertext);
    cf_fold_set(fold, &reward->text_key, fold->idempotency_key);
    return CF_OK;
}

CF_ON(campaign_reward_changed)
{
    struct cf_row_reward *reward = NULL;
    CF_TRY(get_reward(fold, event->reward_id, &reward));
    CF_TRY(currency_of(fold, event->campaign_id, &reward->currency));
    reward->minimum = cf_money_minor(event->minimum);
    reward->stock_limit = event->limit;
    reward->per_backer_limit = event->per_backer_limit;
    reward->shipping = cf_money_minor(event->shipping);
    reward->needs_address = event->needs_address;
    reward->ships_at_us = event->ships_at;
    cf_fold_set(fold, &reward->title, event->title.ciphertext);
    cf_fold_set(fold, &reward->description, event->description.ciphertext);
    cf_fold_set(fold, &reward->text_key, fold->idempotency_key);
    return CF_OK;
}

CF_ON(campaign_reward_withdrawn)
{
    struct cf_row_reward *reward = NULL;
    CF_TRY(get_reward(fold, event->reward_id, &reward));
    reward->is_withdrawn = true;
    return CF_OK;
}

static enum cf_status get_level(struct cf_fold *fold, struct cf_id campaign, int64_t level,
                                struct cf_row_stretch_goal **ret_goal)
{
    return cf_row_get_stretch_goal(
        fold, &(struct cf_row_stretch_goal){.campaign = campaign, .level = level}, ret_goal);
}

CF_ON(campaign_stretch_goal_added)
{
    struct cf_row_stretch_goal *goal = NULL;
    CF_TRY(get_level(fold, event->campaign_id, event->level, &goal));
    CF_TRY(currency_of(fold, event->campaign_id, &goal->currency));
    goal->threshold = cf_money_minor(event->threshold);
    cf_fold_set(fold, &goal->title, event->title.ciphertext);
    cf_fold_set(fold, &goal->title_key, fold->idempotency_key);
    return CF_OK;
}

CF_ON(campaign_stretch_goal_unlocked)
{
    struct cf_row_stretch_goal *goal = NULL;
    CF_TRY(get_level(fold, event->campaign_id, event->level, &goal));
    goal->unlocked_at_us = fold->time_us;
    return CF_OK;
}
