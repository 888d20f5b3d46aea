/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, and the rows that they read and write. */
#include "eventstore/lmdb_env_private.h"

#include "core/base/assert.h"

#include <stdlib.h>

struct cf_lmdb_cursor {
    MDB_cursor *cursor;
};

static MDB_val val_from(struct cf_bytes bytes)
{
    /* LMDB does not write through the values it is given. */
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct cf_bytes bytes_from(MDB_val val)
{
    return cf_bytes_from(val.mv_data, val.mv_size);
}

static enum cf_status begin(struct cf_lmdb *env, bool reads, struct cf_lmdb_txn **ret_txn,
                            struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a transaction");
    txn->env = env;
    txn->reads = reads;
    if (reads)
        pthread_rwlock_rdlock(&env->map_lock);
    int code = mdb_txn_begin(env->env, NULL, reads ? MDB_RDONLY : 0, &txn->txn);
    if (code == MDB_MAP_RESIZED && env->read_only) {
        /* The writing process has grown the file: take over its size. */
        pthread_rwlock_unlock(&env->map_lock);
        pthread_rwlock_wrlock(&env->map_lock);
        code = mdb_env_set_mapsize(env->env, 0);
        pthread_rwlock_unlock(&env->map_lock);
        pthread_rwlock_rdlock(&env->map_lock);
        if (code == 0)
            code = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &txn->txn);
    }
    if (code != 0 && reads)
        pthread_rwlock_unlock(&env->map_lock);
    CF_LMDB_CHECK(reterr_fault, code, "cannot begin a transaction");
    *ret_txn = CF_TAKE(txn);
    return CF_OK;
}

enum cf_status cf_lmdb_begin_read(struct cf_lmdb *env, struct cf_lmdb_txn **ret_txn,
                                  struct cf_fault *reterr_fault)
{
    return begin(env, true, ret_txn, reterr_fault);
}

enum cf_status cf_lmdb_begin_write(struct cf_lmdb *env, struct cf_lmdb_txn **ret_txn,
                                   struct cf_fault *reterr_fault)
{
    CF_ASSERT(!env->read_only);
    return begin(env, false, ret_txn, reterr_fault);
}

enum cf_status cf_lmdb_commit(struct cf_lmdb_txn **txn, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_txn *ending = CF_TAKE(*txn);
    int code = mdb_txn_commit(ending->txn);
    if (ending->reads)
        pthread_rwlock_unlock(&ending->env->map_lock);
    CF_LMDB_CHECK(reterr_fault, code, "cannot commit");
    return CF_OK;
}

void cf_lmdb_abort(struct cf_lmdb_txn **txn)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_txn *ending = CF_TAKE(*txn);
    if (ending == NULL)
        return;
    mdb_txn_abort(ending->txn);
    if (ending->reads)
        pthread_rwlock_unlock(&ending->env->map_lock);
}

enum cf_status cf_lmdb_table_open(struct cf_lmdb_txn *txn, const char *name, bool sequence_keys,
                                  struct cf_lmdb_table *ret_table, struct cf_fault *reterr_fault)
{
    unsigned flags = (sequence_keys ? MDB_INTEGERKEY : 0) | (txn->reads ? 0 : MDB_CREATE);
    MDB_dbi handle;
    int code = mdb_dbi_open(txn->txn, name, flags, &handle);
    if (code != 0)
        CF_FAIL_ON(reterr_fault, cf_lmdb__status(code), "cannot open the table", "%s: %s", name,
                   mdb_strerror(code));
    ret_table->handle = handle;
    return CF_OK;
}

enum cf_status cf_lmdb_table_count(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                   uint64_t *ret_count, struct cf_fault *reterr_fault)
{
    MDB_stat table_stat;
    CF_LMDB_CHECK(reterr_fault, mdb_stat(txn->txn, table.handle, &table_stat), "cannot count rows");
    *ret_count = table_stat.ms_entries;
    return CF_OK;
}

enum cf_status cf_lmdb_get(struct cf_lmdb_txn *txn, struct cf_lmdb_table table, struct cf_bytes key,
                           struct cf_bytes *ret_value, struct cf_fault *reterr_fault)
{
    MDB_val key_val = val_from(key), value;
    int code = mdb_get(txn->txn, table.handle, &key_val, &value);
    if (code == MDB_NOTFOUND)
        return CF_NOT_FOUND;
    CF_LMDB_CHECK(reterr_fault, code, "cannot read a row");
    *ret_value = bytes_from(value);
    return CF_OK;
}

enum cf_status cf_lmdb_put(struct cf_lmdb_txn *txn, struct cf_lmdb_table table, struct cf_bytes key,
                           struct cf_bytes value, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!txn->reads);
    MDB_val key_val = val_from(key), value_val = val_from(value);
    CF_LMDB_CHECK(reterr_fault, mdb_put(txn->txn, table.handle, &key_val, &value_val, 0),
                  "cannot write a row");
    return CF_OK;
}

enum cf_status cf_lmdb_append(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                              struct cf_bytes key, size_t size, uint8_t **ret_value,
                              struct cf_fault *reterr_fault)
{
    CF_ASSERT(!txn->reads);
    MDB_val key_val = val_from(key), value = {.mv_size = size};
    CF_LMDB_CHECK(reterr_fault,
                  mdb_put(txn->txn, table.handle, &key_val, &value, MDB_APPEND | MDB_RESERVE),
                  "cannot append a row");
    *ret_value = value.mv_data;
    return CF_OK;
}

enum cf_status cf_lmdb_delete(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                              struct cf_bytes key, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!txn->reads);
    MDB_val key_val = val_from(key);
    int code = mdb_del(txn->txn, table.handle, &key_val, NULL);
    if (code == MDB_NOTFOUND)
        return CF_NOT_FOUND;
    CF_LMDB_CHECK(reterr_fault, code, "cannot delete a row");
    return CF_OK;
}

enum cf_status cf_lmdb_cursor_open(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                   struct cf_lmdb_cursor **ret_cursor,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a cursor");
    CF_LMDB_CHECK(reterr_fault, mdb_cursor_open(txn->txn, table.handle, &cursor->cursor),
                  "cannot open a cursor");
    *ret_cursor = CF_TAKE(cursor);
    return CF_OK;
}

void cf_lmdb_cursor_close(struct cf_lmdb_cursor *cursor)
{
    if (cursor == NULL)
        return;
    mdb_cursor_close(cursor->cursor);
    free(cursor);
}

static enum cf_status cursor_get(struct cf_lmdb_cursor *cursor, MDB_cursor_op operation,
                                 struct cf_bytes from, struct cf_bytes *ret_key,
                                 struct cf_bytes *ret_value, struct cf_fault *reterr_fault)
{
    MDB_val key = val_from(from), value;
    int code = mdb_cursor_get(cursor->cursor, &key, &value, operation);
    if (code == MDB_NOTFOUND)
        return CF_NOT_FOUND;
    CF_LMDB_CHECK(reterr_fault, code, "cannot walk a table");
    *ret_key = bytes_from(key);
    *ret_value = bytes_from(value);
    return CF_OK;
}

enum cf_status cf_lmdb_cursor_move(struct cf_lmdb_cursor *cursor, enum cf_lmdb_step step,
                                   struct cf_bytes *ret_key, struct cf_bytes *ret_value,
                                   struct cf_fault *reterr_fault)
{
    static const MDB_cursor_op operations[] = {
        [CF_LMDB_FIRST] = MDB_FIRST,
        [CF_LMDB_LAST] = MDB_LAST,
        [CF_LMDB_NEXT] = MDB_NEXT,
        [CF_LMDB_PREVIOUS] = MDB_PREV,
    };
    return cursor_get(cursor, operations[step], (struct cf_bytes){0}, ret_key, ret_value,
                      reterr_fault);
}

enum cf_status cf_lmdb_cursor_find(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                   struct cf_bytes *ret_value, struct cf_fault *reterr_fault)
{
    struct cf_bytes found;
    return cursor_get(cursor, MDB_SET, key, &found, ret_value, reterr_fault);
}

enum cf_status cf_lmdb_cursor_put(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                  struct cf_bytes value, struct cf_fault *reterr_fault)
{
    MDB_val key_val = val_from(key), value_val = val_from(value);
    CF_LMDB_CHECK(reterr_fault, mdb_cursor_put(cursor->cursor, &key_val, &value_val, 0),
                  "cannot write a row");
    return CF_OK;
}

enum cf_status cf_lmdb_cursor_put_last(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                       struct cf_bytes value, struct cf_fault *reterr_fault)
{
    MDB_val key_val = val_from(key), value_val = val_from(value);
    int code = mdb_cursor_put(cursor->cursor, &key_val, &value_val, MDB_APPEND);
    if (code == MDB_KEYEXIST)
        return cf_lmdb_cursor_put(cursor, key, value, reterr_fault);
    CF_LMDB_CHECK(reterr_fault, code, "cannot write a row");
    return CF_OK;
}

enum cf_status cf_lmdb_cursor_seek(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                   struct cf_bytes *ret_key, struct cf_bytes *ret_value,
                                   struct cf_fault *reterr_fault)
{
    return cursor_get(cursor, MDB_SET_RANGE, key, ret_key, ret_value, reterr_fault);
}
