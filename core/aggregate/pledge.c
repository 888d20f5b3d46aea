/* SPDX-License-Identifier: Apache-2.0 */
/* A pledge from checkout to capture, or to its end without money. After capture: pledge_money.c. */
#include "core/aggregate/pledge.h"

#include "core/aggregate/evolve_private.h"

/* What a state means for the sums. */
struct cf_pledge_trait {
    bool open;    /* may still move without a refund or dispute */
    bool counts;  /* its backer is a backer of the campaign */
    bool charged; /* its money was taken, and neither refunded whole nor charged back */
    bool ended;
    bool gives_back; /* its stock returns */
};

static const struct cf_pledge_trait cf_pledge_traits[] = {
    [CF_PLEDGE_NONE] = {.ended = true},
    [CF_PLEDGE_CHECKOUT] = {.open = true},
    [CF_PLEDGE_REQUIRES_ACTION] = {.open = true},
    [CF_PLEDGE_COMMITTED] = {.open = true, .counts = true},
    [CF_PLEDGE_AUTHORIZING] = {.open = true, .counts = true},
    [CF_PLEDGE_AUTHORIZED] = {.open = true, .counts = true},
    [CF_PLEDGE_REAUTH_DUE] = {.open = true, .counts = true},
    [CF_PLEDGE_CAPTURING] = {.open = true, .counts = true},
    [CF_PLEDGE_CAPTURED] = {.counts = true, .charged = true},
    [CF_PLEDGE_ERRORED] = {.open = true, .counts = true},
    [CF_PLEDGE_DROPPED] = {.ended = true, .gives_back = true},
    [CF_PLEDGE_CANCELLED] = {.ended = true, .gives_back = true},
    [CF_PLEDGE_RELEASED] = {.ended = true, .gives_back = true},
    [CF_PLEDGE_ABANDONED] = {.ended = true, .gives_back = true},
    [CF_PLEDGE_REFUND_PENDING] = {.counts = true, .charged = true},
    [CF_PLEDGE_PARTIALLY_REFUNDED] = {.counts = true, .charged = true},
    [CF_PLEDGE_REFUNDED] = {.ended = true},
    [CF_PLEDGE_REFUND_FAILED] = {.counts = true, .charged = true},
    [CF_PLEDGE_DISPUTED] = {.counts = true, .charged = true},
    [CF_PLEDGE_CHARGED_BACK] = {.ended = true},
};

bool cf_pledge_state_is_terminal(enum cf_pledge_state state)
{
    return cf_pledge_traits[state].ended;
}

void cf_pledge_memo_gain(struct cf_pledge_turn *turn, struct cf_money pledged,
                         struct cf_money authorized)
{
    cf_turn_gain(turn->turn, &turn->pledge->memo_pledged_minor, pledged);
    cf_turn_gain(turn->turn, &turn->campaign->committed_minor, pledged);
    cf_turn_gain(turn->turn, &turn->pledge->memo_authorized_minor, authorized);
    cf_turn_gain(turn->turn, &turn->campaign->authorized_minor, authorized);
}

void cf_pledge_memo_lose(struct cf_pledge_turn *turn, struct cf_money pledged,
                         struct cf_money authorized)
{
    cf_turn_lose(turn->turn, &turn->pledge->memo_pledged_minor, pledged);
    cf_turn_lose(turn->turn, &turn->campaign->committed_minor, pledged);
    cf_turn_lose(turn->turn, &turn->pledge->memo_authorized_minor, authorized);
    cf_turn_lose(turn->turn, &turn->campaign->authorized_minor, authorized);
}

/* -- Stock ---------------------------------------------------------------------------------- */

/* Claims stock (or gives it back); says whether it counts towards the backer's own limit. */
static bool cf_reward_claim(struct cf_pledge_turn *turn, const struct cf_id *reward_id,
                            uint32_t quantity)
{
    struct cf_reward *reward = cf_book_edit(turn->turn->book, CF_ROW_REWARD, reward_id);
    if (reward == NULL) {
        cf_turn_wrong(turn->turn, "there is no such reward");
        return false;
    }
    cf_turn_count(turn->turn, &reward->claimed, quantity);
    if (reward->limit != 0 && reward->claimed > reward->limit)
        cf_turn_wrong(turn->turn, "more is claimed than there is");
    if (reward->per_backer_limit == 0)
        return false;
    struct cf_reward_backing *backing = cf_book_make_pair(turn->turn->book, CF_ROW_REWARD_BACKING,
                                                          reward_id, &turn->pledge->backer_id);
    cf_turn_count(turn->turn, &backing->claimed, quantity);
    if (backing->claimed > reward->per_backer_limit)
        cf_turn_wrong(turn->turn, "one backer claims more than one may");
    return true;
}

static void cf_reward_give_back(struct cf_pledge_turn *turn, const struct cf_id *reward_id,
                                uint32_t quantity, bool counted)
{
    struct cf_reward *reward = cf_book_edit(turn->turn->book, CF_ROW_REWARD, reward_id);
    if (reward == NULL) {
        cf_turn_wrong(turn->turn, "there is no such reward");
        return;
    }
    cf_turn_count(turn->turn, &reward->claimed, -(int64_t)quantity);
    if (!counted)
        return;
    struct cf_reward_backing *backing = cf_book_make_pair(turn->turn->book, CF_ROW_REWARD_BACKING,
                                                          reward_id, &turn->pledge->backer_id);
    cf_turn_count(turn->turn, &backing->claimed, -(int64_t)quantity);
}

static void cf_pledge_claim(struct cf_pledge_turn *turn, const struct cf_id *reward_id,
                            const struct cf_items *add_ons)
{
    struct cf_pledge *pledge = turn->pledge;
    pledge->reward_id = *reward_id;
    if (!cf_id_is_zero(*reward_id))
        pledge->reward_counted = cf_reward_claim(turn, reward_id, 1);
    pledge->item_count = add_ons->count;
    for (uint32_t i = 0; i < add_ons->count; i++) {
        const struct cf_item *item = &add_ons->items[i];
        pledge->items[i].reward_id = item->reward_id;
        pledge->items[i].quantity = item->quantity;
        pledge->items[i].counted = cf_reward_claim(turn, &item->reward_id, item->quantity);
    }
}

/* Gives all stock back. The pledge still names it, so that the backer sees what it was for. */
static void cf_pledge_give_back(struct cf_pledge_turn *turn)
{
    struct cf_pledge *pledge = turn->pledge;
    if (!cf_id_is_zero(pledge->reward_id))
        cf_reward_give_back(turn, &pledge->reward_id, 1, pledge->reward_counted != 0);
    for (uint32_t i = 0; i < pledge->item_count; i++)
        cf_reward_give_back(turn, &pledge->items[i].reward_id, pledge->items[i].quantity,
                            pledge->items[i].counted != 0);
    pledge->reward_counted = 0;
}

/* -- The move ------------------------------------------------------------------------------- */

/* Brings the campaign's counts up to date for the move from `from` to turn->to. */
static void cf_pledge_count_move(struct cf_pledge_turn *turn, enum cf_pledge_state from)
{
    const struct cf_pledge_trait *was = &cf_pledge_traits[from];
    const struct cf_pledge_trait *is = &cf_pledge_traits[turn->to];
    struct cf_campaign *campaign = turn->campaign;
    uint32_t *open = turn->pledge->late ? &campaign->late_open : &campaign->pledges_open;
    cf_turn_count(turn->turn, open, is->open - was->open);
    cf_turn_count(turn->turn, &campaign->pledges_captured, is->charged - was->charged);
    if (was->counts != is->counts || was->ended != is->ended) {
        struct cf_backing *backing = cf_book_make_pair(
            turn->turn->book, CF_ROW_BACKING, &turn->pledge->campaign_id, &turn->pledge->backer_id);
        bool counted = backing->pledges_counted > 0;
        cf_turn_count(turn->turn, &backing->pledges_counted, is->counts - was->counts);
        cf_turn_count(turn->turn, &backing->pledges_open, was->ended - is->ended);
        cf_turn_count(turn->turn, &campaign->backers, (backing->pledges_counted > 0) - counted);
    }
    if (is->gives_back && !was->gives_back)
        cf_pledge_give_back(turn);
}

/* -- Events --------------------------------------------------------------------------------- */

static void cf_pledge_begin(struct cf_pledge_turn *turn, enum cf_currency currency,
                            struct cf_money amount, struct cf_money shipping)
{
    struct cf_pledge *pledge = turn->pledge;
    pledge->created_at_us = turn->turn->record->time_us;
    pledge->currency = (uint16_t)currency;
    pledge->amount_minor = cf_money_minor(amount);
    pledge->shipping_minor = cf_money_minor(shipping);
    cf_turn_expect(turn->turn, pledge->currency == turn->campaign->currency,
                   "the pledge is in another currency than its campaign");
    turn->turn->book->ops->pledge_list(turn->turn->book, &pledge->campaign_id, turn->turn->id);
}

static void cf_pledge_on_checkout_started(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_checkout_started *started =
        &turn->turn->event->pledge_checkout_started;
    turn->pledge->backer_id = started->backer_id;
    turn->pledge->mode = (uint8_t)started->mode;
    turn->pledge->late = started->late;
    turn->pledge->claim_expires_at_us = started->claim_expires_at;
    cf_pledge_begin(turn, started->currency, started->amount, started->shipping);
    cf_pledge_claim(turn, &started->reward_id, &started->add_ons);
    turn->to = CF_PLEDGE_CHECKOUT;
}

static void cf_pledge_on_placed(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_placed *placed = &turn->turn->event->pledge_placed;
    turn->pledge->backer_id = placed->backer_id;
    turn->pledge->mode = CF_PAYMENT_MODE_SAVE;
    turn->pledge->card_id = placed->card_id;
    cf_turn_token(turn->turn, &turn->pledge->payment_method, placed->payment_method);
    cf_pledge_begin(turn, placed->currency, placed->amount, placed->shipping);
    cf_pledge_claim(turn, &placed->reward_id, &placed->add_ons);
    cf_pledge_memo_gain(turn, placed->amount, cf_money_of(0));
    turn->to = CF_PLEDGE_COMMITTED;
}

static void cf_pledge_on_payment_requested(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_payment_requested *requested =
        &turn->turn->event->pledge_payment_requested;
    struct cf_pledge *pledge = turn->pledge;
    cf_turn_expect(turn->turn, cf_money_minor(requested->amount) == pledge->amount_minor,
                   "another amount than the pledge's");
    cf_turn_expect(turn->turn, requested->attempt == pledge->attempt + 1,
                   "the attempt is not the next one");
    pledge->attempt = requested->attempt;
    pledge->mode = (uint8_t)requested->mode;
    cf_turn_token(turn->turn, &pledge->payment_method, requested->payment_method);
    if (pledge->state == CF_PLEDGE_CHECKOUT || pledge->state == CF_PLEDGE_REQUIRES_ACTION)
        turn->to = CF_PLEDGE_CHECKOUT;
    else if (requested->mode == CF_PAYMENT_MODE_HOLD)
        turn->to = CF_PLEDGE_AUTHORIZING;
    else if (requested->mode == CF_PAYMENT_MODE_CHARGE)
        turn->to = CF_PLEDGE_CAPTURING;
    else
        cf_turn_wrong(turn->turn, "a card is saved in checkout alone");
}

/* Where a payment that did not go through leaves the pledge. */
static enum cf_pledge_state cf_pledge_after_failure(const struct cf_pledge *pledge)
{
    if (pledge->state == CF_PLEDGE_AUTHORIZING &&
        pledge->memo_authorized_minor >= pledge->amount_minor)
        return CF_PLEDGE_AUTHORIZED; /* the older hold stands, and covers it */
    if (pledge->state == CF_PLEDGE_AUTHORIZING || pledge->state == CF_PLEDGE_CAPTURING)
        return CF_PLEDGE_ERRORED;
    return (enum cf_pledge_state)pledge->state;
}

static void cf_pledge_on_action_required(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_action_required *required =
        &turn->turn->event->pledge_action_required;
    struct cf_pledge *pledge = turn->pledge;
    cf_turn_lookup(turn->turn, CF_LOOKUP_INTENT, required->intent, turn->turn->id);
    if (pledge->state == CF_PLEDGE_CHECKOUT || pledge->state == CF_PLEDGE_REQUIRES_ACTION) {
        turn->to = CF_PLEDGE_REQUIRES_ACTION;
    } else {
        pledge->decline = CF_DECLINE_AUTHENTICATION_REQUIRED;
        pledge->retryable = 0;
        turn->to = cf_pledge_after_failure(pledge);
    }
    if (turn->to != CF_PLEDGE_AUTHORIZED) /* where the older hold stands, its intent does too */
        cf_turn_token(turn->turn, &pledge->intent, required->intent);
}

static void cf_pledge_on_committed(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_committed *committed = &turn->turn->event->pledge_committed;
    cf_turn_expect(turn->turn, cf_money_minor(committed->amount) == turn->pledge->amount_minor,
                   "another amount than the pledge's");
    cf_turn_token(turn->turn, &turn->pledge->payment_method, committed->payment_method);
    cf_pledge_memo_gain(turn, committed->amount, cf_money_of(0));
    turn->to = CF_PLEDGE_COMMITTED;
}

static void cf_pledge_on_authorized(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_authorized *authorized = &turn->turn->event->pledge_authorized;
    struct cf_pledge *pledge = turn->pledge;
    cf_turn_expect(turn->turn, cf_money_minor(authorized->amount) == pledge->amount_minor,
                   "another amount than the pledge's");
    cf_pledge_memo_lose(turn, authorized->from_pledged, authorized->replaced_amount);
    cf_pledge_memo_gain(turn, cf_money_of(0), authorized->amount);
    cf_turn_expect(turn->turn,
                   pledge->memo_pledged_minor == 0 &&
                       pledge->memo_authorized_minor == pledge->amount_minor,
                   "the hold does not cover the pledge and nothing else");
    cf_turn_token(turn->turn, &pledge->intent, authorized->intent);
    cf_turn_lookup(turn->turn, CF_LOOKUP_INTENT, authorized->intent, turn->turn->id);
    pledge->capture_before_us = authorized->capture_before;
    turn->to = CF_PLEDGE_AUTHORIZED;
}

static void cf_pledge_on_payment_failed(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_payment_failed *failed = &turn->turn->event->pledge_payment_failed;
    struct cf_pledge *pledge = turn->pledge;
    cf_pledge_memo_lose(turn, cf_money_of(0), failed->from_authorized);
    cf_pledge_memo_gain(turn, failed->back_to_pledged, cf_money_of(0));
    if (!cf_pledge_state_is_terminal(pledge->state)) {
        pledge->decline = (uint8_t)failed->decline;
        pledge->retryable = failed->retryable;
    }
    cf_turn_lookup(turn->turn, CF_LOOKUP_INTENT, failed->intent, turn->turn->id);
    turn->to = pledge->state == CF_PLEDGE_REQUIRES_ACTION ? CF_PLEDGE_CHECKOUT
                                                          : cf_pledge_after_failure(pledge);
    if (pledge->memo_authorized_minor == 0)
        pledge->capture_before_us = 0;
}

static void cf_pledge_on_hold_renewal_due(struct cf_pledge_turn *turn)
{
    turn->to = CF_PLEDGE_REAUTH_DUE;
}

static void cf_pledge_on_hold_lapsed(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_hold_lapsed *lapsed = &turn->turn->event->pledge_hold_lapsed;
    cf_pledge_memo_lose(turn, cf_money_of(0), lapsed->amount);
    cf_pledge_memo_gain(turn, lapsed->amount, cf_money_of(0));
    cf_turn_expect(turn->turn, turn->pledge->memo_authorized_minor == 0, "a hold lapses whole");
    turn->pledge->capture_before_us = 0;
    if (turn->pledge->state == CF_PLEDGE_AUTHORIZING)
        return;
    turn->pledge->decline = CF_DECLINE_HOLD_LAPSED;
    turn->pledge->retryable = 1;
    turn->to = CF_PLEDGE_ERRORED;
}

static void cf_pledge_on_capture_requested(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_capture_requested *requested =
        &turn->turn->event->pledge_capture_requested;
    cf_turn_expect(turn->turn,
                   cf_money_minor(requested->amount) == turn->pledge->amount_minor &&
                       turn->pledge->memo_authorized_minor >= turn->pledge->amount_minor,
                   "the hold does not cover the capture");
    turn->to = CF_PLEDGE_CAPTURING;
}

static void cf_pledge_on_card_replaced(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_card_replaced *replaced = &turn->turn->event->pledge_card_replaced;
    turn->pledge->card_id = replaced->card_id;
    cf_turn_token(turn->turn, &turn->pledge->payment_method, replaced->payment_method);
}

static void cf_pledge_on_amended(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_amended *amended = &turn->turn->event->pledge_amended;
    struct cf_pledge *pledge = turn->pledge;
    int64_t now = cf_money_minor(amended->amount);
    int64_t before = cf_money_minor(amended->previous_amount);
    cf_turn_expect(turn->turn, before == pledge->amount_minor, "another amount than the pledge's");
    cf_pledge_give_back(turn);
    cf_pledge_claim(turn, &amended->reward_id, &amended->add_ons);
    pledge->amount_minor = now;
    pledge->shipping_minor = cf_money_minor(amended->shipping);
    if (now >= before) {
        cf_pledge_memo_gain(turn, cf_money_of(now - before), cf_money_of(0));
        return;
    }
    int64_t from_authorized = cf_money_minor(amended->from_authorized);
    cf_turn_expect(turn->turn, from_authorized <= before - now,
                   "more leaves the hold than the pledge was lowered by");
    cf_pledge_memo_lose(turn, cf_money_of(before - now - from_authorized),
                        amended->from_authorized);
}

static void cf_pledge_on_abandoned(struct cf_pledge_turn *turn)
{
    turn->to = CF_PLEDGE_ABANDONED;
}

/* Ended before capture: nothing of it stays in the memo balances. */
static void cf_pledge_end(struct cf_pledge_turn *turn, struct cf_money from_pledged,
                          struct cf_money from_authorized, enum cf_pledge_state to)
{
    cf_pledge_memo_lose(turn, from_pledged, from_authorized);
    cf_turn_expect(turn->turn,
                   turn->pledge->memo_pledged_minor == 0 &&
                       turn->pledge->memo_authorized_minor == 0,
                   "an ended pledge leaves something in the memo balances");
    turn->pledge->capture_before_us = 0;
    turn->to = to;
}

static void cf_pledge_on_cancelled(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_cancelled *event = &turn->turn->event->pledge_cancelled;
    cf_pledge_end(turn, event->from_pledged, event->from_authorized, CF_PLEDGE_CANCELLED);
}

static void cf_pledge_on_dropped(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_dropped *event = &turn->turn->event->pledge_dropped;
    cf_pledge_end(turn, event->from_pledged, event->from_authorized, CF_PLEDGE_DROPPED);
}

static void cf_pledge_on_released(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_released *event = &turn->turn->event->pledge_released;
    cf_pledge_end(turn, event->from_pledged, event->from_authorized, CF_PLEDGE_RELEASED);
}

static void cf_pledge_on_hold_orphaned(struct cf_pledge_turn *turn)
{
    cf_turn_lookup(turn->turn, CF_LOOKUP_INTENT, turn->turn->event->pledge_hold_orphaned.intent,
                   turn->turn->id);
}

/* Recorded; the pledge is as before. */
static void cf_pledge_on_nothing(struct cf_pledge_turn *turn)
{
    (void)turn;
}

#define CF_ON(EVENT, fn) [CF_EVENT_PLEDGE_##EVENT - CF_EVENT_PLEDGE_CHECKOUT_STARTED] = (fn)

static cf_pledge_fn *const cf_pledge_fns[] = {
    CF_ON(CHECKOUT_STARTED, cf_pledge_on_checkout_started),
    CF_ON(PLACED, cf_pledge_on_placed),
    CF_ON(PAYMENT_REQUESTED, cf_pledge_on_payment_requested),
    CF_ON(ACTION_REQUIRED, cf_pledge_on_action_required),
    CF_ON(COMMITTED, cf_pledge_on_committed),
    CF_ON(AUTHORIZED, cf_pledge_on_authorized),
    CF_ON(PAYMENT_FAILED, cf_pledge_on_payment_failed),
    CF_ON(HOLD_RENEWAL_DUE, cf_pledge_on_hold_renewal_due),
    CF_ON(HOLD_LAPSED, cf_pledge_on_hold_lapsed),
    CF_ON(HOLD_VOIDED, cf_pledge_on_nothing),
    CF_ON(CAPTURE_REQUESTED, cf_pledge_on_capture_requested),
    CF_ON(CAPTURED, cf_pledge_on_captured),
    CF_ON(FEE_RECORDED, cf_pledge_on_fee_recorded),
    CF_ON(FUNDS_AVAILABLE, cf_pledge_on_funds_available),
    CF_ON(GRACE_RETRY_SCHEDULED, cf_pledge_on_nothing),
    CF_ON(CARD_REPLACED, cf_pledge_on_card_replaced),
    CF_ON(AMENDED, cf_pledge_on_amended),
    CF_ON(ABANDONED, cf_pledge_on_abandoned),
    CF_ON(CANCELLED, cf_pledge_on_cancelled),
    CF_ON(DROPPED, cf_pledge_on_dropped),
    CF_ON(RELEASED, cf_pledge_on_released),
    CF_ON(SHIPPING_ADDRESS_GIVEN, cf_pledge_on_nothing),
    CF_ON(REFUND_REQUESTED, cf_pledge_on_refund_requested),
    CF_ON(REFUND_SUCCEEDED, cf_pledge_on_refund_succeeded),
    CF_ON(REFUND_FAILED, cf_pledge_on_refund_failed),
    CF_ON(REFUND_RETRIED, cf_pledge_on_refund_retried),
    CF_ON(REFUND_PAID_OTHERWISE, cf_pledge_on_refund_paid_otherwise),
    CF_ON(DISPUTE_WARNED, cf_pledge_on_dispute_warned),
    CF_ON(DISPUTED, cf_pledge_on_disputed),
    CF_ON(DISPUTE_WON, cf_pledge_on_dispute_won),
    CF_ON(DISPUTE_LOST, cf_pledge_on_dispute_lost),
    CF_ON(MONEY_ORPHANED, cf_pledge_on_money_orphaned),
    CF_ON(PROCESSOR_FEE_REIMBURSED, cf_pledge_on_fee_reimbursed),
    CF_ON(HOLD_ORPHANED, cf_pledge_on_hold_orphaned),
    CF_ON(ORPHAN_DISPUTED, cf_pledge_on_orphan_disputed),
    CF_ON(ORPHAN_DISPUTE_WON, cf_pledge_on_orphan_dispute_won),
    CF_ON(ORPHAN_DISPUTE_LOST, cf_pledge_on_orphan_dispute_lost),
    CF_ON(REFUND_COVERED, cf_pledge_on_refund_covered),
};

/* The pledge's row, made for the two events that begin one. */
static struct cf_pledge *cf_pledge_row(struct cf_turn *turn)
{
    const struct cf_id *campaign_id = NULL;
    if (turn->event->type == CF_EVENT_PLEDGE_PLACED)
        campaign_id = &turn->event->pledge_placed.campaign_id;
    else if (turn->event->type == CF_EVENT_PLEDGE_CHECKOUT_STARTED)
        campaign_id = &turn->event->pledge_checkout_started.campaign_id;
    if (campaign_id == NULL)
        return cf_book_edit(turn->book, CF_ROW_PLEDGE, turn->id);
    struct cf_pledge *pledge = cf_book_make(turn->book, CF_ROW_PLEDGE, turn->id);
    if (pledge->state == CF_PLEDGE_NONE)
        pledge->campaign_id = *campaign_id;
    return pledge;
}

void cf_turn_pledge(struct cf_turn *turn)
{
    struct cf_pledge *pledge = cf_pledge_row(turn);
    struct cf_campaign *campaign =
        pledge == NULL ? NULL : cf_book_edit(turn->book, CF_ROW_CAMPAIGN, &pledge->campaign_id);
    if (campaign == NULL) {
        cf_turn_wrong(turn,
                      pledge == NULL ? "there is no such pledge" : "there is no such campaign");
        return;
    }
    enum cf_pledge_state from = (enum cf_pledge_state)pledge->state;
    turn->state_before = cf_pledge_state_name(from);
    cf_turn_version(turn, &pledge->version);
    struct cf_pledge_turn pledge_turn = {turn, pledge, campaign, from};
    cf_pledge_fns[turn->event->type - CF_EVENT_PLEDGE_CHECKOUT_STARTED](&pledge_turn);
    if (!cf_pledge_may_move(turn->event->type, from, pledge_turn.to)) {
        turn->wrong = "the transition table does not have this move";
        return;
    }
    if (from != pledge_turn.to)
        cf_pledge_count_move(&pledge_turn, from);
    pledge->state = (uint8_t)pledge_turn.to;
}
