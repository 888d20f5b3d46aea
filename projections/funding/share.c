/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/funding/share.h"

#include "core/base/assert.h"
#include "projections/funding/items.h"
#include "projections/funding/trend.h"

#include <stdlib.h>

#define HOUR_US INT64_C(3600000000)

/* The public status of each fine state. */
static const char *const statuses[][2] = {
    {"checkout", "pending"},       {"requires_action", "pending"},
    {"committed", "pending"},      {"authorizing", "pending"},
    {"errored", "pending"},        {"capturing", "pending"},
    {"authorized", "authorized"},  {"reauth_due", "authorized"},
    {"captured", "captured"},      {"refund_pending", "captured"},
    {"refund_failed", "captured"}, {"partially_refunded", "captured"},
    {"refunded", "refunded"},      {"dropped", "failed"},
    {"abandoned", "failed"},       {"cancelled", "cancelled"},
    {"released", "released"},      {"disputed", "disputed"},
    {"charged_back", "disputed"},
};

/* What one pledge adds to the sums. */
struct sums {
    int64_t pledged, promised, held, collected, captured, refunded, charged_back, fee;
    int64_t counts;      /* 1: towards backers and pledges */
    int64_t claims;      /* 1: its rewards are taken from the stock */
    int64_t dropped_out; /* 1: counted once, ended without money */
};

static bool is_one_of(const struct cf_word *state, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cf_word_is(state, names[i]))
            return true;
    }
    return false;
}

static struct sums sums_of(const struct cf_row_pledge *pledge)
{
    static const char *const gone[] = {"abandoned", "cancelled", "dropped", "released"};
    bool is_gone = is_one_of(&pledge->state, gone, sizeof gone / sizeof gone[0]);
    bool is_there = pledge->state.text[0] != '\0';
    struct sums sums = {
        .promised = pledge->promised,
        .held = pledge->held,
        .collected = pledge->captured - pledge->refund_requested - pledge->charged_back,
        .captured = pledge->captured,
        .refunded = pledge->refund_requested,
        .charged_back = pledge->charged_back,
        .fee = pledge->fee,
        .claims = is_there && !is_gone,
        .dropped_out = is_gone && pledge->counted_at_us != 0,
    };
    sums.pledged = sums.promised + sums.held + sums.collected;
    sums.counts = is_there && !is_gone && sums.pledged > 0;
    return sums;
}

void cf_share_move(struct cf_row_pledge *pledge, const char *state)
{
    pledge->state = cf_word_of(state);
    const char *status = NULL;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(statuses[i][0], state) == 0)
            status = statuses[i][1];
    }
    CF_ASSERT(status != NULL);
    /* An older hold may stand while a new one or the capture is under way. */
    if (strcmp(status, "pending") == 0 && pledge->held > 0)
        status = "authorized";
    pledge->status = cf_word_of(status);
}

enum cf_status cf_share_begin(struct cf_fold *fold, struct cf_id pledge, struct cf_id campaign,
                              struct cf_share *ret_share)
{
    CF_TRY(cf_row_get_pledge(fold, &(struct cf_row_pledge){.pledge = pledge}, &ret_share->pledge));
    if (cf_id_is_zero(ret_share->pledge->campaign))
        ret_share->pledge->campaign = campaign;
    ret_share->before = *ret_share->pledge;
    ret_share->add_ons_before = (struct cf_value){0};
    cf_fold_set(fold, &ret_share->add_ons_before,
                cf_bytes_from(ret_share->before.add_ons.data, ret_share->before.add_ons.size));
    return CF_OK;
}

/* Moves the stock of one reward, and what pledges with it as their reward come to. */
static enum cf_status move_reward(struct cf_fold *fold, struct cf_id reward,
                                  const struct cf_row_pledge *pledge, int64_t claimed,
                                  int64_t pledges, int64_t pledged)
{
    if (cf_id_is_zero(reward) || (claimed == 0 && pledges == 0 && pledged == 0))
        return CF_OK;
    struct cf_row_reward_total *total = NULL;
    CF_TRY(cf_row_get_reward_total(fold, &(struct cf_row_reward_total){.reward = reward}, &total));
    total->campaign = pledge->campaign;
    total->currency = pledge->currency;
    cf_fold_add(fold, &total->claimed, claimed);
    cf_fold_add(fold, &total->pledges, pledges);
    cf_fold_add(fold, &total->pledged, pledged);
    return CF_OK;
}

static enum cf_status move_add_ons(struct cf_fold *fold, const struct cf_row_pledge *pledge,
                                   const struct cf_value *add_ons, int64_t sign)
{
    struct cf_items items;
    CF_TRY(cf_items_read(cf_bytes_from(add_ons->data, add_ons->size), &items));
    for (uint32_t i = 0; i < items.count; i++)
        CF_TRY(move_reward(fold, items.items[i].reward_id, pledge,
                           sign * (int64_t)items.items[i].quantity, 0, 0));
    return CF_OK;
}

static bool same_bytes(const struct cf_value *a, const struct cf_value *b)
{
    return cf_bytes_equal(cf_bytes_from(a->data, a->size), cf_bytes_from(b->data, b->size));
}

static enum cf_status move_rewards(struct cf_fold *fold, const struct cf_share *share,
                                   const struct sums *before, const struct sums *after)
{
    const struct cf_row_pledge *pledge = share->pledge;
    bool same = cf_id_equal(share->before.reward, pledge->reward);
    if (same)
        CF_TRY(move_reward(fold, pledge->reward, pledge, after->claims - before->claims,
                           after->counts - before->counts, after->pledged - before->pledged));
    else {
        CF_TRY(move_reward(fold, share->before.reward, pledge, -before->claims, -before->counts,
                           -before->pledged));
        CF_TRY(move_reward(fold, pledge->reward, pledge, after->claims, after->counts,
                           after->pledged));
    }
    if (before->claims == after->claims && same_bytes(&share->add_ons_before, &pledge->add_ons))
        return CF_OK;
    CF_TRY(move_add_ons(fold, pledge, &share->add_ons_before, -before->claims));
    return move_add_ons(fold, pledge, &pledge->add_ons, after->claims);
}

/* How many backers this pledge's move adds: its backer may have other pledges here. */
static enum cf_status move_backing(struct cf_fold *fold, const struct cf_row_pledge *pledge,
                                   int64_t counts, int64_t pledged, int64_t *ret_backers)
{
    *ret_backers = 0;
    if (counts == 0 && pledged == 0)
        return CF_OK;
    struct cf_row_backing *backing = NULL;
    CF_TRY(cf_row_get_backing(
        fold, &(struct cf_row_backing){.campaign = pledge->campaign, .backer = pledge->backer},
        &backing));
    int64_t was_backer = backing->pledges > 0;
    if (backing->first_at_us == 0)
        backing->first_at_us = fold->time_us;
    backing->currency = pledge->currency;
    cf_fold_add(fold, &backing->pledges, counts);
    cf_fold_add(fold, &backing->pledged, pledged);
    *ret_backers = (int64_t)(backing->pledges > 0) - was_backer;
    return CF_OK;
}

static enum cf_status move_hour(struct cf_fold *fold, const struct cf_row_pledge *pledge,
                                const struct sums *before, const struct sums *after, bool is_new)
{
    struct cf_row_funding_hour *hour = NULL;
    CF_TRY(cf_row_get_funding_hour(fold,
                                   &(struct cf_row_funding_hour){.campaign = pledge->campaign,
                                                                 .hour = fold->time_us / HOUR_US},
                                   &hour));
    hour->currency = pledge->currency;
    cf_fold_add(fold, &hour->pledged, after->pledged - before->pledged);
    cf_fold_add(fold, &hour->collected, after->collected - before->collected);
    cf_fold_add(fold, &hour->pledges, is_new);
    cf_fold_add(fold, &hour->dropped_out, after->dropped_out - before->dropped_out);
    return CF_OK;
}

int64_t cf_share_funded_bps(const struct cf_row_campaign_total *total)
{
    if (total->goal <= 0)
        return 0;
    __int128 shown = total->is_locked ? total->locked_pledged : total->pledged;
    __int128 bps = shown * CF_BASIS_POINTS_WHOLE / total->goal;
    return bps > INT64_MAX ? INT64_MAX : (int64_t)bps;
}

static enum cf_status move_listing(struct cf_fold *fold, const struct cf_row_campaign_total *total,
                                   bool is_new)
{
    struct cf_row_listing *listing = NULL;
    CF_TRY(
        cf_row_get_listing(fold, &(struct cf_row_listing){.campaign = total->campaign}, &listing));
    if (is_new)
        listing->trend = cf_trend_add(listing->trend, fold->time_us);
    listing->funded_bps = cf_share_funded_bps(total);
    return CF_OK;
}

static enum cf_status move_total(struct cf_fold *fold, const struct cf_row_pledge *pledge,
                                 const struct sums *before, const struct sums *after,
                                 int64_t backers, bool is_new)
{
    struct cf_row_campaign_total *total = NULL;
    CF_TRY(cf_row_get_campaign_total(
        fold, &(struct cf_row_campaign_total){.campaign = pledge->campaign}, &total));
    cf_fold_add(fold, &total->pledged, after->pledged - before->pledged);
    cf_fold_add(fold, &total->promised, after->promised - before->promised);
    cf_fold_add(fold, &total->held, after->held - before->held);
    cf_fold_add(fold, &total->collected, after->collected - before->collected);
    cf_fold_add(fold, &total->captured, after->captured - before->captured);
    cf_fold_add(fold, &total->refunded, after->refunded - before->refunded);
    cf_fold_add(fold, &total->charged_back, after->charged_back - before->charged_back);
    cf_fold_add(fold, &total->fees, after->fee - before->fee);
    cf_fold_add(fold, &total->backers, backers);
    cf_fold_add(fold, &total->pledges, after->counts - before->counts);
    cf_fold_add(fold, &total->dropped_out, after->dropped_out - before->dropped_out);
    if (is_new)
        total->last_pledge_at_us = fold->time_us;
    return move_listing(fold, total, is_new);
}

static enum cf_status carry(struct cf_fold *fold, const struct cf_share *share)
{
    struct cf_row_pledge *pledge = share->pledge;
    struct sums before = sums_of(&share->before), after = sums_of(pledge);
    bool is_new = after.counts != 0 && pledge->counted_at_us == 0;
    if (is_new)
        pledge->counted_at_us = fold->time_us;
    CF_TRY(move_rewards(fold, share, &before, &after));
    if (memcmp(&before, &after, sizeof before) == 0)
        return CF_OK;
    int64_t backers = 0;
    CF_TRY(move_backing(fold, pledge, after.counts - before.counts, after.pledged - before.pledged,
                        &backers));
    if (after.pledged != before.pledged || after.collected != before.collected || is_new ||
        after.dropped_out != before.dropped_out)
        CF_TRY(move_hour(fold, pledge, &before, &after, is_new));
    return move_total(fold, pledge, &before, &after, backers, is_new);
}

enum cf_status cf_share_end(struct cf_fold *fold, struct cf_share *share)
{
    enum cf_status status = carry(fold, share);
    free(share->add_ons_before.data);
    return status;
}
