/* SPDX-License-Identifier: Apache-2.0 */
/* What a pledge's events make due. */
#include "core/react/react_private.h"

typedef void cf_react_fn(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                         const struct cf_campaign *campaign);

/* Every timer of a pledge that lives on hope. */
static void cf_react_clear_waiting(struct cf_reaction *reaction)
{
    cf_react_clear(reaction, reaction->id, CF_TIMER_CLAIM_EXPIRY);
    cf_react_clear(reaction, reaction->id, CF_TIMER_HOLD_RENEWAL);
    cf_react_clear(reaction, reaction->id, CF_TIMER_GRACE_RETRY);
    cf_react_clear(reaction, reaction->id, CF_TIMER_GRACE_REMINDER);
}

static void cf_react_on_checkout_started(struct cf_reaction *reaction,
                                         const struct cf_pledge *pledge,
                                         const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_set(reaction, reaction->id, CF_TIMER_CLAIM_EXPIRY, pledge->claim_expires_at_us);
}

static void cf_react_on_payment_requested(struct cf_reaction *reaction,
                                          const struct cf_pledge *pledge,
                                          const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_open(reaction, reaction->id, CF_REQUEST_PAYMENT);
    cf_react_clear(reaction, reaction->id, CF_TIMER_GRACE_RETRY);
    cf_react_clear(reaction, reaction->id, CF_TIMER_GRACE_REMINDER);
}

static void cf_react_on_action_required(struct cf_reaction *reaction,
                                        const struct cf_pledge *pledge,
                                        const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_close(reaction, reaction->id, CF_REQUEST_PAYMENT);
}

static void cf_react_on_committed(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                  const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_close(reaction, reaction->id, CF_REQUEST_PAYMENT);
    cf_react_clear(reaction, reaction->id, CF_TIMER_CLAIM_EXPIRY);
}

static void cf_react_on_authorized(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                   const struct cf_campaign *campaign)
{
    bool live = campaign->state == CF_CAMPAIGN_LIVE || campaign->state == CF_CAMPAIGN_SUSPENDED;
    cf_react_close(reaction, reaction->id, CF_REQUEST_PAYMENT);
    cf_react_clear_waiting(reaction);
    if (live)
        cf_react_set(reaction, reaction->id, CF_TIMER_HOLD_RENEWAL,
                     cf_policy_hold_renewal_at(pledge->capture_before_us, campaign->ends_at_us));
    if (reaction->event->pledge_authorized.replaced_intent.size > 0)
        cf_react_open(reaction, reaction->id, CF_REQUEST_VOID_REPLACED);
}

static void cf_react_on_payment_failed(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                       const struct cf_campaign *campaign)
{
    cf_react_close(reaction, reaction->id, CF_REQUEST_PAYMENT);
    cf_react_close(reaction, reaction->id, CF_REQUEST_CAPTURE);
    if (pledge->memo_authorized_minor == 0)
        cf_react_clear(reaction, reaction->id, CF_TIMER_HOLD_RENEWAL);
    if (pledge->state == CF_PLEDGE_CHECKOUT) /* it may have waited for the provider meanwhile */
        cf_react_set(reaction, reaction->id, CF_TIMER_CLAIM_EXPIRY, pledge->claim_expires_at_us);
    int64_t due_us = reaction->record->time_us + CF_POLICY_GRACE_REMINDER_US;
    if (pledge->state == CF_PLEDGE_ERRORED && campaign->state == CF_CAMPAIGN_COLLECTING &&
        due_us < campaign->final_collection_at_us)
        cf_react_set(reaction, reaction->id, CF_TIMER_GRACE_REMINDER, due_us);
}

static void cf_react_on_hold_renewal_due(struct cf_reaction *reaction,
                                         const struct cf_pledge *pledge,
                                         const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_clear(reaction, reaction->id, CF_TIMER_HOLD_RENEWAL);
}

static void cf_react_on_hold_lapsed(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                    const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_clear(reaction, reaction->id, CF_TIMER_HOLD_RENEWAL);
    cf_react_close(reaction, reaction->id, CF_REQUEST_CAPTURE);
}

static void cf_react_on_hold_voided(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                    const struct cf_campaign *campaign)
{
    (void)campaign;
    bool own = cf_token_equals(&pledge->intent, reaction->event->pledge_hold_voided.intent);
    cf_react_close(reaction, reaction->id, own ? CF_REQUEST_VOID_HOLD : CF_REQUEST_VOID_REPLACED);
}

static void cf_react_on_hold_orphaned(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                      const struct cf_campaign *campaign)
{
    (void)campaign;
    bool own = cf_token_equals(&pledge->intent, reaction->event->pledge_hold_orphaned.intent);
    cf_react_open(reaction, reaction->id, own ? CF_REQUEST_VOID_HOLD : CF_REQUEST_VOID_REPLACED);
}

static void cf_react_on_capture_requested(struct cf_reaction *reaction,
                                          const struct cf_pledge *pledge,
                                          const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_open(reaction, reaction->id, CF_REQUEST_CAPTURE);
    cf_react_clear(reaction, reaction->id, CF_TIMER_HOLD_RENEWAL);
}

/* A campaign that winds down gives back what it gets meanwhile; after its release run, which looks
 * for that itself when it is done. */
static void cf_react_give_back(struct cf_reaction *reaction, const struct cf_id *campaign_id,
                               const struct cf_campaign *campaign)
{
    bool winds_down = campaign->state == CF_CAMPAIGN_FAILED ||
                      campaign->state == CF_CAMPAIGN_CANCELLED ||
                      campaign->state == CF_CAMPAIGN_PURGED;
    if (winds_down && cf_react_timer(reaction, campaign_id, CF_TIMER_RELEASE_RUN) == 0)
        cf_react_set(reaction, campaign_id, CF_TIMER_REFUND_RUN, reaction->record->time_us);
}

static void cf_react_on_captured(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                 const struct cf_campaign *campaign)
{
    cf_react_close(reaction, reaction->id, CF_REQUEST_PAYMENT);
    cf_react_close(reaction, reaction->id, CF_REQUEST_CAPTURE);
    cf_react_clear_waiting(reaction);
    cf_react_give_back(reaction, &pledge->campaign_id, campaign);
    if (campaign->state == CF_CAMPAIGN_SETTLED &&
        cf_react_timer(reaction, &pledge->campaign_id, CF_TIMER_SETTLE) == 0)
        cf_react_set(reaction, &pledge->campaign_id, CF_TIMER_SETTLE,
                     reaction->record->time_us + CF_POLICY_LATE_SETTLE_US);
    cf_react_progress(reaction, &pledge->campaign_id);
}

static void cf_react_on_fee_recorded(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                     const struct cf_campaign *campaign)
{
    (void)campaign;
    int64_t available_at_us = reaction->event->pledge_fee_recorded.available_at;
    if (available_at_us != 0 && pledge->pending_minor > 0)
        cf_react_set(reaction, reaction->id, CF_TIMER_FUNDS_AVAILABLE, available_at_us);
    cf_react_progress(reaction, &pledge->campaign_id);
}

static void cf_react_on_funds_available(struct cf_reaction *reaction,
                                        const struct cf_pledge *pledge,
                                        const struct cf_campaign *campaign)
{
    (void)campaign;
    if (pledge->pending_minor == 0)
        cf_react_clear(reaction, reaction->id, CF_TIMER_FUNDS_AVAILABLE);
}

static void cf_react_on_grace_retry_scheduled(struct cf_reaction *reaction,
                                              const struct cf_pledge *pledge,
                                              const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_set(reaction, reaction->id, CF_TIMER_GRACE_RETRY,
                 reaction->event->pledge_grace_retry_scheduled.retry_at);
}

/* The pledge ended without money; `intent` is what stands at the provider, or empty. */
static void cf_react_ended(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                           struct cf_bytes intent)
{
    cf_react_close(reaction, reaction->id, CF_REQUEST_PAYMENT);
    cf_react_close(reaction, reaction->id, CF_REQUEST_CAPTURE);
    cf_react_clear_waiting(reaction);
    if (intent.size > 0)
        cf_react_open(reaction, reaction->id, CF_REQUEST_VOID_HOLD);
    cf_react_progress(reaction, &pledge->campaign_id);
}

static void cf_react_on_abandoned(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                  const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_ended(reaction, pledge, reaction->event->pledge_abandoned.intent);
}

static void cf_react_on_cancelled(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                  const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_ended(reaction, pledge, reaction->event->pledge_cancelled.intent);
}

static void cf_react_on_dropped(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_ended(reaction, pledge, reaction->event->pledge_dropped.intent);
}

static void cf_react_on_released(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                 const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_ended(reaction, pledge, reaction->event->pledge_released.intent);
}

/* A reserve that was drawn upon to its end has nothing to be released any more. */
static void cf_react_reserve_drawn(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                   const struct cf_campaign *campaign, struct cf_money from_reserve)
{
    if (!cf_money_is_zero(from_reserve) && campaign->reserve_minor == 0)
        cf_react_clear(reaction, &pledge->campaign_id, CF_TIMER_RESERVE_RELEASE);
}

static void cf_react_on_refund_requested(struct cf_reaction *reaction,
                                         const struct cf_pledge *pledge,
                                         const struct cf_campaign *campaign)
{
    const struct cf_event_pledge_refund_requested *requested =
        &reaction->event->pledge_refund_requested;
    cf_react_reserve_drawn(reaction, pledge, campaign, requested->from_reserve);
    if (requested->initiator != CF_INITIATOR_PROVIDER)
        cf_react_open(reaction, &requested->refund_id, CF_REQUEST_REFUND);
}

static void cf_react_on_refund_succeeded(struct cf_reaction *reaction,
                                         const struct cf_pledge *pledge,
                                         const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_close(reaction, &reaction->event->pledge_refund_succeeded.refund_id,
                   CF_REQUEST_REFUND);
    cf_react_progress(reaction, &pledge->campaign_id);
}

static void cf_react_on_refund_failed(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                      const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_close(reaction, &reaction->event->pledge_refund_failed.refund_id, CF_REQUEST_REFUND);
}

static void cf_react_on_refund_retried(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                       const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_open(reaction, &reaction->event->pledge_refund_retried.refund_id, CF_REQUEST_REFUND);
}

static void cf_react_on_refund_paid_otherwise(struct cf_reaction *reaction,
                                              const struct cf_pledge *pledge,
                                              const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_close(reaction, &reaction->event->pledge_refund_paid_otherwise.refund_id,
                   CF_REQUEST_REFUND);
    cf_react_progress(reaction, &pledge->campaign_id);
}

static void cf_react_on_money_orphaned(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                       const struct cf_campaign *campaign)
{
    (void)pledge;
    (void)campaign;
    cf_react_open(reaction, &reaction->event->pledge_money_orphaned.refund_id, CF_REQUEST_REFUND);
}

static void cf_react_on_disputed(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                 const struct cf_campaign *campaign)
{
    cf_react_reserve_drawn(reaction, pledge, campaign,
                           reaction->event->pledge_disputed.hold_from_reserve);
}

static void cf_react_on_dispute_won(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                    const struct cf_campaign *campaign)
{
    cf_react_give_back(reaction, &pledge->campaign_id, campaign);
    if (campaign->state == CF_CAMPAIGN_SETTLED &&
        cf_react_timer(reaction, &pledge->campaign_id, CF_TIMER_PAYOUT_DUE) == 0)
        cf_react_set(reaction, &pledge->campaign_id, CF_TIMER_PAYOUT_DUE,
                     reaction->record->time_us);
    cf_react_progress(reaction, &pledge->campaign_id);
}

static void cf_react_on_dispute_lost(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                     const struct cf_campaign *campaign)
{
    cf_react_reserve_drawn(reaction, pledge, campaign,
                           reaction->event->pledge_dispute_lost.from_reserve);
    cf_react_progress(reaction, &pledge->campaign_id);
}

/* A dispute of orphaned money ended, or a refund is owed no more: the campaign may have waited for it. */
static void cf_react_on_less_open(struct cf_reaction *reaction, const struct cf_pledge *pledge,
                                  const struct cf_campaign *campaign)
{
    (void)campaign;
    cf_react_progress(reaction, &pledge->campaign_id);
}

#define CF_ON(EVENT, fn) [CF_EVENT_PLEDGE_##EVENT - CF_EVENT_PLEDGE_CHECKOUT_STARTED] = (fn)

/* Events that are not here make nothing due. */
static cf_react_fn *const cf_react_fns[] = {
    CF_ON(CHECKOUT_STARTED, cf_react_on_checkout_started),
    CF_ON(PAYMENT_REQUESTED, cf_react_on_payment_requested),
    CF_ON(ACTION_REQUIRED, cf_react_on_action_required),
    CF_ON(COMMITTED, cf_react_on_committed),
    CF_ON(AUTHORIZED, cf_react_on_authorized),
    CF_ON(PAYMENT_FAILED, cf_react_on_payment_failed),
    CF_ON(HOLD_RENEWAL_DUE, cf_react_on_hold_renewal_due),
    CF_ON(HOLD_LAPSED, cf_react_on_hold_lapsed),
    CF_ON(HOLD_VOIDED, cf_react_on_hold_voided),
    CF_ON(CAPTURE_REQUESTED, cf_react_on_capture_requested),
    CF_ON(CAPTURED, cf_react_on_captured),
    CF_ON(FEE_RECORDED, cf_react_on_fee_recorded),
    CF_ON(FUNDS_AVAILABLE, cf_react_on_funds_available),
    CF_ON(GRACE_RETRY_SCHEDULED, cf_react_on_grace_retry_scheduled),
    CF_ON(ABANDONED, cf_react_on_abandoned),
    CF_ON(CANCELLED, cf_react_on_cancelled),
    CF_ON(DROPPED, cf_react_on_dropped),
    CF_ON(RELEASED, cf_react_on_released),
    CF_ON(REFUND_REQUESTED, cf_react_on_refund_requested),
    CF_ON(REFUND_SUCCEEDED, cf_react_on_refund_succeeded),
    CF_ON(REFUND_FAILED, cf_react_on_refund_failed),
    CF_ON(REFUND_RETRIED, cf_react_on_refund_retried),
    CF_ON(REFUND_PAID_OTHERWISE, cf_react_on_refund_paid_otherwise),
    CF_ON(DISPUTED, cf_react_on_disputed),
    CF_ON(DISPUTE_WON, cf_react_on_dispute_won),
    CF_ON(DISPUTE_LOST, cf_react_on_dispute_lost),
    CF_ON(MONEY_ORPHANED, cf_react_on_money_orphaned),
    CF_ON(HOLD_ORPHANED, cf_react_on_hold_orphaned),
    CF_ON(ORPHAN_DISPUTE_WON, cf_react_on_less_open),
    CF_ON(ORPHAN_DISPUTE_LOST, cf_react_on_less_open),
    CF_ON(REFUND_COVERED, cf_react_on_less_open),
};

void cf_react_pledge(struct cf_reaction *reaction)
{
    size_t index = (size_t)(reaction->event->type - CF_EVENT_PLEDGE_CHECKOUT_STARTED);
    cf_react_fn *react =
        index < sizeof cf_react_fns / sizeof cf_react_fns[0] ? cf_react_fns[index] : NULL;
    if (react == NULL)
        return;
    const struct cf_pledge *pledge = cf_book_find(reaction->book, CF_ROW_PLEDGE, reaction->id);
    const struct cf_campaign *campaign =
        cf_book_find(reaction->book, CF_ROW_CAMPAIGN, &pledge->campaign_id);
    react(reaction, pledge, campaign);
}
