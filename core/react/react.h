/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_REACT_REACT_H
#define CF_CORE_REACT_REACT_H

/*
 * Reactions: what an event makes due. Timers (what the writer does by itself when its time has
 * come) and requests (what the gateway is asked to do) are derived rows; a rebuild makes the same
 * ones. React runs after evolve and postings, so it sees the rows as the event left them.
 *
 * Requests, by their subject: opened by → closed by
 *
 *   customer           user    user_customer_requested
 *                              → _linked
 *   account            user    user_payout_account_requested
 *                              → _linked
 *   payment            pledge  payment_requested
 *                              → action_required, committed, authorized, captured, payment_failed;
 *                                and the pledge's end
 *   capture            pledge  capture_requested
 *                              → captured, payment_failed, hold_lapsed; and the end
 *   void_hold          pledge  abandoned, cancelled, dropped, released with an intent
 *                              → hold_voided of the pledge's own intent
 *   void_replaced      pledge  authorized with a replaced intent, hold_orphaned
 *                              → hold_voided of another intent. One at a time: a second one waits
 *                                for the first
 *   refund             refund  refund_requested (unless made at the provider), money_orphaned,
 *                              refund_retried
 *                              → refund_succeeded, _failed, _paid_otherwise
 *   transfer           payout  payout_requested
 *                              → initiated, refused
 *   bank_payout        payout  initiated, retried
 *                              → sent, paid, failed, reversal_requested, reversed
 *   transfer_reversal  payout  reversal_requested
 *                              → reversed
 *   provider_news      record  provider_event_received
 *                              → provider_event_settled, _quarantined
 *   mail               record  user_mail_requested
 *                              → user_mail_sent, _failed
 *
 * "record": the id of the asking record's sequence (cf_id_of_number). request_deferred turns any of
 * them into its retry timer, request_reopened turns it back, request_parked ends it with an alarm.
 *
 * Timers, by their subject: set by → cleared by (besides firing, which makes an event that moves
 * it)
 *
 *   campaign_start       scheduled: starts_at
 *                        → launched, cancelled
 *   campaign_deadline    launched, resumed: ends_at
 *                        → ended, suspended, cancelled
 *   authorize_run        all-or-nothing, unless its holds are overridden: launched, resumed:
 *                        cf_policy_authorize_at, and goal_reached after that; hybrid: goal_reached:
 *                        now
 *                        → run done, goal_certain, ended, suspended
 *   capture_run          funded, goal_certain, resumed: now
 *                        → run done, suspended
 *   release_run          failed, cancelled, purged with open pledges: now
 *                        → run done
 *   refund_run           after the release, and for what is captured later: now
 *                        → run done
 *   drop_run             funded: final_collection_at
 *                        → run done, settled, suspended
 *   settle               collecting, no run, nothing open, no fee missing: now; settled: a late
 *                        capture, after a week or when late pledges close
 *                        → settled
 *   reserve_release      settled with a reserve: its time
 *                        → reserve_released
 *   payout_due           settled: 14 days after the end; reserve_released, dispute_won: now;
 *                        payout_refused: a day later
 *                        → payout_requested
 *   close_campaign       failed, cancelled, purged: nothing open: now; settled: after the refund
 *                        window, the reserve and the payout
 *                        → closed
 *   late_pledges_close   late_pledges_opened: until
 *                        → late_pledges_closed
 *   claim_expiry         checkout_started, payment_failed in checkout: claim_expires_at
 *                        → committed, authorized, captured, abandoned
 *   hold_renewal         authorized while live: cf_policy_hold_renewal_at
 *                        → renewal_due, lapsed, captures
 *   grace_retry          grace_retry_scheduled: retry_at
 *                        → payment_requested; the end
 *   grace_reminder       payment_failed in grace, and each reminder: two days later
 *                        → as grace_retry
 *   funds_available      fee_recorded: available_at
 *                        → funds_available
 *   retry_…              request_deferred: retry_at
 *                        → request_reopened, and whatever closes the request
 *
 * timer_deferred moves any timer. A run's timer is due now, slice after slice: each run_advanced
 * that is not done sets it to its own time.
 */

#include "core/aggregate/book.h"
#include "core/event/record.h"

/* Failures are the book's own (cf_book_status). */
void cf_react(struct cf_book *book, const struct cf_record *record, const struct cf_event *event);

#endif
