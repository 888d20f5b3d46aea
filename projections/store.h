/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_STORE_H
#define CF_PROJECTIONS_STORE_H

/*
 * The store: the rows of one read model that are in hand, and the fold that changes them.
 *
 * A batch of events is folded in memory and goes to PostgreSQL once per row, however often the row
 * was touched:
 *
 *   1. collect   every event is applied to scratch rows, which says which rows the batch needs
 *   2. load      those that are not in hand are read, one statement per table
 *   3. fold      every event is applied for good
 *   4. send      the changed rows are sent, one statement per table
 *   5. sent      once the transaction is committed; or forget, when it failed
 *
 * So a model's handlers are written as if all rows were in memory, and run unchanged live, in a
 * rebuild (where all rows are: the store is `fresh`, loads nothing and is copied out at the end),
 * and in tests. Rows stay in hand from batch to batch; nobody else writes these tables, which the
 * projector's lock sees to.
 *
 * A handler reads an event and changes rows, and nothing else. What it does must not depend on
 * whether a row is in hand, and rows it gets are its own only until it returns.
 */

#include "projections/copier.h"
#include "projections/table.h"

struct cf_store;

/* The record being folded, and what a handler may use. */
struct cf_fold {
    struct cf_store *store;
    const struct cf_services *services; /* projections/services.h; may be NULL */
    int64_t sequence;
    int64_t time_us;
    struct cf_id stream;
    struct cf_id actor;
    struct cf_bytes idempotency_key; /* borrowed until the handler returns */
    int64_t lines;                   /* rows appended so far for this record */
    enum cf_status status; /* the first failure of cf_fold_add, cf_fold_set or cf_fold_append */
    struct cf_fault *reterr_fault;
};

/* -- For handlers --------------------------------------------------------------------------- */

/* The row of this key, made where there is none, to be changed: its `sequence` column is set to the
 * record's. `key` is a row of which the key columns count. */
CF_MUST_CHECK enum cf_status cf_fold_get(struct cf_fold *fold, const struct cf_table *table,
                                         const void *key, void **ret_row);

/* The row of this key, to be read. NULL where there is none. */
CF_MUST_CHECK enum cf_status cf_fold_find(struct cf_fold *fold, const struct cf_table *table,
                                          const void *key, const void **ret_row);

/* Takes the row of this key away, if it is there. */
CF_MUST_CHECK enum cf_status cf_fold_remove(struct cf_fold *fold, const struct cf_table *table,
                                            const void *key);

/* Adds a row to an appended table; it is copied, and what it owns moves. */
void cf_fold_append(struct cf_fold *fold, const struct cf_table *table, void *row);

/* Adds to a number of a row. Beyond the range is the fold's failure. */
void cf_fold_add(struct cf_fold *fold, int64_t *number, int64_t delta);

/* True in the rounds that only find out which rows are needed: nothing lasts then, and nobody needs to be
 * asked for anything. */
bool cf_fold_is_collecting(const struct cf_fold *fold);

/* Sets a text or bytes member of a row to a copy; empty bytes make it absent. */
void cf_fold_set(struct cf_fold *fold, struct cf_value *value, struct cf_bytes bytes);

/* -- For whoever runs the fold -------------------------------------------------------------- */

/* `tables` is borrowed for the store's life. At most rows_max rows stay in hand between batches. */
CF_MUST_CHECK enum cf_status cf_store_new(const struct cf_table *const *tables, size_t tables_count,
                                          size_t rows_max, struct cf_store **ret_store);
void cf_store_destroy(struct cf_store *store);

/* Where rows are loaded from; borrowed until set again. NULL makes the store fresh: no row is
 * elsewhere. */
void cf_store_set_source(struct cf_store *store, struct cf_pg *pg);

/* While collecting, handlers get scratch rows and nothing lasts. cf_store_scratch_end after each
 * event. */
void cf_store_set_collecting(struct cf_store *store, bool is_collecting);
void cf_store_scratch_end(struct cf_store *store);

/* Reads the rows that collecting found wanting. */
CF_MUST_CHECK enum cf_status cf_store_load(struct cf_store *store, struct cf_fault *reterr_fault);

/* Sends changed and appended rows into the pipeline that is open on `pg`. */
CF_MUST_CHECK enum cf_status cf_store_send(struct cf_store *store, struct cf_pg *pg,
                                           struct cf_fault *reterr_fault);

/* Gives everything to a copier into empty tables, from a fresh store: cf_store_copy_appended whenever
 * enough rows wait, cf_store_copy_kept once at the end. */
CF_MUST_CHECK enum cf_status cf_store_copy_appended(struct cf_store *store,
                                                    struct cf_copier *copier, size_t rows_min,
                                                    struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_store_copy_kept(struct cf_store *store, struct cf_copier *copier,
                                                struct cf_fault *reterr_fault);

/* Calls `visit` for every row of a kept table that was changed and not removed, with the sequence it had before the batch
 * (0: it is new). Between fold and sent. */
typedef void cf_store_visit_fn(void *user, const struct cf_table *table, const void *row,
                               int64_t sequence_before);
void cf_store_visit_changed(struct cf_store *store, cf_store_visit_fn *visit, void *user);

/* As above, for the rows that were appended. */
void cf_store_visit_appended(struct cf_store *store, cf_store_visit_fn *visit, void *user);

/* All rows in hand of one table, in no order; only_changed as above. For tests and comparisons. */
void cf_store_visit_all(struct cf_store *store, const struct cf_table *table,
                        cf_store_visit_fn *visit, void *user);

/* The row in hand, or NULL; borrowed until the store changes. */
const void *cf_store_peek(const struct cf_store *store, const struct cf_table *table,
                          const void *key);

/* The batch is committed: nothing is changed any more. */
void cf_store_sent(struct cf_store *store);

/* The batch failed: nothing is in hand any more. */
void cf_store_forget(struct cf_store *store);

/* Forgets the appended rows that wait to be sent. */
void cf_store_drop_appended(struct cf_store *store);

#endif
