/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows in hand: one hash table per table, keyed by the row's first bytes.
 */
#include "projections/store.h"

#include "core/base/assert.h"
#include "projections/store_private.h"

#include <stdlib.h>

enum {
    SLOTS_MIN = 256,
    SCRATCH_SIZE_MAX = 1 << 20, /* the rows that one event touches */
    COPY_SIZE_MAX = 1 << 30,
};

/* Grows a C array to hold one more element. */
static enum cf_status make_room(void **array, size_t count, size_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return CF_OK;
    size_t larger = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(*array, larger * element_size);
    if (grown == NULL)
        return CF_NO_MEMORY;
    *array = grown;
    *capacity = larger;
    return CF_OK;
}

/* Keys are ids and numbers, so their size is a multiple of eight. */
static uint64_t hash_of(const void *key, size_t size)
{
    uint64_t hash = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)key + i, sizeof word);
        hash = (hash ^ word) * 0xff51afd7ed558ccd;
        hash ^= hash >> 32;
    }
    return hash;
}

static struct cf_shelf *shelf_of(const struct cf_store *store, const struct cf_table *table)
{
    for (size_t i = 0; i < store->shelves_count; i++) {
        if (store->shelves[i].table == table)
            return &store->shelves[i];
    }
    CF_UNREACHABLE();
}

enum cf_status cf_store_new(const struct cf_table *const *tables, size_t tables_count,
                            size_t rows_max, struct cf_store **ret_store)
{
    struct cf_store *store = calloc(1, sizeof *store);
    struct cf_shelf *shelves = calloc(tables_count, sizeof *shelves);
    if (store == NULL || shelves == NULL) {
        free(store);
        free(shelves);
        return CF_NO_MEMORY;
    }
    for (size_t i = 0; i < tables_count; i++) {
        shelves[i].table = tables[i];
        const struct cf_column *sequence = cf_table_column(tables[i], "sequence");
        CF_ASSERT(sequence != NULL && sequence->type == CF_COLUMN_int64);
        CF_ASSERT(tables[i]->key_size % sizeof(uint64_t) == 0);
        shelves[i].sequence_offset = sequence->offset;
    }
    store->shelves = shelves;
    store->shelves_count = tables_count;
    store->rows_max = rows_max;
    cf_arena_init(&store->scratch, SCRATCH_SIZE_MAX);
    cf_pg_params_init(&store->params);
    cf_buf_init(&store->copy, COPY_SIZE_MAX);
    *ret_store = store;
    return CF_OK;
}

void cf_shelf__drop_appended(struct cf_shelf *shelf)
{
    for (size_t i = 0; i < shelf->appended_count; i++)
        cf_row_clean_up(shelf->table, shelf->appended + i * shelf->table->row_size);
    shelf->appended_count = 0;
}

static void drop_entries(struct cf_shelf *shelf)
{
    for (size_t i = 0; i < shelf->slots_count; i++) {
        if (shelf->slots[i] != NULL) {
            cf_row_clean_up(shelf->table, shelf->slots[i]->row);
            free(shelf->slots[i]);
        }
    }
    free(shelf->slots);
    shelf->slots = NULL;
    shelf->slots_count = shelf->entries_count = shelf->changed_count = 0;
}

void cf_store_forget(struct cf_store *store)
{
    for (size_t i = 0; i < store->shelves_count; i++) {
        drop_entries(&store->shelves[i]);
        cf_shelf__drop_appended(&store->shelves[i]);
        store->shelves[i].wanted_count = 0;
    }
}

void cf_store_destroy(struct cf_store *store)
{
    if (store == NULL)
        return;
    cf_store_forget(store);
    for (size_t i = 0; i < store->shelves_count; i++) {
        free(store->shelves[i].changed);
        free(store->shelves[i].wanted);
        free(store->shelves[i].appended);
    }
    free(store->shelves);
    cf_arena_clean_up(&store->scratch);
    cf_pg_params_clean_up(&store->params);
    cf_buf_clean_up(&store->copy);
    free(store);
}

void cf_store_set_source(struct cf_store *store, struct cf_pg *pg)
{
    store->source = pg;
}

void cf_store_set_collecting(struct cf_store *store, bool is_collecting)
{
    store->is_collecting = is_collecting;
}

void cf_store_scratch_end(struct cf_store *store)
{
    cf_arena_reset(&store->scratch);
}

struct cf_entry *cf_shelf__find(const struct cf_shelf *shelf, const void *key)
{
    if (shelf->slots_count == 0)
        return NULL;
    size_t key_size = shelf->table->key_size;
    uint64_t hash = hash_of(key, key_size);
    for (size_t i = hash & (shelf->slots_count - 1);; i = (i + 1) & (shelf->slots_count - 1)) {
        struct cf_entry *entry = shelf->slots[i];
        if (entry == NULL)
            return NULL;
        if (entry->hash == hash && memcmp(entry->row, key, key_size) == 0)
            return entry;
    }
}

static void insert(struct cf_entry **slots, size_t slots_count, struct cf_entry *entry)
{
    size_t i = entry->hash & (slots_count - 1);
    while (slots[i] != NULL)
        i = (i + 1) & (slots_count - 1);
    slots[i] = entry;
}

static enum cf_status grow(struct cf_shelf *shelf)
{
    if (shelf->entries_count * 2 < shelf->slots_count)
        return CF_OK;
    size_t slots_count = shelf->slots_count == 0 ? SLOTS_MIN : shelf->slots_count * 2;
    struct cf_entry **slots = calloc(slots_count, sizeof *slots);
    if (slots == NULL)
        return CF_NO_MEMORY;
    for (size_t i = 0; i < shelf->slots_count; i++) {
        if (shelf->slots[i] != NULL)
            insert(slots, slots_count, shelf->slots[i]);
    }
    free(shelf->slots);
    shelf->slots = slots;
    shelf->slots_count = slots_count;
    return CF_OK;
}

enum cf_status cf_shelf__put(struct cf_shelf *shelf, const void *key, struct cf_entry **ret_entry)
{
    struct cf_entry *entry = cf_shelf__find(shelf, key);
    if (entry == NULL) {
        CF_TRY(grow(shelf));
        entry = calloc(1, sizeof *entry + shelf->table->row_size);
        if (entry == NULL)
            return CF_NO_MEMORY;
        entry->hash = hash_of(key, shelf->table->key_size);
        memcpy(entry->row, key, shelf->table->key_size);
        insert(shelf->slots, shelf->slots_count, entry);
        shelf->entries_count++;
    }
    *ret_entry = entry;
    return CF_OK;
}

static enum cf_status want(struct cf_shelf *shelf, const void *key)
{
    CF_TRY(make_room((void **)&shelf->wanted, shelf->wanted_count, &shelf->wanted_capacity,
                     shelf->table->row_size));
    memcpy(shelf->wanted + shelf->wanted_count++ * shelf->table->row_size, key,
           shelf->table->key_size);
    return CF_OK;
}

/* While collecting: a copy of the row if it is in hand, an empty row if it is not. */
static enum cf_status get_scratch(struct cf_store *store, struct cf_shelf *shelf, const void *key,
                                  bool *ret_present, void **ret_row)
{
    const struct cf_entry *entry = cf_shelf__find(shelf, key);
    if (entry == NULL && store->source != NULL)
        CF_TRY(want(shelf, key));
    void *row = cf_arena_allocate(&store->scratch, shelf->table->row_size);
    if (row == NULL)
        return CF_NO_MEMORY;
    *ret_present = entry != NULL && entry->is_present;
    if (entry != NULL)
        memcpy(row, entry->row, shelf->table->row_size);
    else
        memcpy(row, key, shelf->table->key_size);
    *ret_row = row;
    return CF_OK;
}

/* The entry of a key, loaded now where collecting did not foresee it. */
static enum cf_status get_entry(struct cf_fold *fold, struct cf_shelf *shelf, const void *key,
                                struct cf_entry **ret_entry)
{
    struct cf_store *store = fold->store;
    struct cf_entry *entry = cf_shelf__find(shelf, key);
    if (entry == NULL && store->source != NULL) {
        CF_TRY(want(shelf, key));
        CF_TRY(cf_shelf__load(store, shelf, fold->reterr_fault));
        entry = cf_shelf__find(shelf, key);
        CF_ASSERT(entry != NULL);
    }
    if (entry == NULL)
        CF_TRY(cf_shelf__put(shelf, key, &entry));
    *ret_entry = entry;
    return CF_OK;
}

static enum cf_status note_change(struct cf_shelf *shelf, struct cf_entry *entry)
{
    if (entry->is_changed)
        return CF_OK;
    CF_TRY(make_room((void **)&shelf->changed, shelf->changed_count, &shelf->changed_capacity,
                     sizeof *shelf->changed));
    shelf->changed[shelf->changed_count++] = entry;
    entry->is_changed = true;
    return CF_OK;
}

enum cf_status cf_fold_get(struct cf_fold *fold, const struct cf_table *table, const void *key,
                           void **ret_row)
{
    CF_ASSERT(!table->is_appended);
    struct cf_shelf *shelf = shelf_of(fold->store, table);
    bool is_present;
    if (fold->store->is_collecting)
        return get_scratch(fold->store, shelf, key, &is_present, ret_row);

    struct cf_entry *entry = NULL;
    CF_TRY(get_entry(fold, shelf, key, &entry));
    CF_TRY(note_change(shelf, entry));
    entry->is_present = true;
    memcpy(entry->row + shelf->sequence_offset, &fold->sequence, sizeof fold->sequence);
    *ret_row = entry->row;
    return CF_OK;
}

enum cf_status cf_fold_find(struct cf_fold *fold, const struct cf_table *table, const void *key,
                            const void **ret_row)
{
    CF_ASSERT(!table->is_appended);
    struct cf_shelf *shelf = shelf_of(fold->store, table);
    if (fold->store->is_collecting) {
        bool is_present;
        void *row = NULL;
        CF_TRY(get_scratch(fold->store, shelf, key, &is_present, &row));
        *ret_row = is_present ? row : NULL;
        return CF_OK;
    }
    struct cf_entry *entry = NULL;
    CF_TRY(get_entry(fold, shelf, key, &entry));
    *ret_row = entry->is_present ? entry->row : NULL;
    return CF_OK;
}

enum cf_status cf_fold_remove(struct cf_fold *fold, const struct cf_table *table, const void *key)
{
    const void *there = NULL;
    CF_TRY(cf_fold_find(fold, table, key, &there));
    if (there == NULL || fold->store->is_collecting)
        return CF_OK;
    struct cf_shelf *shelf = shelf_of(fold->store, table);
    struct cf_entry *entry = cf_shelf__find(shelf, key);
    CF_ASSERT(entry != NULL && entry->row == there);
    CF_TRY(note_change(shelf, entry));
    entry->is_present = false;
    cf_row_clean_up(table, entry->row);
    memset(entry->row + table->key_size, 0, table->row_size - table->key_size);
    return CF_OK;
}

static void fail(struct cf_fold *fold, enum cf_status status, const char *text)
{
    if (fold->status == CF_OK)
        fold->status = cf_fault_set(fold->reterr_fault, status, __FILE__, __LINE__, text);
}

void cf_fold_append(struct cf_fold *fold, const struct cf_table *table, void *row)
{
    CF_ASSERT(table->is_appended);
    struct cf_shelf *shelf = shelf_of(fold->store, table);
    fold->lines++;
    if (fold->store->is_collecting) {
        cf_row_clean_up(table, row);
        return;
    }
    if (make_room((void **)&shelf->appended, shelf->appended_count, &shelf->appended_capacity,
                  table->row_size) != CF_OK) {
        cf_row_clean_up(table, row);
        fail(fold, CF_NO_MEMORY, "no memory for a row");
        return;
    }
    memcpy(shelf->appended + shelf->appended_count++ * table->row_size, row, table->row_size);
}

void cf_fold_add(struct cf_fold *fold, int64_t *number, int64_t delta)
{
    /* Scratch rows may know nothing of the events before, so their numbers mean nothing. */
    if (__builtin_add_overflow(*number, delta, number) && !fold->store->is_collecting)
        fail(fold, CF_RANGE, "a sum is out of range");
}

bool cf_fold_is_collecting(const struct cf_fold *fold)
{
    return fold->store->is_collecting;
}

void cf_fold_set(struct cf_fold *fold, struct cf_value *value, struct cf_bytes bytes)
{
    /* A scratch row borrows the values of the row that it copies. */
    if (fold->store->is_collecting)
        return;
    free(value->data);
    *value = (struct cf_value){0};
    if (bytes.size == 0)
        return;
    value->data = malloc(bytes.size);
    if (value->data == NULL) {
        fail(fold, CF_NO_MEMORY, "no memory for a value");
        return;
    }
    memcpy(value->data, bytes.data, bytes.size);
    value->size = bytes.size;
}

void cf_store_visit_changed(struct cf_store *store, cf_store_visit_fn *visit, void *user)
{
    for (size_t i = 0; i < store->shelves_count; i++) {
        const struct cf_shelf *shelf = &store->shelves[i];
        for (size_t j = 0; j < shelf->changed_count; j++) {
            const struct cf_entry *entry = shelf->changed[j];
            if (entry->is_present)
                visit(user, shelf->table, entry->row, entry->sequence_before);
        }
    }
}

void cf_store_visit_appended(struct cf_store *store, cf_store_visit_fn *visit, void *user)
{
    for (size_t i = 0; i < store->shelves_count; i++) {
        const struct cf_shelf *shelf = &store->shelves[i];
        for (size_t j = 0; j < shelf->appended_count; j++)
            visit(user, shelf->table, shelf->appended + j * shelf->table->row_size, 0);
    }
}

void cf_store_visit_all(struct cf_store *store, const struct cf_table *table,
                        cf_store_visit_fn *visit, void *user)
{
    const struct cf_shelf *shelf = shelf_of(store, table);
    for (size_t i = 0; i < shelf->slots_count; i++) {
        if (shelf->slots[i] != NULL && shelf->slots[i]->is_present)
            visit(user, table, shelf->slots[i]->row, shelf->slots[i]->sequence_before);
    }
    for (size_t i = 0; i < shelf->appended_count; i++)
        visit(user, table, shelf->appended + i * table->row_size, 0);
}

const void *cf_store_peek(const struct cf_store *store, const struct cf_table *table,
                          const void *key)
{
    const struct cf_entry *entry = cf_shelf__find(shelf_of(store, table), key);
    return entry != NULL && entry->is_present ? entry->row : NULL;
}

void cf_store_drop_appended(struct cf_store *store)
{
    for (size_t i = 0; i < store->shelves_count; i++)
        cf_shelf__drop_appended(&store->shelves[i]);
}

void cf_store_sent(struct cf_store *store)
{
    size_t rows = 0;
    for (size_t i = 0; i < store->shelves_count; i++) {
        struct cf_shelf *shelf = &store->shelves[i];
        for (size_t j = 0; j < shelf->changed_count; j++) {
            struct cf_entry *entry = shelf->changed[j];
            entry->is_changed = false;
            memcpy(&entry->sequence_before, entry->row + shelf->sequence_offset,
                   sizeof entry->sequence_before);
        }
        shelf->changed_count = 0;
        cf_shelf__drop_appended(shelf);
        rows += shelf->entries_count;
    }
    if (rows > store->rows_max)
        cf_store_forget(store);
}
