/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_FOLD_H
#define CF_CORE_FOLD_H

/*
 * Fold: everything that one event of the log does to a book. Aggregates (evolve), balances (the
 * journal), timers and requests (reactions), in this order. The writer, a rebuild, the verifier and
 * the tests all call this and nothing else, so that they cannot disagree.
 */

#include "core/aggregate/book.h"
#include "core/event/record.h"

/* CORRUPT for an event that cannot follow what the book knows, or the book's own failure. The book
 * is then half changed and must be thrown away. */
CF_MUST_CHECK enum cf_status cf_fold(struct cf_book *book, const struct cf_record *record,
                                     const struct cf_event *event, struct cf_fault *reterr_fault);

#endif
