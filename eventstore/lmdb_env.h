/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_LMDB_ENV_H
#define CF_EVENTSTORE_LMDB_ENV_H

/*
 * LMDB environments: the only door to LMDB.
 *
 * An environment is a directory with one data file. It grows by steps; each step's disk blocks are
 * allocated before it is written, because writing a mapped page on a full disk is a signal, not an
 * error. A reserve of free disk is kept back: cf_lmdb_reserve, called before a batch, refuses with
 * NO_SPACE before anything is half done.
 *
 * Threads: one thread writes at a time; any number read. The map of a durable environment grows with
 * it and waits for that until the readers of this process have ended, so they are short, and the
 * writing thread must not hold one when it calls cf_lmdb_reserve. A derived environment is mapped at
 * its largest from the beginning (its file looks that large too, and is mostly a hole), so that a
 * copy may take its time. An environment is opened once per process and not used after a fork.
 *
 * Lifetimes: bytes that a get or a cursor returns live until their transaction ends, in a write
 * transaction until its next write. They never leave eventstore/: copy what goes further.
 */

#include "core/base/bytes.h"
#include "core/base/scope.h"

struct cf_lmdb;
struct cf_lmdb_txn;
struct cf_lmdb_cursor;

/* A table's handle; valid as long as its environment. */
struct cf_lmdb_table {
    unsigned handle;
};

struct cf_lmdb_options {
    const char *directory; /* made if it is not there, unless read_only; borrowed for the call */
    bool read_only;        /* a tool beside the writer */
    bool derived;          /* can be rebuilt: writable map, never waits for the disk */
    unsigned table_count_max;
    uint64_t step_size;    /* bytes the map grows by; 0 means 64 MiB */
    uint64_t reserve_size; /* bytes of disk that stay free; 0 means none */
};

CF_MUST_CHECK enum cf_status cf_lmdb_open(const struct cf_lmdb_options *options,
                                          struct cf_lmdb **ret_env, struct cf_fault *reterr_fault);

/* Accepts NULL. No transaction may be open. */
void cf_lmdb_close(struct cf_lmdb *env);
CF_SCOPE_DEFINE(struct cf_lmdb *, cf_lmdb_close)

/* Makes room for a batch that adds up to `size` bytes of keys and values: grows the map where it
 * must. NO_SPACE when that would touch the disk reserve. */
CF_MUST_CHECK enum cf_status cf_lmdb_reserve(struct cf_lmdb *env, uint64_t size,
                                             struct cf_fault *reterr_fault);

/* Bytes of the map that hold pages in use or used before; for figures and backups. */
uint64_t cf_lmdb_size(struct cf_lmdb *env);

/* A compact copy of the last commit into an existing, empty directory; readers and the writer go
 * on. */
CF_MUST_CHECK enum cf_status cf_lmdb_copy(struct cf_lmdb *env, const char *directory,
                                          struct cf_fault *reterr_fault);

/* Forces a derived environment to the disk. */
CF_MUST_CHECK enum cf_status cf_lmdb_sync(struct cf_lmdb *env, struct cf_fault *reterr_fault);

/* Whether the pages of the last commit hang together, word for word (lmdb_pages.h): else CORRUPT. For a
 * file that one process at a time writes, beside it as well. */
CF_MUST_CHECK enum cf_status cf_lmdb_check_pages(struct cf_lmdb *env,
                                                 struct cf_fault *reterr_fault);

/* Transactions. A transaction ends by commit or abort, whatever they return; both take it out of
 * the caller's pointer. */
CF_MUST_CHECK enum cf_status cf_lmdb_begin_read(struct cf_lmdb *env, struct cf_lmdb_txn **ret_txn,
                                                struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_lmdb_begin_write(struct cf_lmdb *env, struct cf_lmdb_txn **ret_txn,
                                                 struct cf_fault *reterr_fault);
/* The outcome of a failed commit is unknown. */
CF_MUST_CHECK enum cf_status cf_lmdb_commit(struct cf_lmdb_txn **txn,
                                            struct cf_fault *reterr_fault);
/* Accepts a pointer to NULL. */
void cf_lmdb_abort(struct cf_lmdb_txn **txn);

/* Opens a table, and makes it in a write transaction. `sequence_keys`: keys are uint64_t in the
 * machine's order, sorted as numbers. The handle is good once the transaction has committed. */
CF_MUST_CHECK enum cf_status cf_lmdb_table_open(struct cf_lmdb_txn *txn, const char *name,
                                                bool sequence_keys, struct cf_lmdb_table *ret_table,
                                                struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_lmdb_table_count(struct cf_lmdb_txn *txn,
                                                 struct cf_lmdb_table table, uint64_t *ret_count,
                                                 struct cf_fault *reterr_fault);

/* NOT_FOUND is an answer, not a fault: the fault is then left alone. */
CF_MUST_CHECK enum cf_status cf_lmdb_get(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                         struct cf_bytes key, struct cf_bytes *ret_value,
                                         struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_lmdb_put(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                         struct cf_bytes key, struct cf_bytes value,
                                         struct cf_fault *reterr_fault);
/* Adds a row behind all others and returns its `size` bytes, which the caller fills before its next
 * call on this transaction. CONFLICT when the key is not behind all others. */
CF_MUST_CHECK enum cf_status cf_lmdb_append(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                            struct cf_bytes key, size_t size, uint8_t **ret_value,
                                            struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_lmdb_delete(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                            struct cf_bytes key, struct cf_fault *reterr_fault);

/* Cursors; closed before their transaction ends. A step past the end is NOT_FOUND. Where the next row
 * is near the last one, most often in the same page, a cursor need not come down the tree again. */
enum cf_lmdb_step {
    CF_LMDB_FIRST,
    CF_LMDB_LAST,
    CF_LMDB_NEXT,
    CF_LMDB_PREVIOUS,
};
CF_MUST_CHECK enum cf_status cf_lmdb_cursor_open(struct cf_lmdb_txn *txn,
                                                 struct cf_lmdb_table table,
                                                 struct cf_lmdb_cursor **ret_cursor,
                                                 struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_lmdb_cursor_close(struct cf_lmdb_cursor *cursor);
CF_SCOPE_DEFINE(struct cf_lmdb_cursor *, cf_lmdb_cursor_close)
CF_MUST_CHECK enum cf_status cf_lmdb_cursor_move(struct cf_lmdb_cursor *cursor,
                                                 enum cf_lmdb_step step, struct cf_bytes *ret_key,
                                                 struct cf_bytes *ret_value,
                                                 struct cf_fault *reterr_fault);
/* To the row of this key. NOT_FOUND leaves the cursor near by. */
CF_MUST_CHECK enum cf_status cf_lmdb_cursor_find(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                                 struct cf_bytes *ret_value,
                                                 struct cf_fault *reterr_fault);
/* As cf_lmdb_put, and goes there. */
CF_MUST_CHECK enum cf_status cf_lmdb_cursor_put(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                                struct cf_bytes value,
                                                struct cf_fault *reterr_fault);
/* As cf_lmdb_cursor_put, for a row that is most likely behind all others: LMDB then fills pages to
 * their end, and otherwise leaves them half empty. */
CF_MUST_CHECK enum cf_status cf_lmdb_cursor_put_last(struct cf_lmdb_cursor *cursor,
                                                     struct cf_bytes key, struct cf_bytes value,
                                                     struct cf_fault *reterr_fault);
/* To the first row whose key is `key` or behind it. */
CF_MUST_CHECK enum cf_status cf_lmdb_cursor_seek(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                                 struct cf_bytes *ret_key,
                                                 struct cf_bytes *ret_value,
                                                 struct cf_fault *reterr_fault);

#endif
