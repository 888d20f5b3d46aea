/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_HISTORY_H
#define CF_TESTS_SUPPORT_HISTORY_H

/*
 * A log in miniature: events are appended one by one and folded into a book in memory. Each is also
 * encoded as a record, decoded again and folded into a second book, so that "a replay gives the
 * same state" holds for every history that a test makes (cf_history_check_replay).
 */

#include "core/aggregate/book_memory.h"
#include "core/event/record.h"
#include "core/fold.h"
#include "core/journal/postings.h"

/* Called for every event that was folded. */
typedef void cf_history_fn(void *context, const struct cf_record *record,
                           const struct cf_event *event);

struct cf_history {
    struct cf_book *book;
    struct cf_book_memory *memory;
    struct cf_book_memory *replay;
    uint64_t sequence;       /* of the last event */
    int64_t now_us;          /* the time of the next one; tests move it */
    uint32_t ids;            /* made so far */
    cf_history_fn *on_event; /* may be NULL */
    void *context;
    struct cf_fault fault; /* of the last append */
};

/* An empty log at 2026-01-01. */
void cf_history_init(struct cf_history *history);
void cf_history_clean_up(struct cf_history *history);

/* A new id, ascending. */
struct cf_id cf_history_id(struct cf_history *history);

/* Appends; the stream follows from the event's first field. On failure the books are spoilt. */
enum cf_status cf_history_try(struct cf_history *history, const struct cf_event *event);

/* Appends, and fails the test where that fails. */
void cf_history_append(struct cf_history *history, const struct cf_event *event);

/* Both books are equal. */
void cf_history_check_replay(const struct cf_history *history);

/* A balance in minor units, debit positive. `owner` may be NULL. */
int64_t cf_history_balance(const struct cf_history *history, enum cf_account_kind kind,
                           enum cf_currency currency, const struct cf_id *owner);

#endif
