/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of a batch: a hash table over the rows that it has looked at, written once at its end. */
#include "core/base/assert.h"
#include "eventstore/state_pack.h"
#include "eventstore/state_tables.h"

#define CELLS_SETTLED_AT 256

struct cf_tables_cell {
    struct cf_tables_cell *next_in_bucket;
    struct cf_tables_cell *newer;
    struct cf_tables_cell *next_changed;
    uint64_t hash;
    void *value; /* NULL: known not to be there */
    size_t value_size;
    struct cf_bytes key;
    enum cf_state_table table;
    bool changed;
};

static void fail_no_memory(struct cf_tables *store)
{
    if (store->status != CF_OK)
        return;
    cf_fault_set(&store->fault, CF_NO_MEMORY, __FILE__, __LINE__, "no memory for the batch");
    cf_tables__fail(store, CF_NO_MEMORY);
}

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
    if (cf_state_table_has_rows(table))
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
    cf_fault_set(&store->fault, CF_CORRUPT, __FILE__, __LINE__,
                 "a row of the state has a wrong size");
    cf_fault_detail(&store->fault, "%s: %zu bytes stored, for %zu", cf_state_table_name(table),
                    stored.size, size);
    cf_tables__fail(store, CF_CORRUPT);
    cell->value = NULL;
    return cell;
}

static void change(struct cf_tables *store, struct cf_tables_cell *cell)
{
    cell->changed = true;
    cell->next_changed = store->changed;
    store->changed = cell;
    store->changed_count++;
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
    if (edit && !cell->changed)
        change(store, cell);
    return cell->value;
}

static void cell_store(struct cf_tables *store, const struct cf_tables_cell *cell)
{
    uint8_t packed[CF_PACKED_SIZE_MAX(CF_TABLES_CELL_SIZE_MAX)];
    struct cf_bytes value = cf_bytes_from(cell->value, cell->value_size);
    if (cf_state_table_has_rows(cell->table))
        value = cf_bytes_from(packed, cf_pack(value, packed));
    cf_tables_put(store, cell->table, cell->key, value);
}

static int compare_cells(const void *left, const void *right)
{
    const struct cf_tables_cell *a = *(struct cf_tables_cell *const *)left,
                                *b = *(struct cf_tables_cell *const *)right;
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    size_t size = a->key.size < b->key.size ? a->key.size : b->key.size;
    int order = memcmp(a->key.data, b->key.data, size);
    return order != 0 ? order : (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

enum cf_status cf_tables_flush(struct cf_tables *store, struct cf_fault *reterr_fault)
{
    CF_ASSERT(store->txn != NULL);
    size_t count = 0;
    struct cf_tables_cell **cells =
        cf_arena_allocate(&store->arena, store->changed_count * sizeof *cells);
    if (cells == NULL && store->changed_count > 0)
        fail_no_memory(store);
    for (struct cf_tables_cell *cell = store->changed; cell != NULL && cells != NULL;
         cell = cell->next_changed)
        cells[count++] = cell;
    /* From below upwards LMDB fills pages well, and finds each row near the last one. */
    if (count > 0)
        qsort(cells, count, sizeof(struct cf_tables_cell *), compare_cells);
    for (size_t i = 0; i < count; i++) {
        cell_store(store, cells[i]);
        cells[i]->changed = false;
    }
    store->changed = NULL;
    store->changed_count = 0;
    return cf_tables_status(store, reterr_fault);
}

enum cf_status cf_tables_settle(struct cf_tables *store, struct cf_fault *reterr_fault)
{
    if (store->cell_count < CELLS_SETTLED_AT)
        return CF_OK;
    CF_TRY(cf_tables_flush(store, reterr_fault));
    cf_tables__forget_cells(store);
    return CF_OK;
}

void cf_tables__forget_cells(struct cf_tables *store)
{
    for (struct cf_tables_cell *cell = store->oldest; cell != NULL; cell = cell->newer)
        store->buckets[cell->hash & (store->bucket_count - 1)] = NULL;
    store->oldest = NULL;
    store->newest = NULL;
    store->cell_count = 0;
    store->changed = NULL;
    store->changed_count = 0;
    cf_arena_reset(&store->arena);
}
