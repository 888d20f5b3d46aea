/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_STATE_BOOK_H
#define CF_EVENTSTORE_STATE_BOOK_H

/* The book on the tables of state/, valid while the store has a batch open. For
 * eventstore/state*.c. */

#include "core/aggregate/book.h"
#include "eventstore/state_tables.h"

struct cf_state_book {
    struct cf_book book; /* first, so that one is the other */
    struct cf_tables *store;
};

void cf_state_book_init(struct cf_state_book *book, struct cf_tables *store);

#endif
