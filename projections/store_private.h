/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_STORE_PRIVATE_H
#define CF_PROJECTIONS_STORE_PRIVATE_H

/* What store.c (rows in hand) and store_pg.c (to and from PostgreSQL) share. */

#include "core/base/arena.h"
#include "projections/store.h"

/* One row in hand. */
struct cf_entry {
    uint64_t hash;
    int64_t sequence_before; /* its `sequence` when last loaded or sent; 0 where it was not there */
    bool is_present;         /* false: it is known that there is no such row */
    bool is_changed;
    _Alignas(16) uint8_t row[];
};

/* One table's rows in hand. */
struct cf_shelf {
    const struct cf_table *table;
    size_t sequence_offset;  /* of the `sequence` column; kept tables have one */
    struct cf_entry **slots; /* open addressing; a power of two */
    size_t slots_count, entries_count;
    struct cf_entry **changed;
    size_t changed_count, changed_capacity;
    uint8_t *wanted; /* rows of which only the keys count */
    size_t wanted_count, wanted_capacity;
    uint8_t *appended;
    size_t appended_count, appended_capacity;
};

struct cf_store {
    struct cf_shelf *shelves;
    size_t shelves_count;
    size_t rows_max;
    struct cf_pg *source; /* NULL: fresh */
    bool is_collecting;
    struct cf_arena scratch;
    struct cf_pg_params params;
    struct cf_buf copy;
};

/* The entry of a key, or NULL. */
struct cf_entry *cf_shelf__find(const struct cf_shelf *shelf, const void *key);

/* The entry of a key, made (not present) where there is none. */
enum cf_status cf_shelf__put(struct cf_shelf *shelf, const void *key, struct cf_entry **ret_entry);

/* Forgets the appended rows of one table. */
void cf_shelf__drop_appended(struct cf_shelf *shelf);

/* Reads the wanted rows of one table, waiting for the answer. */
enum cf_status cf_shelf__load(struct cf_store *store, struct cf_shelf *shelf,
                              struct cf_fault *reterr_fault);

#endif
