/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_STATE_TABLES_H
#define CF_EVENTSTORE_STATE_TABLES_H

/*
 * The tables of state/ and the batch that changes them. For eventstore/state*.c alone.
 *
 * Small values of a fixed size that one batch touches again and again (rows, balances, subjects)
 * are cells: read once, changed in memory, written by cf_tables_flush. Everything else is
 * written straight through, and is seen at once by later reads of the same batch. Aggregates have
 * room for a whole life, and most of it is zero: rows are stored packed (state_pack.h), each kind in a
 * table of its own, where a new one is mostly the last.
 *
 * Errors are sticky: what cannot be read is not there, what cannot be written is dropped, and
 * cf_tables_status says why the batch failed first. A failed batch can only be aborted.
 */

#include "core/aggregate/book.h"
#include "core/base/arena.h"
#include "eventstore/lmdb_env.h"

/* CF_STATE_TABLE(name, what it holds). Names are on disk; the order is not. Numbers in keys are
 * big-endian, so that they sort; numbers in values are in the machine's order. */
/* clang-format off */
#define CF_STATE_TABLES(TABLE) \
    TABLE(users,           "user → row") \
    TABLE(campaigns,       "campaign → row") \
    TABLE(rewards,         "reward → row") \
    TABLE(pledges,         "pledge → row") \
    TABLE(refunds,         "refund → row") \
    TABLE(payouts,         "payout → row") \
    TABLE(cards,           "card → row") \
    TABLE(backings,        "campaign, backer → row") \
    TABLE(ledger,          "the ledger's stream → row") \
    TABLE(creators,        "creator, currency → row") \
    TABLE(settlements,     "campaign, round → row") \
    TABLE(deferred,        "subject, request → row") \
    TABLE(reward_backings, "reward, backer → row") \
    TABLE(balances,        "account kind, currency, owner → minor units") \
    TABLE(lookups,         "kind, outside name → id") \
    TABLE(timers,          "subject, timer → due") \
    TABLE(timers_due,      "due, subject, timer → nothing") \
    TABLE(requests,        "subject, request → sequence of the asking event") \
    TABLE(requests_open,   "sequence, request, subject → nothing") \
    TABLE(pledges_listed,  "campaign, pledge → nothing") \
    TABLE(streams,         "stream, version → sequence") \
    TABLE(subjects,        "subject → its newest sequence, how many records name it") \
    TABLE(keys,            "hash of actor and idempotency key → sequence of its first record") \
    TABLE(meta,            "name → what the state is a state of")
/* clang-format on */

enum cf_state_table {
#define CF_STATE_TABLE(name, what) CF_STATE_##name,
    CF_STATE_TABLES(CF_STATE_TABLE)
#undef CF_STATE_TABLE
        CF_STATE_TABLE_COUNT
};

/* Where rows of a kind are; every other table is not packed. */
enum cf_state_table cf_state_table_of_rows(enum cf_row_kind kind);
bool cf_state_table_has_rows(enum cf_state_table table);

/* The table's name; static. */
const char *cf_state_table_name(enum cf_state_table table);

/* LMDB allows no longer key. */
#define CF_TABLES_KEY_SIZE_MAX 511
#define CF_TABLES_CELL_SIZE_MAX 4096

struct cf_tables_cell;

struct cf_tables {
    struct cf_lmdb *env;
    struct cf_lmdb_table tables[CF_STATE_TABLE_COUNT];
    struct cf_lmdb_txn *txn; /* the open batch, or NULL */
    /* Of the batch, opened when first needed: what is put has mostly been looked up right before. */
    struct cf_lmdb_cursor *cursors[CF_STATE_TABLE_COUNT];
    struct cf_arena arena; /* the batch's cells */
    void *spare;           /* a cell's worth of memory for a batch that has failed */
    struct cf_tables_cell **buckets;
    size_t bucket_count;           /* a power of two */
    struct cf_tables_cell *oldest; /* all cells of the batch, in the order of making */
    struct cf_tables_cell *newest;
    size_t cell_count;
    struct cf_tables_cell *changed; /* the cells that the next flush writes */
    size_t changed_count;
    enum cf_status status;
    struct cf_fault fault;
};

/* Opens (and makes) the tables in `directory`. */
CF_MUST_CHECK enum cf_status cf_tables_open(struct cf_tables *store,
                                            const struct cf_lmdb_options *options,
                                            struct cf_fault *reterr_fault);
/* Aborts an open batch. Accepts an all-zero store. */
void cf_tables_close(struct cf_tables *store);

/* Begins a batch of about `record_count` records; NO_SPACE when the disk has no room for it. */
CF_MUST_CHECK enum cf_status cf_tables_begin(struct cf_tables *store, size_t record_count,
                                             struct cf_fault *reterr_fault);
/* Writes the changed cells. More may be changed and flushed after it. */
CF_MUST_CHECK enum cf_status cf_tables_flush(struct cf_tables *store,
                                             struct cf_fault *reterr_fault);
/* Flushes, and forgets the cells if they are many: those of a large batch fill more than the
 * processor's caches, and push out of them what the next row needs. No cell holds any longer. */
CF_MUST_CHECK enum cf_status cf_tables_settle(struct cf_tables *store,
                                              struct cf_fault *reterr_fault);
/* Flushes and commits; on failure the batch is gone as if aborted. */
CF_MUST_CHECK enum cf_status cf_tables_commit(struct cf_tables *store,
                                              struct cf_fault *reterr_fault);
void cf_tables_abort(struct cf_tables *store);
CF_MUST_CHECK enum cf_status cf_tables_status(const struct cf_tables *store,
                                              struct cf_fault *reterr_fault);

/* The cell of `size` bytes at a key; zeroes when it is made. NULL only when it is not there and
 * `create` is false. Counts as changed with `edit`. Holds until the batch ends or is settled. A stored value of
 * another size is CORRUPT. */
void *cf_tables_cell(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                     size_t size, bool edit, bool create);

/* Straight through; the value is borrowed until the next write. */
bool cf_tables_get(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                   struct cf_bytes *ret_value);
void cf_tables_put(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                   struct cf_bytes value);
void cf_tables_delete(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key);

/* Copies the key's tail, `tail_size` bytes behind the first `prefix_size`, of each row from `first`
 * on whose prefix is first's; without `first` itself when `after`. Returns how many, at most
 * count_max. */
size_t cf_tables_scan(struct cf_tables *store, enum cf_state_table table, struct cf_bytes first,
                      size_t prefix_size, bool after, uint8_t *ret_tails, size_t tail_size,
                      size_t count_max);

/* The tail of the last row not behind `end` that has its first `prefix_size` bytes; false where there
 * is none. */
bool cf_tables_last(struct cf_tables *store, enum cf_state_table table, struct cf_bytes end,
                    size_t prefix_size, uint8_t *ret_tail, size_t tail_size);

/* For state_tables.c and state_cells.c alone: the batch fails, and store->fault says why. */
void cf_tables__fail(struct cf_tables *store, enum cf_status status);
/* Likewise: ends the batch's cells. */
void cf_tables__forget_cells(struct cf_tables *store);

/* Keys are built in place, from size 0 on: bytes behind it are not worth zeroing. */
struct cf_tables_key {
    size_t size;
    uint8_t bytes[CF_TABLES_KEY_SIZE_MAX];
};
void cf_tables_key_add(struct cf_tables_key *key, struct cf_bytes part);
void cf_tables_key_add_number(struct cf_tables_key *key, uint64_t number, size_t size);
static inline struct cf_bytes cf_tables_key_bytes(const struct cf_tables_key *key)
{
    return cf_bytes_from(key->bytes, key->size);
}
/* The big-endian number of `size` bytes at `at`. */
uint64_t cf_tables_key_number(struct cf_bytes key, size_t at, size_t size);

#endif
