/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/state_tables.h"

#include "core/base/assert.h"

/* One record changes some sixteen pages of random place, and adds less than two pages of rows. */
#define CF_TABLES_COPIED_PER_RECORD ((uint64_t)16 * 4096)
#define CF_TABLES_ADDED_PER_RECORD ((uint64_t)2 * 4096)
#define CF_TABLES_ARENA_SIZE_MAX ((size_t)1 << 30)
#define CF_TABLES_BUCKETS ((size_t)1 << 12)

static const char *const table_names[] = {
#define CF_STATE_TABLE(name, what) [CF_STATE_##name] = #name,
    CF_STATE_TABLES(CF_STATE_TABLE)
#undef CF_STATE_TABLE
};

enum cf_state_table cf_state_table_of_rows(enum cf_row_kind kind)
{
    static const enum cf_state_table tables[] = {
        [CF_ROW_USER] = CF_STATE_users,
        [CF_ROW_CAMPAIGN] = CF_STATE_campaigns,
        [CF_ROW_REWARD] = CF_STATE_rewards,
        [CF_ROW_PLEDGE] = CF_STATE_pledges,
        [CF_ROW_REFUND] = CF_STATE_refunds,
        [CF_ROW_PAYOUT] = CF_STATE_payouts,
        [CF_ROW_CARD] = CF_STATE_cards,
        [CF_ROW_BACKING] = CF_STATE_backings,
        [CF_ROW_LEDGER] = CF_STATE_ledger,
        [CF_ROW_CREATOR] = CF_STATE_creators,
        [CF_ROW_SETTLEMENT] = CF_STATE_settlements,
        [CF_ROW_DEFERRED] = CF_STATE_deferred,
        [CF_ROW_REWARD_BACKING] = CF_STATE_reward_backings,
    };
    _Static_assert(sizeof tables / sizeof tables[0] == CF_ROW_KIND_LIMIT, "a kind has no table");
    return tables[kind];
}

bool cf_state_table_has_rows(enum cf_state_table table)
{
    return table <= CF_STATE_reward_backings;
}

const char *cf_state_table_name(enum cf_state_table table)
{
    return table_names[table];
}

static void cursor_close(struct cf_tables *store, enum cf_state_table table)
{
    cf_lmdb_cursor_close(CF_TAKE(store->cursors[table]));
}

static void cursors_close(struct cf_tables *store)
{
    for (unsigned i = 0; i < CF_STATE_TABLE_COUNT; i++)
        cursor_close(store, (enum cf_state_table)i);
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
    cursors_close(store);
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

enum cf_status cf_tables_commit(struct cf_tables *store, struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_tables_flush(store, reterr_fault);
    cursors_close(store);
    if (status == CF_OK)
        status = cf_lmdb_commit(&store->txn, reterr_fault);
    cf_tables_abort(store);
    return status;
}

void cf_tables_abort(struct cf_tables *store)
{
    cursors_close(store);
    cf_lmdb_abort(&store->txn);
    cf_tables__forget_cells(store);
}

enum cf_status cf_tables_status(const struct cf_tables *store, struct cf_fault *reterr_fault)
{
    if (store->status != CF_OK && reterr_fault != NULL)
        *reterr_fault = store->fault;
    return store->status;
}

void cf_tables__fail(struct cf_tables *store, enum cf_status status)
{
    CF_ASSERT(store->status == CF_OK);
    store->status = status;
}

/* --- Straight through ------------------------------------------------------------------------- */

/* NULL, and a failed batch, where there can be none. */
static struct cf_lmdb_cursor *cursor_of(struct cf_tables *store, enum cf_state_table table)
{
    struct cf_lmdb_cursor **cursor = &store->cursors[table];
    if (*cursor != NULL || store->status != CF_OK)
        return store->status == CF_OK ? *cursor : NULL;
    enum cf_status status =
        cf_lmdb_cursor_open(store->txn, store->tables[table], cursor, &store->fault);
    if (status != CF_OK)
        cf_tables__fail(store, status);
    return *cursor;
}

bool cf_tables_get(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                   struct cf_bytes *ret_value)
{
    struct cf_lmdb_cursor *cursor = cursor_of(store, table);
    if (cursor == NULL)
        return false;
    enum cf_status status = cf_lmdb_cursor_find(cursor, key, ret_value, &store->fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        cf_tables__fail(store, status);
    return status == CF_OK;
}

/* Whose new keys begin with ids that grow with time, or nearly so. */
static bool grows_at_its_end(enum cf_state_table table)
{
    return table == CF_STATE_pledges || table == CF_STATE_streams;
}

void cf_tables_put(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key,
                   struct cf_bytes value)
{
    struct cf_lmdb_cursor *cursor = cursor_of(store, table);
    if (cursor == NULL)
        return;
    enum cf_status status = grows_at_its_end(table)
                                ? cf_lmdb_cursor_put_last(cursor, key, value, &store->fault)
                                : cf_lmdb_cursor_put(cursor, key, value, &store->fault);
    if (status != CF_OK)
        cf_tables__fail(store, status);
}

void cf_tables_delete(struct cf_tables *store, enum cf_state_table table, struct cf_bytes key)
{
    if (store->status != CF_OK)
        return;
    cursor_close(store, table); /* its row may be the one that goes */
    enum cf_status status = cf_lmdb_delete(store->txn, store->tables[table], key, &store->fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        cf_tables__fail(store, status);
}

size_t cf_tables_scan(struct cf_tables *store, enum cf_state_table table, struct cf_bytes first,
                      size_t prefix_size, bool after, uint8_t *ret_tails, size_t tail_size,
                      size_t count_max)
{
    struct cf_lmdb_cursor *cursor = cursor_of(store, table);
    if (cursor == NULL)
        return 0;
    struct cf_bytes key, value;
    enum cf_status status = cf_lmdb_cursor_seek(cursor, first, &key, &value, &store->fault);
    if (status == CF_OK && after && cf_bytes_equal(key, first))
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, &store->fault);
    size_t count = 0;
    while (status == CF_OK && count < count_max && key.size == prefix_size + tail_size &&
           memcmp(key.data, first.data, prefix_size) == 0) {
        memcpy(ret_tails + count * tail_size, key.data + prefix_size, tail_size);
        count++;
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, &store->fault);
    }
    if (status != CF_OK && status != CF_NOT_FOUND)
        cf_tables__fail(store, status);
    return count;
}

bool cf_tables_last(struct cf_tables *store, enum cf_state_table table, struct cf_bytes end,
                    size_t prefix_size, uint8_t *ret_tail, size_t tail_size)
{
    struct cf_lmdb_cursor *cursor = cursor_of(store, table);
    if (cursor == NULL)
        return false;
    struct cf_bytes key, value;
    enum cf_status status = cf_lmdb_cursor_seek(cursor, end, &key, &value, &store->fault);
    if (status == CF_NOT_FOUND)
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_LAST, &key, &value, &store->fault);
    else if (status == CF_OK && !cf_bytes_equal(key, end))
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_PREVIOUS, &key, &value, &store->fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        cf_tables__fail(store, status);
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
