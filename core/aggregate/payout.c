/* SPDX-License-Identifier: Apache-2.0 */
/* A payout on its way from the provider's balance over the connected account to the bank. */
#include "core/aggregate/payout.h"

#include "core/aggregate/evolve_private.h"

struct cf_payout_turn {
    struct cf_turn *turn;
    struct cf_payout *payout;
    struct cf_creator *creator;
    enum cf_payout_state to; /* starts as the present state */
};

/* The amount of every later event is the payout's own. */
static void cf_payout_expect_amount(struct cf_payout_turn *turn, struct cf_money amount)
{
    cf_turn_expect(turn->turn, cf_money_minor(amount) == turn->payout->amount_minor,
                   "another amount than the payout's");
}

static void cf_payout_on_requested(struct cf_payout_turn *turn)
{
    const struct cf_event_payout_requested *requested = &turn->turn->event->payout_requested;
    struct cf_payout *payout = turn->payout;
    payout->requested_at_us = turn->turn->record->time_us;
    payout->amount_minor = cf_money_minor(requested->amount);
    payout->attempt = 1;
    cf_turn_token(turn->turn, &payout->account, requested->account);
    cf_turn_gain(turn->turn, &turn->creator->payout_requested_minor, requested->amount);
    cf_turn_count(turn->turn, &turn->creator->open_payouts, 1);
    turn->to = CF_PAYOUT_REQUESTED;
}

static void cf_payout_on_refused(struct cf_payout_turn *turn)
{
    struct cf_money amount = turn->turn->event->payout_refused.amount;
    cf_payout_expect_amount(turn, amount);
    cf_turn_lose(turn->turn, &turn->creator->payout_requested_minor, amount);
    cf_turn_count(turn->turn, &turn->creator->open_payouts, -1);
    turn->to = CF_PAYOUT_REFUSED;
}

static void cf_payout_on_initiated(struct cf_payout_turn *turn)
{
    const struct cf_event_payout_initiated *initiated = &turn->turn->event->payout_initiated;
    cf_payout_expect_amount(turn, initiated->amount);
    cf_turn_lose(turn->turn, &turn->creator->payout_requested_minor, initiated->amount);
    cf_turn_token(turn->turn, &turn->payout->transfer, initiated->transfer);
    cf_turn_lookup(turn->turn, CF_LOOKUP_TRANSFER, initiated->transfer, turn->turn->id);
    turn->to = CF_PAYOUT_INITIATED;
}

static void cf_payout_on_sent(struct cf_payout_turn *turn)
{
    struct cf_bytes bank_payout = turn->turn->event->payout_sent.bank_payout;
    cf_turn_token(turn->turn, &turn->payout->bank_payout, bank_payout);
    cf_turn_lookup(turn->turn, CF_LOOKUP_BANK_PAYOUT, bank_payout, turn->turn->id);
    turn->to = CF_PAYOUT_SENT;
}

static struct cf_user *cf_payout_user(struct cf_payout_turn *turn)
{
    return cf_book_edit(turn->turn->book, CF_ROW_USER, &turn->payout->creator_id);
}

static void cf_payout_on_paid(struct cf_payout_turn *turn)
{
    cf_payout_expect_amount(turn, turn->turn->event->payout_paid.amount);
    cf_turn_count(turn->turn, &turn->creator->open_payouts, -1);
    struct cf_user *user = cf_payout_user(turn);
    if (user != NULL)
        user->payouts_failed = 0;
    turn->to = CF_PAYOUT_PAID;
}

static void cf_payout_on_failed(struct cf_payout_turn *turn)
{
    const struct cf_event_payout_failed *failed = &turn->turn->event->payout_failed;
    cf_payout_expect_amount(turn, failed->amount);
    cf_turn_expect(turn->turn, failed->was_paid == (turn->payout->state == CF_PAYOUT_PAID),
                   "paid before, or not, unlike the payout");
    cf_turn_gain(turn->turn, &turn->creator->connected_minor, failed->amount);
    if (failed->was_paid)
        cf_turn_count(turn->turn, &turn->creator->open_payouts, 1);
    struct cf_user *user = cf_payout_user(turn);
    if (user != NULL)
        cf_turn_count(turn->turn, &user->payouts_failed, 1);
    turn->to = CF_PAYOUT_FAILED;
}

static void cf_payout_on_retried(struct cf_payout_turn *turn)
{
    const struct cf_event_payout_retried *retried = &turn->turn->event->payout_retried;
    cf_payout_expect_amount(turn, retried->amount);
    cf_turn_expect(turn->turn, retried->attempt == turn->payout->attempt + 1,
                   "the attempt is not the next one");
    cf_turn_lose(turn->turn, &turn->creator->connected_minor, retried->amount);
    turn->payout->attempt = retried->attempt;
    cf_turn_token(turn->turn, &turn->payout->bank_payout, (struct cf_bytes){0});
    turn->to = CF_PAYOUT_INITIATED;
}

static void cf_payout_on_reversal_requested(struct cf_payout_turn *turn)
{
    cf_payout_expect_amount(turn, turn->turn->event->payout_reversal_requested.amount);
    turn->payout->failed_before = turn->payout->state == CF_PAYOUT_FAILED;
    turn->to = CF_PAYOUT_REVERSING;
}

static void cf_payout_on_reversed(struct cf_payout_turn *turn)
{
    const struct cf_event_payout_reversed *reversed = &turn->turn->event->payout_reversed;
    bool had_failed = turn->payout->state == CF_PAYOUT_FAILED || turn->payout->failed_before != 0;
    cf_payout_expect_amount(turn, reversed->amount);
    cf_turn_expect(turn->turn, reversed->had_failed == had_failed,
                   "failed before, or not, unlike the payout");
    if (had_failed)
        cf_turn_lose(turn->turn, &turn->creator->connected_minor, reversed->amount);
    cf_turn_count(turn->turn, &turn->creator->open_payouts, -1);
    turn->to = CF_PAYOUT_REVERSED;
}

typedef void cf_payout_fn(struct cf_payout_turn *turn);

#define CF_ON(EVENT, fn) [CF_EVENT_PAYOUT_##EVENT - CF_EVENT_PAYOUT_REQUESTED] = (fn)

static cf_payout_fn *const cf_payout_fns[] = {
    CF_ON(REQUESTED, cf_payout_on_requested),
    CF_ON(INITIATED, cf_payout_on_initiated),
    CF_ON(REFUSED, cf_payout_on_refused),
    CF_ON(SENT, cf_payout_on_sent),
    CF_ON(PAID, cf_payout_on_paid),
    CF_ON(FAILED, cf_payout_on_failed),
    CF_ON(RETRIED, cf_payout_on_retried),
    CF_ON(REVERSAL_REQUESTED, cf_payout_on_reversal_requested),
    CF_ON(REVERSED, cf_payout_on_reversed),
};

void cf_turn_payout(struct cf_turn *turn)
{
    bool first = turn->event->type == CF_EVENT_PAYOUT_REQUESTED;
    struct cf_payout *payout = first ? cf_book_make(turn->book, CF_ROW_PAYOUT, turn->id)
                                     : cf_book_edit(turn->book, CF_ROW_PAYOUT, turn->id);
    if (payout == NULL) {
        cf_turn_wrong(turn, "there is no such payout");
        return;
    }
    if (first && payout->state == CF_PAYOUT_NONE) {
        payout->campaign_id = turn->event->payout_requested.campaign_id;
        payout->creator_id = turn->event->payout_requested.creator_id;
        payout->currency = (uint16_t)turn->event->payout_requested.currency;
    }
    enum cf_payout_state from = (enum cf_payout_state)payout->state;
    turn->state_before = cf_payout_state_name(from);
    cf_turn_version(turn, &payout->version);
    struct cf_payout_turn payout_turn = {
        .turn = turn,
        .payout = payout,
        .creator = cf_turn_creator(turn, &payout->creator_id, (enum cf_currency)payout->currency),
        .to = from};
    cf_payout_fns[turn->event->type - CF_EVENT_PAYOUT_REQUESTED](&payout_turn);
    if (!cf_payout_may_move(turn->event->type, from, payout_turn.to)) {
        turn->wrong = "the transition table does not have this move";
        return;
    }
    payout->state = (uint8_t)payout_turn.to;
}
