/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/state_tables.h"

#include "core/base/assert.h"
#include "eventstore/state_pack.h"

/* One record changes some sixteen pages of random place, and adds less than two pages of rows. */
#define CF_TABLES_COPIED_PER_RECORD ((uint64_t)16 * 4096)
#define CF_TABLES_ADDED_PER_RECORD ((uint64_t)2 * 4096)
#define CF_TABLES_ARENA_SIZE_MAX ((size_t)1 << 30)
#define CF_TABLES_BUCKETS ((size_t)1 << 12)

struct cf_tables_cell {
    struct cf_tables_cell *next_in_bucket;
    struct cf_tables_cell *newer;
    uint64_t hash;
    void *value; /* NULL: known not to be there */
    size_t value_size;
    struct cf_bytes key;
    enum cf_state_table table;
    bool changed;
};

static const char *const table_names[] = {
#define CF_STATE_TABLE(name, what) [CF_STATE_##name] = #name,
    CF_STATE_TABLES(CF_STATE_TABLE)
#undef CF_STATE_TABLE
};

const char *cf_state_table_name(enum cf_state_table table)
{
    return table_names[table];
}

/* --- Opening, beginning, ending --------------------------------------------------------------- */

static enum cf_status tables_open(struct cf_tables *store, bool read_only,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    if (read_only)
        CF_TRY(cf_lmdb_begin_read(store->env, &txn, reterr_fault));
    else
        CF_TRY(cf_lmdb_begin_write(store->env, &txn, reterr_fault));
    for (unsigned i = 0; i < CF_STATE_TABLE_COUNT; i++)
        CF_TRY(cf_lmdb_table_open(txn, table_names[i], false, &store->tables[i], reterr_fault));
    return cf_lmdb_commit(&txn, reterr_fault);
}

enum cf_status cf_tables_open(struct cf_tables *store, const struct cf_lmdb_options *options,
                              struct cf_fault *reterr_fault)
{
    CF_ASSERT(options->table_count_max == CF_STATE_TABLE_COUNT);
    *store = (struct cf_tables){.bucket_count = CF_TABLES_BUCKETS};
    cf_arena_init(&store->arena, CF_TABLES_ARENA_SIZE_MAX);
    store->buckets = calloc(store->bucket_count, sizeof(struct cf_tables_cell *));
    store->spare = calloc(1, CF_TABLES_CELL_SIZE_MAX);
    enum cf_status status = CF_NO_MEMORY;
    if (store->buckets == NULL || store->spare == NULL)
        status = cf_fault_set(reterr_fault, CF_NO_MEMORY, __FILE__, __LINE__,
                              "no memory for the state's cells");
    else
        status = cf_lmdb_open(options, &store->env, reterr_fault);
    if (status == CF_OK)
        status = tables_open(store, options->read_only, reterr_fault);
    if (status != CF_OK)
        cf_tables_close(store);
    return status;
}

void cf_tables_close(struct cf_tables *store)
{
    cf_lmdb_abort(&store->txn);
    cf_lmdb_close(store->env);
    cf_arena_clean_up(&store->arena);
    free(store->buckets);
    free(store->spare);
    *store = (struct cf_tables){0};
}

enum cf_status cf_tables_begin(struct cf_tables *store, size_t record_count,
                               struct cf_fault *reterr_fault)
{
    CF_ASSERT(store->txn == NULL && store->oldest == NULL);
    /* A batch copies pages that are there and fills new ones; it can copy each only once. */
    uint64_t copied = record_count * CF_TABLES_COPIED_PER_RECORD,
             present = cf_lmdb_size(store->env);
    uint64_t size =
        record_count * CF_TABLES_ADDED_PER_RECORD + (copied < present ? copied : present);
    CF_TRY(cf_lmdb_reserve(store->env, size, reterr_fault));
    CF_TRY(cf_lmdb_begin_write(store->env, &store->txn, reterr_fault));
    store->status = CF_OK;
    return CF_OK;
}

static void cells_forget(struct cf_tables *store)
{
    for (struct cf_tables_cell *cell = store->oldest; cell != NULL; cell = cell->newer)
        store->buckets[cell->hash & (store->bucket_count - 1)] = NULL;
    store->oldest = NULL;
    store->newest = NULL;
    store->cell_count = 0;
    cf_arena_reset(&store->arena);
}

static void cell_store(struct cf_tables *store, const struct cf_tables_cell *cell)
{
    uint8_t packed[CF_PACKED_SIZE_MAX(CF_TABLES_CELL_SIZE_MAX)];
    struct cf_bytes value = cf_bytes_from(cell->value, cell->value_size);
    if (cell->table == CF_STATE_rows)
        value = cf_bytes_from(packed, cf_pack(value, packed));
    cf_tables_put(store, cell->table, cell->key, value);
}

enum cf_status cf_tables_flush(struct cf_tables *store, struct cf_fault *reterr_fault)
{
    CF_ASSERT(store->txn != NULL);
    /* In the order of making: ids grow, and LMDB fills pages well only from below. */
    for (struct cf_tables_cell *cell = store->oldest; cell != NULL; cell = cell->newer) {
        if (!cell->changed)
            continue;
        cell_store(store, cell);
        cell->changed = false;
    }
    return cf_tables_status(store, reterr_fault);
}

enum cf_status cf_tables_commit(struct cf_tables *store, struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_tables_flush(store, reterr_fault);
    if (status == CF_OK)
        status = cf_lmdb_commit(&store->txn, reterr_fault);
    cf_tables_abort(store);
    return status;
}

void cf_tables_abort(struct cf_tables *store)
{
    cf_lmdb_abort(&store->txn);
    cells_forget(store);
}

enum cf_status cf_tables_status(const struct cf_tables *store, struct cf_fault *reterr_fault)
{
    if (store->status != CF_OK && reterr_fault != NULL)
        *reterr_fault = store->fault;
    return store->status;
}

/* Keeps the first failure. */
static void fail(struct cf_tables *store, enum cf_status status, const struct cf_fault *fault)
{
    if (store->status != CF_OK)
        return;
    store->status = status;
    store->fault = *fault;
}

/* --- Cells ------------------------------------------------------------------------------------ */

/* Keys are mostly random ids: a multiply and a fold a word is enough. */
static uint64_t hash_of(enum cf_state_table table, struct cf_bytes key)
{
    uint64_t hash = 0x9e3779b97f4a7c15 * ((uint64_t)table + 1);
    size_t at = 0;
    for (; at + 8 <= key.size; at += 8) {
        uint64_t word;
        memcpy(&word, key.data + at, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccd;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    if (at < key.size)
        memcpy(&rest, key.data + at, key.size - at);
    hash = (hash ^ rest) * 0xc4ceb9fe1a85ec53;
    return hash ^ hash >> 29;
}

static void grow_buckets(struct cf_tables *store)
{
    size_t count = store->bucket_count * 4;
    struct cf_tables_cell **buckets = calloc(count, sizeof(struct cf_tables_cell *));
    if (buckets == NULL)
        return; /* longer chains, nothing worse */
    for (struct cf_tables_cell *cell = store->oldest; cell != NULL; cell = cell->newer) {
        struct cf_tables_cell **bucket = &buckets[cell->hash & (count - 1)];
        cell->next_in_bucket = *bucket;
        *bucket = cell;
    }
    free(store->buckets);
    store->buckets = buckets;
    store->bucket_count = count;
}

static void fail_no_memory(struct cf_tables *store)
{
    struct cf_fault fault = {0};
    cf_fault_set(&fault, CF_NO_MEMORY, __FILE__, __LINE__, "no memory for the batch");
    fail(store, CF_NO_MEMORY, &fault);
}

static struct cf_tables_cell *cell_add(struct cf_tables *store, enum cf_state_table table,
                                       struct cf_bytes key, uint64_t hash)
{
    struct cf_tables_cell *cell = cf_arena_allocate(&store->arena, sizeof *cell + key.size);
    if (cell == NULL) {
        fail_no_memory(store);
        return NULL;
    }
    uint8_t *key_copy = (uint8_t *)(cell + 1);
    memcpy(key_copy, key.data, key.size);
    cell->key = cf_bytes_from(key_copy, key.size);
    cell->table = table;
    cell->hash = hash;
    if (store->cell_count >= store->bucket_count)
        grow_buckets(store);
    struct cf_tables_cell **bucket = &store->buckets[hash & (store->bucket_count - 1)];
    cell->next_in_bucket = *bucket;
    *bucket = cell;
    if (store->oldest == NULL)
        store->oldest = cell;
    else
        store->newest->newer = cell;
    store->newest = cell;
    store->cell_count++;
    return cell;
}

/* Memory for the cell's value, zeroed. */
static void cell_fill(struct cf_tables *store, struct cf_tables_cell *cell, size_t size)
{
    cell->value = cf_arena_allocate(&store->arena, size);
    cell->value_size = size;
    if (cell->value == NULL)
        fail_no_memory(store);
}

static bool cell_read(enum cf_state_table table, struct cf_bytes stored, void *ret_value,
                      size_t size)
{
    if (table == CF_STATE_rows)
        return cf_unpack(stored, ret_value, size);
    if (stored.size == size)
        memcpy(ret_value, stored.data, size);
    return stored.size == size;
}

static struct cf_tables_cell *cell_load(struct cf_tables *store, enum cf_state_table table,
                                        struct cf_bytes key, uint64_t hash, size_t size)
{
    struct cf_bytes stored;
    bool present = cf_tables_get(store, table, key, &stored);
    struct cf_tables_cell *cell = cell_add(store, table, key, hash);
    if (cell != NULL && present)
        cell_fill(store, cell, size);
    if (cell == NULL || cell->value == NULL || cell_read(table, stored, cell->value, size))
        return cell;
    struct cf_fault fault = {0};
    cf_fault_set(&fault, CF_CORRUPT, __FILE__, __LINE__, "a row of the state has a wrong size");
    cf_fault_detail(&fault, "%s: %zu bytes stored, for %zu", table_names[table], stored.size, size);
    fail(store, CF_CORRUPT, &fault);
    cell->value = NULL;
    return cell;
}

void *cf_tables_cell(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                     size_t size, bool edit, bool create)
{
    CF_ASSERT(store->txn != NULL && key.size > 0 && key.size <= CF_TABLES_KEY_SIZE_MAX);
    CF_ASSERT(size <= CF_TABLES_CELL_SIZE_MAX);
    uint64_t hash = hash_of(table, key);
    struct cf_tables_cell *cell = store->buckets[hash & (store->bucket_count - 1)];
    while (cell != NULL &&
           (cell->hash != hash || cell->table != table || !cf_bytes_equal(cell->key, key)))
        cell = cell->next_in_bucket;
    if (cell == NULL)
        cell = cell_load(store, table, key, hash, size);
    if (cell != NULL && cell->value == NULL && create)
        cell_fill(store, cell, size);
    if (cell == NULL || cell->value == NULL) {
        /* Whoever makes a row writes to it unasked; the batch has failed already. */
        return create ? memset(store->spare, 0, CF_TABLES_CELL_SIZE_MAX) : NULL;
    }
    CF_ASSERT(cell->value_size == size);
    cell->changed = cell->changed || edit;
    return cell->value;
}

/* --- Straight through ------------------------------------------------------------------------- */

bool cf_tables_get(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                   struct cf_bytes *ret_value)
{
    if (store->status != CF_OK)
        return false;
    struct cf_fault fault = {0};
    enum cf_status status = cf_lmdb_get(store->txn, store->tables[table], key, ret_value, &fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        fail(store, status, &fault);
    return status == CF_OK;
}

void cf_tables_put(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                   struct cf_bytes value)
{
    if (store->status != CF_OK)
        return;
    struct cf_fault fault = {0};
    enum cf_status status = cf_lmdb_put(store->txn, store->tables[table], key, value, &fault);
    if (status != CF_OK)
        fail(store, status, &fault);
}

void cf_tables_delete(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key)
{
    if (store->status != CF_OK)
        return;
    struct cf_fault fault = {0};
    enum cf_status status = cf_lmdb_delete(store->txn, store->tables[table], key, &fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        fail(store, status, &fault);
}

size_t cf_tables_scan(struct cf_tables *store, enum cf_state_table table, struct cf_bytes first,
                      size_t prefix_size, bool after, uint8_t *ret_tails, size_t tail_size,
                      size_t count_max)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK)
        return 0;
    struct cf_fault fault = {0};
    struct cf_bytes key, value;
    enum cf_status status = cf_lmdb_cursor_open(store->txn, store->tables[table], &cursor, &fault);
    if (status == CF_OK)
        status = cf_lmdb_cursor_seek(cursor, first, &key, &value, &fault);
    if (status == CF_OK && after && cf_bytes_equal(key, first))
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, &fault);
    size_t count = 0;
    while (status == CF_OK && count < count_max && key.size == prefix_size + tail_size &&
           memcmp(key.data, first.data, prefix_size) == 0) {
        memcpy(ret_tails + count * tail_size, key.data + prefix_size, tail_size);
        count++;
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, &fault);
    }
    if (status != CF_OK && status != CF_NOT_FOUND)
        fail(store, status, &fault);
    return count;
}

bool cf_tables_last(struct cf_tables *store, enum cf_state_table table, struct cf_bytes end,
                    size_t prefix_size, uint8_t *ret_tail, size_t tail_size)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK)
        return false;
    struct cf_fault fault = {0};
    struct cf_bytes key, value;
    enum cf_status status = cf_lmdb_cursor_open(store->txn, store->tables[table], &cursor, &fault);
    if (status == CF_OK)
        status = cf_lmdb_cursor_seek(cursor, end, &key, &value, &fault);
    if (status == CF_NOT_FOUND)
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_LAST, &key, &value, &fault);
    else if (status == CF_OK && !cf_bytes_equal(key, end))
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_PREVIOUS, &key, &value, &fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        fail(store, status, &fault);
    if (status != CF_OK || key.size != prefix_size + tail_size ||
        memcmp(key.data, end.data, prefix_size) != 0)
        return false;
    memcpy(ret_tail, key.data + prefix_size, tail_size);
    return true;
}

/* --- Keys ------------------------------------------------------------------------------------- */

void cf_tables_key_add(struct cf_tables_key *key, struct cf_bytes part)
{
    CF_ASSERT(part.size <= sizeof key->bytes - key->size);
    if (part.size > 0)
        memcpy(key->bytes + key->size, part.data, part.size);
    key->size += part.size;
}

void cf_tables_key_add_number(struct cf_tables_key *key, uint64_t number, size_t size)
{
    CF_ASSERT(size <= 8 && size <= sizeof key->bytes - key->size);
    for (size_t i = 0; i < size; i++)
        key->bytes[key->size++] = (uint8_t)(number >> (8 * (size - 1 - i)));
}

uint64_t cf_tables_key_number(struct cf_bytes key, size_t at, size_t size)
{
    CF_ASSERT(at + size <= key.size);
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | key.data[at + i];
    return number;
}
