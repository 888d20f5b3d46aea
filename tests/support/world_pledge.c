/* SPDX-License-Identifier: Apache-2.0 */
/* Pledges up to their capture or their end without money. */
#include "core/time.h"
#include "tests/support/cmocka.h"
#include "tests/support/world_private.h"

bool cf_world_is_open(const struct cf_model_pledge *pledge)
{
    return pledge->state <= CF_MODEL_ERRORED;
}

/* M1, and M1 back. */
static void pledge_memo(struct cf_world *world, struct cf_model_pledge *pledge, int64_t by)
{
    const struct cf_id *campaign = &cf_campaign_of(world, pledge)->id;
    pledge->pledged += by;
    if (by > 0)
        cf_world_move(world, CF_ACCOUNT_MEMO_PLEDGED, campaign, CF_ACCOUNT_MEMO_CONTRA, NULL, by);
    else
        cf_world_move(world, CF_ACCOUNT_MEMO_CONTRA, NULL, CF_ACCOUNT_MEMO_PLEDGED, campaign, -by);
}

/* M2 from nothing, and M3 into nothing. */
static void hold_memo(struct cf_world *world, struct cf_model_pledge *pledge, int64_t by)
{
    const struct cf_id *campaign = &cf_campaign_of(world, pledge)->id;
    pledge->held += by;
    if (by > 0)
        cf_world_move(world, CF_ACCOUNT_MEMO_AUTHORIZED, campaign, CF_ACCOUNT_MEMO_CONTRA, NULL,
                      by);
    else
        cf_world_move(world, CF_ACCOUNT_MEMO_CONTRA, NULL, CF_ACCOUNT_MEMO_AUTHORIZED, campaign,
                      -by);
}

static void give_stock_back(struct cf_world *world, struct cf_model_pledge *pledge)
{
    if (pledge->reward >= 0)
        cf_campaign_of(world, pledge)->claimed[pledge->reward]--;
}

/* -- Beginning ------------------------------------------------------------------------------ */

/* A reward with stock left, or -1. */
static int pick_reward(struct cf_world *world, const struct cf_model_campaign *campaign)
{
    int reward = (int)cf_random_below(&world->random, 3) - 1;
    if (reward < 0 || campaign->claimed[reward] >= campaign->limits[reward])
        return -1;
    return reward;
}

static enum cf_payment_mode mode_of(const struct cf_world *world,
                                    const struct cf_model_campaign *campaign, bool late)
{
    bool near = world->history.now_us > campaign->ends_at_us - 4 * CF_DAY_US;
    if (late || campaign->model == CF_FUNDING_MODEL_KIA || campaign->goal_certain)
        return CF_PAYMENT_MODE_CHARGE;
    if (campaign->model == CF_FUNDING_MODEL_HYBRID ? campaign->goal_reached : near)
        return CF_PAYMENT_MODE_HOLD;
    return CF_PAYMENT_MODE_SAVE;
}

void cf_world_new_pledge(struct cf_world *world, int campaign_index, bool late)
{
    struct cf_model_campaign *campaign = &world->campaigns[campaign_index];
    if (world->pledge_count == CF_WORLD_PLEDGES_MAX)
        return;
    struct cf_model_pledge *pledge = &world->pledges[world->pledge_count++];
    *pledge = (struct cf_model_pledge){.id = cf_history_id(&world->history),
                                       .backer = cf_history_id(&world->history),
                                       .campaign = campaign_index,
                                       .reward = pick_reward(world, campaign),
                                       .amount = cf_random_between(&world->random, 1, 30000),
                                       .late = late};
    struct cf_id reward = {0};
    if (pledge->reward >= 0) {
        reward = campaign->rewards[pledge->reward];
        campaign->claimed[pledge->reward]++;
    }
    enum cf_payment_mode mode = mode_of(world, campaign, late);
    if (mode == CF_PAYMENT_MODE_SAVE && cf_chance(world, 50)) {
        pledge->state = CF_MODEL_COMMITTED;
        CF_HAPPENS(world, PLEDGE_PLACED, pledge_placed, pledge->id, campaign->id, pledge->backer,
                   world->currency, cf_minor(pledge->amount), reward,
                   .card_id = cf_history_id(&world->history),
                   .payment_method = cf_world_token(world, "pm", 1));
        pledge_memo(world, pledge, pledge->amount);
        return;
    }
    CF_HAPPENS(world, PLEDGE_CHECKOUT_STARTED, pledge_checkout_started, pledge->id, campaign->id,
               pledge->backer, world->currency, cf_minor(pledge->amount), reward, .mode = mode,
               .claim_expires_at = world->history.now_us + CF_HOUR_US, .late = late);
}

/* -- Asking the provider --------------------------------------------------------------------- */

static void ask(struct cf_world *world, struct cf_model_pledge *pledge, enum cf_payment_mode mode)
{
    CF_HAPPENS(world, PLEDGE_PAYMENT_REQUESTED, pledge_payment_requested, pledge->id,
               cf_campaign_of(world, pledge)->id, pledge->backer, world->currency,
               cf_minor(pledge->amount), mode, cf_world_token(world, "pm", 2),
               .off_session = pledge->state != CF_MODEL_CHECKOUT, .attempt = ++pledge->attempt);
}

static void decline(struct cf_world *world, struct cf_model_pledge *pledge)
{
    int64_t lost = pledge->state == CF_MODEL_CAPTURING ? pledge->held : 0;
    CF_HAPPENS(world, PLEDGE_PAYMENT_FAILED, pledge_payment_failed, pledge->id,
               cf_campaign_of(world, pledge)->id, world->currency, CF_DECLINE_INSUFFICIENT_FUNDS,
               true, .from_authorized = cf_minor(lost), .back_to_pledged = cf_minor(lost));
    if (lost > 0) { /* M3, it lives on */
        hold_memo(world, pledge, -lost);
        pledge_memo(world, pledge, lost);
    }
    if (pledge->state == CF_MODEL_AUTHORIZING && pledge->held >= pledge->amount)
        pledge->state = CF_MODEL_AUTHORIZED;
    else if (pledge->state != CF_MODEL_CHECKOUT)
        pledge->state = CF_MODEL_ERRORED;
}

static void action_required(struct cf_world *world, struct cf_model_pledge *pledge)
{
    uint32_t intent = cf_world_number(world);
    CF_HAPPENS(world, PLEDGE_ACTION_REQUIRED, pledge_action_required, pledge->id,
               cf_world_token(world, "pi", intent));
    if (pledge->state == CF_MODEL_AUTHORIZING && pledge->held >= pledge->amount) {
        pledge->state = CF_MODEL_AUTHORIZED; /* the older hold stands, and its intent */
        return;
    }
    pledge->intent = intent;
    if (pledge->state != CF_MODEL_CHECKOUT)
        pledge->state = CF_MODEL_ERRORED;
}

static void authorized(struct cf_world *world, struct cf_model_pledge *pledge)
{
    int64_t replaced = pledge->held;
    int64_t from_pledged = pledge->pledged;
    uint32_t before = pledge->intent;
    pledge->intent = cf_world_number(world);
    CF_HAPPENS(world, PLEDGE_AUTHORIZED, pledge_authorized, pledge->id,
               cf_campaign_of(world, pledge)->id, world->currency, cf_minor(pledge->amount),
               cf_world_token(world, "pi", pledge->intent), world->history.now_us + 5 * CF_DAY_US,
               cf_minor(from_pledged), cf_minor(replaced),
               replaced > 0 ? cf_world_token(world, "pi", before) : (struct cf_bytes){0});
    if (replaced > 0) {
        hold_memo(world, pledge, -replaced);
        pledge->replaced = before;
    }
    if (from_pledged > 0)
        pledge_memo(world, pledge, -from_pledged);
    hold_memo(world, pledge, pledge->amount);
    pledge->state = CF_MODEL_AUTHORIZED;
}

/* -- A pledge in a live campaign ------------------------------------------------------------- */

static void abandon(struct cf_world *world, struct cf_model_pledge *pledge)
{
    pledge->void_due = pledge->intent != 0;
    CF_HAPPENS(
        world, PLEDGE_ABANDONED, pledge_abandoned, pledge->id, cf_campaign_of(world, pledge)->id,
        pledge->void_due ? cf_world_token(world, "pi", pledge->intent) : (struct cf_bytes){0});
    give_stock_back(world, pledge);
    pledge->state = CF_MODEL_ENDED;
}

static void checkout_step(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    enum cf_payment_mode mode = mode_of(world, campaign, pledge->late);
    if (cf_chance(world, 12)) {
        abandon(world, pledge);
        return;
    }
    ask(world, pledge, mode);
    if (cf_chance(world, 20))
        action_required(world, pledge);
    if (cf_chance(world, 20)) {
        decline(world, pledge);
    } else if (mode == CF_PAYMENT_MODE_SAVE) {
        CF_HAPPENS(world, PLEDGE_COMMITTED, pledge_committed, pledge->id, campaign->id,
                   world->currency, cf_minor(pledge->amount), cf_world_token(world, "pm", 3));
        pledge->state = CF_MODEL_COMMITTED;
        pledge_memo(world, pledge, pledge->amount);
    } else if (mode == CF_PAYMENT_MODE_HOLD) {
        authorized(world, pledge);
    } else {
        cf_world_captured(world, pledge);
    }
}

static void amend(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    int64_t before = pledge->amount;
    struct cf_id none = {0};
    struct cf_id reward = pledge->reward >= 0 ? campaign->rewards[pledge->reward] : none;
    give_stock_back(world, pledge);
    int next = pick_reward(world, campaign);
    pledge->amount = cf_random_between(&world->random, 1, 30000);
    int64_t less = before - pledge->amount;
    int64_t from_pledged = less > 0 ? cf_least(less, pledge->pledged) : 0;
    int64_t from_held = less > 0 ? less - from_pledged : 0;
    CF_HAPPENS(world, PLEDGE_AMENDED, pledge_amended, pledge->id, campaign->id, world->currency,
               cf_minor(pledge->amount), cf_minor(before),
               next >= 0 ? campaign->rewards[next] : none, reward,
               .from_authorized = cf_minor(from_held));
    pledge->reward = next;
    if (next >= 0)
        campaign->claimed[next]++;
    if (less < 0)
        pledge_memo(world, pledge, -less);
    if (from_pledged > 0)
        pledge_memo(world, pledge, -from_pledged);
    if (from_held > 0)
        hold_memo(world, pledge, -from_held);
}

/* What leaves the memo accounts when a pledge ends, and the intent that stands behind its hold. */
static struct cf_bytes end_memo(struct cf_world *world, struct cf_model_pledge *pledge)
{
    pledge->void_due = pledge->held > 0;
    if (pledge->pledged > 0)
        pledge_memo(world, pledge, -pledge->pledged);
    if (pledge->held > 0)
        hold_memo(world, pledge, -pledge->held);
    give_stock_back(world, pledge);
    pledge->state = CF_MODEL_ENDED;
    return pledge->void_due ? cf_world_token(world, "pi", pledge->intent) : (struct cf_bytes){0};
}

static void cancel(struct cf_world *world, struct cf_model_pledge *pledge)
{
    int64_t pledged = pledge->pledged;
    int64_t held = pledge->held;
    struct cf_bytes intent = end_memo(world, pledge);
    CF_HAPPENS(world, PLEDGE_CANCELLED, pledge_cancelled, pledge->id,
               cf_campaign_of(world, pledge)->id, world->currency, cf_minor(pledged),
               cf_minor(held), intent);
}

static void lapse(struct cf_world *world, struct cf_model_pledge *pledge)
{
    int64_t held = pledge->held;
    CF_HAPPENS(world, PLEDGE_HOLD_LAPSED, pledge_hold_lapsed, pledge->id,
               cf_campaign_of(world, pledge)->id, world->currency, cf_minor(held),
               cf_world_token(world, "pi", pledge->intent));
    hold_memo(world, pledge, -held);
    pledge_memo(world, pledge, held);
    pledge->state = CF_MODEL_ERRORED;
}

static void renew(struct cf_world *world, struct cf_model_pledge *pledge)
{
    CF_HAPPENS(world, PLEDGE_HOLD_RENEWAL_DUE, pledge_hold_renewal_due, pledge->id,
               cf_campaign_of(world, pledge)->id);
    pledge->state = CF_MODEL_AUTHORIZING;
    ask(world, pledge, CF_PAYMENT_MODE_HOLD);
}

/* The provider answers a request for a hold. */
static void answer_hold(struct cf_world *world, struct cf_model_pledge *pledge)
{
    if (pledge->held > 0 && cf_chance(world, 10)) { /* the older one lapses meanwhile */
        lapse(world, pledge);
        pledge->state = CF_MODEL_AUTHORIZING;
    }
    if (cf_chance(world, 20))
        decline(world, pledge);
    else if (cf_chance(world, 10))
        action_required(world, pledge);
    else
        authorized(world, pledge);
}

void cf_world_pledge_step(struct cf_world *world, struct cf_model_pledge *pledge)
{
    if (pledge->state == CF_MODEL_CHECKOUT) {
        checkout_step(world, pledge);
    } else if (pledge->state == CF_MODEL_AUTHORIZING) {
        answer_hold(world, pledge);
    } else if (pledge->state == CF_MODEL_CAPTURING) {
        cf_world_collect(world, pledge);
    } else if (cf_chance(world, 10)) {
        cancel(world, pledge);
    } else if (cf_chance(world, 25)) {
        amend(world, pledge);
    } else if (cf_chance(world, 10)) {
        CF_HAPPENS(world, PLEDGE_CARD_REPLACED, pledge_card_replaced, pledge->id,
                   .payment_method = cf_world_token(world, "pm", 4));
    } else if (pledge->state == CF_MODEL_AUTHORIZED) {
        if (pledge->replaced == 0 && cf_chance(world, 50))
            renew(world, pledge);
        else if (cf_chance(world, 40))
            lapse(world, pledge);
    } else if (cf_campaign_of(world, pledge)->model != CF_FUNDING_MODEL_KIA) {
        ask(world, pledge, CF_PAYMENT_MODE_HOLD);
        pledge->state = CF_MODEL_AUTHORIZING;
    }
}

/* -- After the verdict ---------------------------------------------------------------------- */

/* One step towards the money of a pledge of a funded campaign. */
void cf_world_collect(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    if (pledge->state == CF_MODEL_CHECKOUT || pledge->state == CF_MODEL_AUTHORIZING) {
        cf_world_pledge_step(world, pledge);
    } else if (pledge->state == CF_MODEL_AUTHORIZED && pledge->held >= pledge->amount) {
        CF_HAPPENS(world, PLEDGE_CAPTURE_REQUESTED, pledge_capture_requested, pledge->id,
                   campaign->id, world->currency, cf_minor(pledge->amount),
                   cf_world_token(world, "pi", pledge->intent));
        pledge->state = CF_MODEL_CAPTURING;
    } else if (pledge->state == CF_MODEL_AUTHORIZED) {
        renew(world, pledge);
    } else if (pledge->state == CF_MODEL_CAPTURING) {
        if (cf_chance(world, 65))
            cf_world_captured(world, pledge);
        else if (cf_chance(world, 20) && pledge->held == 0)
            action_required(world, pledge);
        else if (cf_chance(world, 20) && pledge->held > 0)
            lapse(world, pledge);
        else
            decline(world, pledge);
    } else {
        if (pledge->state == CF_MODEL_ERRORED && cf_chance(world, 40))
            CF_HAPPENS(world, PLEDGE_GRACE_RETRY_SCHEDULED, pledge_grace_retry_scheduled,
                       pledge->id, world->history.now_us + CF_DAY_US, pledge->attempt + 1);
        ask(world, pledge, CF_PAYMENT_MODE_CHARGE);
        pledge->state = CF_MODEL_CAPTURING;
    }
}

/* Grace is over: whatever the provider was asked for fails, and the pledge is dropped. */
void cf_world_give_up(struct cf_world *world, struct cf_model_pledge *pledge)
{
    if (pledge->state == CF_MODEL_CHECKOUT) {
        abandon(world, pledge);
        return;
    }
    while (pledge->state != CF_MODEL_ERRORED && pledge->state != CF_MODEL_CHARGED)
        cf_world_collect(world, pledge);
    if (pledge->state == CF_MODEL_CHARGED)
        return;
    int64_t pledged = pledge->pledged;
    int64_t held = pledge->held;
    struct cf_bytes intent = end_memo(world, pledge);
    CF_HAPPENS(world, PLEDGE_DROPPED, pledge_dropped, pledge->id, cf_campaign_of(world, pledge)->id,
               world->currency, cf_minor(pledged), cf_minor(held), intent);
}

void cf_world_release(struct cf_world *world, struct cf_model_pledge *pledge)
{
    if (pledge->state == CF_MODEL_CHECKOUT) {
        abandon(world, pledge);
        return;
    }
    int64_t pledged = pledge->pledged;
    int64_t held = pledge->held;
    struct cf_bytes intent = end_memo(world, pledge);
    CF_HAPPENS(world, PLEDGE_RELEASED, pledge_released, pledge->id,
               cf_campaign_of(world, pledge)->id, world->currency, cf_minor(pledged),
               cf_minor(held), intent);
}

/* The provider confirms what was to be cancelled. */
void cf_world_void(struct cf_world *world, struct cf_model_pledge *pledge)
{
    if (pledge->replaced != 0)
        CF_HAPPENS(world, PLEDGE_HOLD_VOIDED, pledge_hold_voided, pledge->id,
                   cf_world_token(world, "pi", pledge->replaced));
    pledge->replaced = 0;
    if (pledge->void_due)
        CF_HAPPENS(world, PLEDGE_HOLD_VOIDED, pledge_hold_voided, pledge->id,
                   cf_world_token(world, "pi", pledge->intent));
    pledge->void_due = false;
}
