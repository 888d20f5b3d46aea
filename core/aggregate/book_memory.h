/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_BOOK_MEMORY_H
#define CF_CORE_AGGREGATE_BOOK_MEMORY_H

/*
 * A book in memory, for tests and for tools that replay a log. It grows as needed and never
 * shrinks. Rows never move, so a pointer to one holds until the book is destroyed.
 *
 * Running out of memory is sticky, as every book's failures are: cf_book_status says NO_MEMORY.
 */

#include "core/aggregate/book.h"

struct cf_book_memory;

/* An empty book, or NULL without memory. Given back by cf_book_memory_destroy, which takes NULL. */
struct cf_book_memory *cf_book_memory_new(void);
void cf_book_memory_destroy(struct cf_book_memory *memory);

/* The book itself; borrowed, lives as long. */
struct cf_book *cf_book_memory_book(struct cf_book_memory *memory);

/* Visits every row of a kind, balance, timer or request, in the order in which they were first
 * made. A balance of zero, a cleared timer and a closed request are not visited. */
typedef void cf_book_row_fn(void *context, const struct cf_row_key *key, const void *row);
typedef void cf_book_balance_fn(void *context, const struct cf_account *account, int64_t minor);
typedef void cf_book_timer_fn(void *context, const struct cf_id *subject, enum cf_timer timer,
                              int64_t due_us);
typedef void cf_book_request_fn(void *context, const struct cf_id *subject, enum cf_request request,
                                uint64_t requested_by);

void cf_book_memory_each_row(struct cf_book_memory *memory, enum cf_row_kind kind,
                             cf_book_row_fn *visit, void *context);
void cf_book_memory_each_balance(struct cf_book_memory *memory, cf_book_balance_fn *visit,
                                 void *context);
void cf_book_memory_each_timer(struct cf_book_memory *memory, cf_book_timer_fn *visit,
                               void *context);
void cf_book_memory_each_request(struct cf_book_memory *memory, cf_book_request_fn *visit,
                                 void *context);

/* The timer that is due first, with the smaller subject and kind among equals; false without any.
 */
bool cf_book_memory_next_timer(struct cf_book_memory *memory, struct cf_id *ret_subject,
                               enum cf_timer *ret_timer, int64_t *ret_due_us);

/*
 * True where two books say the same: rows byte for byte, balances, look-ups, timers, requests and
 * campaigns' lists. What is zero equals what is not there. Otherwise `ret_what` (which may be NULL)
 * names the kind of thing that differs; static.
 */
bool cf_book_memory_equal(const struct cf_book_memory *a, const struct cf_book_memory *b,
                          const char **ret_what);

#endif
