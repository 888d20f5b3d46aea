/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's way to PostgreSQL and back: loads by arrays of keys, upserts by arrays of columns,
 * COPY.
 */
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/store_private.h"

#include <endian.h>
#include <stdlib.h>

enum {
    ROWS_PER_STATEMENT = 4096,
    COPY_CHUNK = 2 << 20,
};

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

/* Which rows a statement is about: the i-th. */
typedef const void *row_at_fn(const void *rows, size_t i);

/* One array parameter per column, `columns_count` of them. */
static void add_columns(struct cf_pg_params *params, const struct cf_table *table,
                        size_t columns_count, row_at_fn *row_at, const void *rows, size_t first,
                        size_t count)
{
    cf_pg_params_clear(params);
    for (size_t c = 0; c < columns_count; c++) {
        const struct cf_column *column = &table->columns[c];
        cf_pg_array_begin(params, cf_column_pg_type(column));
        for (size_t i = first; i < first + count; i++) {
            uint8_t scratch[8];
            bool is_null;
            struct cf_bytes value = cf_column_encode(column, row_at(rows, i), scratch, &is_null);
            if (is_null)
                cf_pg_array_null(params);
            else
                cf_pg_array_bytes(params, value);
        }
        cf_pg_array_end(params);
    }
}

static const void *wanted_at(const void *rows, size_t i)
{
    const struct cf_shelf *shelf = rows;
    return shelf->wanted + i * shelf->table->row_size;
}

static const void *changed_at(const void *rows, size_t i)
{
    return ((const struct cf_shelf *)rows)->changed[i]->row;
}

static const void *appended_at(const void *rows, size_t i)
{
    const struct cf_shelf *shelf = rows;
    return shelf->appended + i * shelf->table->row_size;
}

static size_t chunk_of(size_t first, size_t count)
{
    return count - first < ROWS_PER_STATEMENT ? count - first : ROWS_PER_STATEMENT;
}

/* Puts loaded rows in hand. */
static enum cf_status take_rows(struct cf_shelf *shelf, const struct cf_pg_rows *rows)
{
    const struct cf_table *table = shelf->table;
    CF_CLEANUP(cf_scope_free) uint8_t *row = calloc(1, table->row_size);
    if (row == NULL)
        return CF_NO_MEMORY;
    for (size_t i = 0; i < cf_pg_rows_count(rows); i++) {
        size_t keys_count = cf_table_keys_count(table);
        struct cf_entry *entry = NULL;
        for (size_t c = 0; c < table->columns_count; c++) {
            bool is_null;
            struct cf_bytes value = cf_pg_value(rows, i, c, &is_null);
            if (c == keys_count)
                CF_TRY(cf_shelf__put(shelf, row, &entry));
            CF_TRY(cf_column_decode(&table->columns[c], c < keys_count ? row : entry->row, value,
                                    is_null));
        }
        entry->is_present = true;
        memcpy(&entry->sequence_before, entry->row + shelf->sequence_offset,
               sizeof entry->sequence_before);
    }
    return CF_OK;
}

/* Notes that the wanted rows were looked for: what is not in hand now is nowhere. */
static enum cf_status note_absent(struct cf_shelf *shelf)
{
    struct cf_entry *entry = NULL;
    for (size_t i = 0; i < shelf->wanted_count; i++)
        CF_TRY(cf_shelf__put(shelf, wanted_at(shelf, i), &entry));
    shelf->wanted_count = 0;
    return CF_OK;
}

enum cf_status cf_shelf__load(struct cf_store *store, struct cf_shelf *shelf,
                              struct cf_fault *reterr_fault)
{
    const struct cf_table *table = shelf->table;
    for (size_t first = 0; first < shelf->wanted_count; first += ROWS_PER_STATEMENT) {
        add_columns(&store->params, table, cf_table_keys_count(table), wanted_at, shelf, first,
                    chunk_of(first, shelf->wanted_count));
        CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
        CF_TRY(cf_pg_run(store->source, table->load, &store->params, &rows, reterr_fault));
        if (take_rows(shelf, rows) != CF_OK)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a row does not look as its table says", "%s",
                       table->name);
    }
    return note_absent(shelf);
}

static int compare_keys(const void *a, const void *b, void *size)
{
    return memcmp(a, b, *(const size_t *)size);
}

/* Collecting may want a key many times; PostgreSQL is asked once. */
static void drop_duplicates(struct cf_shelf *shelf)
{
    size_t row_size = shelf->table->row_size, key_size = shelf->table->key_size, kept = 0;
    if (shelf->wanted_count < 2)
        return;
    qsort_r(shelf->wanted, shelf->wanted_count, row_size, compare_keys, &key_size);
    for (size_t i = 1; i < shelf->wanted_count; i++) {
        if (memcmp(wanted_at(shelf, i), wanted_at(shelf, kept), key_size) != 0 && ++kept != i)
            memcpy(shelf->wanted + kept * row_size, wanted_at(shelf, i), key_size);
    }
    shelf->wanted_count = kept + 1;
}

enum cf_status cf_store_load(struct cf_store *store, struct cf_fault *reterr_fault)
{
    if (store->source == NULL)
        return CF_OK;
    for (size_t i = 0; i < store->shelves_count; i++) {
        drop_duplicates(&store->shelves[i]);
        CF_TRY(cf_shelf__load(store, &store->shelves[i], reterr_fault));
    }
    return CF_OK;
}

/* Sends rows [first, end) in as many statements as they need. */
static enum cf_status send_rows(struct cf_store *store, struct cf_pg *pg,
                                const struct cf_shelf *shelf, const char *statement,
                                size_t columns_count, row_at_fn *row_at, size_t first, size_t end,
                                struct cf_fault *reterr_fault)
{
    for (; first < end; first += ROWS_PER_STATEMENT) {
        add_columns(&store->params, shelf->table, columns_count, row_at, shelf, first,
                    chunk_of(first, end));
        CF_TRY(cf_pg_send(pg, statement, &store->params, reterr_fault));
    }
    return CF_OK;
}

/*
 * Brings the changed rows into three groups: those to store, those to remove, and those that came and
 * went within the batch, of which PostgreSQL never hears.
 */
static void group_changed(struct cf_shelf *shelf, size_t *ret_stored, size_t *ret_removed)
{
    size_t stored = 0, removed = 0;
    for (size_t i = 0; i < shelf->changed_count; i++) {
        struct cf_entry *entry = shelf->changed[i];
        if (!entry->is_present && entry->sequence_before == 0)
            continue;
        /* The place behind the group takes it; what stood there moves to where it was. */
        size_t place = stored + removed++;
        shelf->changed[i] = shelf->changed[place];
        shelf->changed[place] = entry;
        if (entry->is_present) {
            shelf->changed[place] = shelf->changed[stored];
            shelf->changed[stored++] = entry;
            removed--;
        }
    }
    *ret_stored = stored;
    *ret_removed = removed;
}

enum cf_status cf_store_send(struct cf_store *store, struct cf_pg *pg,
                             struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < store->shelves_count; i++) {
        struct cf_shelf *shelf = &store->shelves[i];
        const struct cf_table *table = shelf->table;
        size_t stored, removed;
        group_changed(shelf, &stored, &removed);
        CF_TRY(send_rows(store, pg, shelf, table->store, table->columns_count, changed_at, 0,
                         stored, reterr_fault));
        CF_TRY(send_rows(store, pg, shelf, table->remove, cf_table_keys_count(table), changed_at,
                         stored, stored + removed, reterr_fault));
        CF_TRY(send_rows(store, pg, shelf, table->store, table->columns_count, appended_at, 0,
                         shelf->appended_count, reterr_fault));
    }
    return CF_OK;
}

/* -- COPY ----------------------------------------------------------------------------------- */

static enum cf_status append_number(struct cf_buf *buf, uint64_t value, size_t size)
{
    uint64_t wire = htobe64(value);
    return cf_buf_append(buf, cf_bytes_from((const uint8_t *)&wire + sizeof wire - size, size));
}

static enum cf_status append_row(struct cf_buf *buf, const struct cf_table *table, const void *row)
{
    CF_TRY(append_number(buf, table->columns_count, 2));
    for (size_t c = 0; c < table->columns_count; c++) {
        uint8_t scratch[8];
        bool is_null;
        struct cf_bytes value = cf_column_encode(&table->columns[c], row, scratch, &is_null);
        CF_TRY(append_number(buf, is_null ? UINT32_MAX : value.size, 4));
        if (!is_null)
            CF_TRY(cf_buf_append(buf, value));
    }
    return CF_OK;
}

/* Gives what is in hand of one table to the copier, when there is enough of it. */
static enum cf_status give(struct cf_store *store, struct cf_copier *copier,
                           const struct cf_table *table, size_t size_min,
                           struct cf_fault *reterr_fault)
{
    if (store->copy.size < size_min)
        return CF_OK;
    return cf_copier_give(copier, table->copy_in, &store->copy, reterr_fault);
}

enum cf_status cf_store_copy_appended(struct cf_store *store, struct cf_copier *copier,
                                      size_t rows_min, struct cf_fault *reterr_fault)
{
    for (size_t s = 0; s < store->shelves_count; s++) {
        struct cf_shelf *shelf = &store->shelves[s];
        if (shelf->appended_count == 0 || shelf->appended_count < rows_min)
            continue;
        for (size_t i = 0; i < shelf->appended_count; i++) {
            CF_TRY(append_row(&store->copy, shelf->table, appended_at(shelf, i)));
            CF_TRY(give(store, copier, shelf->table, COPY_CHUNK, reterr_fault));
        }
        CF_TRY(give(store, copier, shelf->table, 1, reterr_fault));
        cf_shelf__drop_appended(shelf);
    }
    return CF_OK;
}

/* In the order in which rows were made, which is nearly that of their keys: PostgreSQL's index over them
 * then grows at its end. */
enum cf_status cf_store_copy_kept(struct cf_store *store, struct cf_copier *copier,
                                  struct cf_fault *reterr_fault)
{
    for (size_t s = 0; s < store->shelves_count; s++) {
        const struct cf_shelf *shelf = &store->shelves[s];
        for (size_t i = 0; i < shelf->changed_count; i++) {
            if (!shelf->changed[i]->is_present)
                continue;
            CF_TRY(append_row(&store->copy, shelf->table, changed_at(shelf, i)));
            CF_TRY(give(store, copier, shelf->table, COPY_CHUNK, reterr_fault));
        }
        CF_TRY(give(store, copier, shelf->table, 1, reterr_fault));
    }
    return CF_OK;
}
