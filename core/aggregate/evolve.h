/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_EVOLVE_H
#define CF_CORE_AGGREGATE_EVOLVE_H

/*
 * Evolve: the only code that changes an aggregate. It takes the next event of the log, finds its
 * rows in the book, checks that the transition table allows the move, and brings every field and
 * every sum up to date: a campaign's totals, rewards' claims, backings, refunds, look-ups.
 *
 * A log that was written by our deciders cannot fail here. CORRUPT therefore means a bug or a
 * damaged log: a move that its table does not have (event, state and stream are named), a stream
 * version that is not the next one, an amount that contradicts what stood before. The book is then
 * half changed and must be thrown away.
 *
 * Nothing is allocated beyond what the book needs for new rows. Balances are moved by the journal
 * (core/journal/postings.h), timers and requests by reactions (core/react/react.h); cf_fold
 * (core/fold.h) does all three.
 */

#include "core/aggregate/book.h"
#include "core/event/record.h"

/* The event is the record's own; its time, sequence, stream and version come from the record. */
CF_MUST_CHECK enum cf_status cf_evolve(struct cf_book *book, const struct cf_record *record,
                                       const struct cf_event *event, struct cf_fault *reterr_fault);

/* The version of a stream's last event; 0 before its first. */
uint32_t cf_stream_version(struct cf_book *book, enum cf_stream_kind stream,
                           const struct cf_id *stream_id);

/* A creator's row in one currency, or NULL. Borrowed as all rows. */
const struct cf_creator *cf_creator_find(struct cf_book *book, const struct cf_id *creator_id,
                                         enum cf_currency currency);

#endif
