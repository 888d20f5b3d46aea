/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's own stream, and the provider's: notices, waiting requests, put-off timers. */
#include "core/aggregate/ledger.h"

#include "core/aggregate/deferred.h"
#include "core/aggregate/evolve_private.h"

static struct cf_ledger *cf_turn_ledger_row(struct cf_turn *turn)
{
    return cf_book_make(turn->book, CF_ROW_LEDGER, &CF_LEDGER_STREAM);
}

static void cf_ledger_on_opened(struct cf_turn *turn, struct cf_ledger *ledger)
{
    const struct cf_event_ledger_opened *opened = &turn->event->ledger_opened;
    cf_turn_expect(turn, ledger->clock == CF_CLOCK_NONE, "a ledger is opened once");
    ledger->genesis_us = opened->genesis;
    ledger->clock = (uint8_t)opened->clock;
}

static void cf_ledger_on_sealed(struct cf_turn *turn, struct cf_ledger *ledger)
{
    const struct cf_event_period_sealed *sealed = &turn->event->period_sealed;
    cf_turn_expect(turn,
                   sealed->period > ledger->sealed_period &&
                       sealed->through_sequence >= ledger->sealed_through &&
                       sealed->through_sequence < turn->record->sequence,
                   "periods are sealed in order");
    ledger->sealed_period = sealed->period;
    ledger->sealed_through = sealed->through_sequence;
}

static void cf_ledger_on_advanced(struct cf_turn *turn, struct cf_ledger *ledger)
{
    const struct cf_event_clock_advanced *advanced = &turn->event->clock_advanced;
    cf_turn_expect(turn, ledger->clock == CF_CLOCK_SIMULATED, "a real clock is not moved");
    cf_turn_expect(turn, advanced->to > advanced->from && advanced->to > ledger->clock_now_us,
                   "the clock moves forward");
    ledger->clock_now_us = advanced->to;
    if (__builtin_add_overflow(ledger->clock_offset_us, advanced->to - advanced->from,
                               &ledger->clock_offset_us))
        cf_turn_wrong(turn, "a sum does not fit");
}

void cf_turn_ledger(struct cf_turn *turn)
{
    struct cf_ledger *ledger = cf_turn_ledger_row(turn);
    turn->state_before = ledger->clock == CF_CLOCK_NONE ? "none" : "open";
    cf_turn_version(turn, &ledger->version);
    if (turn->event->type == CF_EVENT_LEDGER_OPENED)
        cf_ledger_on_opened(turn, ledger);
    else if (turn->event->type == CF_EVENT_PERIOD_SEALED)
        cf_ledger_on_sealed(turn, ledger);
    else if (turn->event->type == CF_EVENT_CLOCK_ADVANCED)
        cf_ledger_on_advanced(turn, ledger);
    /* A rotated key and an approved projection are recorded for those who verify; no row has them.
     */
}

/* -- The provider's stream ------------------------------------------------------------------ */

static struct cf_deferred *cf_turn_deferred(struct cf_turn *turn, const struct cf_id *subject,
                                            enum cf_request request)
{
    struct cf_id second = cf_id_of_number((uint64_t)request);
    return cf_book_make_pair(turn->book, CF_ROW_DEFERRED, subject, &second);
}

/* The request that an event speaks of is the one that is open now. */
static void cf_turn_expect_open(struct cf_turn *turn, const struct cf_id *subject,
                                enum cf_request request, uint64_t requested_by)
{
    cf_turn_expect(turn,
                   turn->book->ops->request(turn->book, subject, request) == requested_by &&
                       requested_by != 0,
                   "there is no such open request");
}

static void cf_provider_on_deferred(struct cf_turn *turn)
{
    const struct cf_event_request_deferred *event = &turn->event->request_deferred;
    cf_turn_expect_open(turn, &event->subject_id, event->request, event->requested_by);
    struct cf_deferred *deferred = cf_turn_deferred(turn, &event->subject_id, event->request);
    deferred->requested_by = event->requested_by;
    deferred->attempt = event->attempt;
    deferred->parked = 0;
}

static void cf_provider_on_parked(struct cf_turn *turn)
{
    const struct cf_event_request_parked *event = &turn->event->request_parked;
    cf_turn_expect_open(turn, &event->subject_id, event->request, event->requested_by);
    struct cf_deferred *deferred = cf_turn_deferred(turn, &event->subject_id, event->request);
    deferred->requested_by = event->requested_by;
    deferred->parked = 1;
}

static void cf_provider_on_reopened(struct cf_turn *turn)
{
    const struct cf_event_request_reopened *event = &turn->event->request_reopened;
    struct cf_deferred *deferred = cf_turn_deferred(turn, &event->subject_id, event->request);
    cf_turn_expect(turn, deferred->requested_by == event->requested_by && event->requested_by != 0,
                   "there is no such waiting request");
    deferred->requested_by = 0;
    deferred->attempt = event->attempt;
    deferred->parked = 0;
}

static void cf_provider_on_timer_deferred(struct cf_turn *turn)
{
    const struct cf_event_timer_deferred *event = &turn->event->timer_deferred;
    cf_turn_expect(turn, turn->book->ops->timer(turn->book, &event->subject_id, event->timer) != 0,
                   "there is no such timer");
    cf_turn_expect(turn, event->until > turn->record->time_us, "a timer is put off, not back");
}

void cf_turn_provider(struct cf_turn *turn)
{
    struct cf_ledger *ledger = cf_turn_ledger_row(turn);
    turn->state_before = "open";
    cf_turn_version(turn, &ledger->provider_version);
    if (turn->event->type == CF_EVENT_PROVIDER_EVENT_RECEIVED) {
        struct cf_id subject = cf_id_of_number(turn->record->sequence);
        cf_turn_lookup(turn, CF_LOOKUP_PROVIDER_EVENT, turn->event->provider_event_received.event,
                       &subject);
    } else if (turn->event->type == CF_EVENT_REQUEST_DEFERRED) {
        cf_provider_on_deferred(turn);
    } else if (turn->event->type == CF_EVENT_REQUEST_PARKED) {
        cf_provider_on_parked(turn);
    } else if (turn->event->type == CF_EVENT_REQUEST_REOPENED) {
        cf_provider_on_reopened(turn);
    } else if (turn->event->type == CF_EVENT_TIMER_DEFERRED) {
        cf_provider_on_timer_deferred(turn);
    }
    /* What was quarantined, settled, polled or topped up is in the log and in the journal alone. */
}
