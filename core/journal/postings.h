/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JOURNAL_POSTINGS_H
#define CF_CORE_JOURNAL_POSTINGS_H

/*
 * Postings: what an event does to the books, from the event alone. Debit is positive, credit
 * negative; the lines of one event sum to zero in its currency, always.
 *
 * The rows are those of posting_rows.def. Two lines may go to the same account (a hold replaced by
 * another one is M3, then M2). An event that moves no money has no lines.
 */

#include "core/aggregate/book.h"
#include "core/event/event.h"

#define CF_POSTINGS_MAX 16

struct cf_postings {
    size_t count;
    struct cf_posting lines[CF_POSTINGS_MAX];
};

/* CORRUPT where the event's amounts do not sum to zero, and where one does not fit. */
CF_MUST_CHECK enum cf_status cf_postings(const struct cf_event *event,
                                         struct cf_postings *ret_postings,
                                         struct cf_fault *reterr_fault);

/*
 * Adds the lines to the book's balances. CORRUPT, with the account, where a balance would overflow
 * or end on the wrong side: escrow, refunds owed and what creators are owed are never debits;
 * disputed funds, connected accounts, receivables and what is pledged or held are never credits.
 */
CF_MUST_CHECK enum cf_status cf_postings_apply(struct cf_book *book,
                                               const struct cf_postings *postings,
                                               struct cf_fault *reterr_fault);

/* 1 where an account's balance is never a credit, -1 where it is never a debit, 0 where it can be
 * both. */
int cf_account_side(enum cf_account_kind kind);

/* The row's label, such as "R1'"; static. */
const char *cf_posting_row_label(enum cf_posting_row row);

#endif
