/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables: objects (id → number of its making, account, JSON), lists (name, 0, number → id), numbers
 * (name → value), due (time, number → what), answers (hash → JSON). Numbers in keys are big-endian,
 * so that byte order is their order.
 */
#include "tools/sandbox/store_private.h"

#include <stdio.h>

#define COMMIT_SIZE ((uint64_t)4 << 20) /* room made before each transaction */
#define OBJECT_SIZE_MAX ((size_t)1 << 20)

bool cf_store__failed(struct cf_store *store, enum cf_status status)
{
    if (status == CF_OK)
        return false;
    if (status != CF_NOT_FOUND && store->status == CF_OK) {
        store->status = status;
        if (store->fault.status == CF_OK)
            cf_fault_set(&store->fault, status, __FILE__, __LINE__, "the sandbox's store");
    }
    return true;
}

void cf_store__put(struct cf_store *store, struct cf_lmdb_table table, struct cf_bytes key,
                   struct cf_bytes value)
{
    if (store->status == CF_OK)
        cf_store__failed(store, cf_lmdb_put(store->txn, table, key, value, &store->fault));
}

bool cf_store__get(struct cf_store *store, struct cf_lmdb_table table, struct cf_bytes key,
                   struct cf_bytes *ret_value)
{
    return store->status == CF_OK &&
           !cf_store__failed(store, cf_lmdb_get(store->txn, table, key, ret_value, &store->fault));
}

/* Opening. */

static enum cf_status open_tables(struct cf_store *store, struct cf_fault *reterr_fault)
{
    const struct {
        const char *name;
        struct cf_lmdb_table *table;
    } tables[] = {{"objects", &store->objects},
                  {"lists", &store->lists},
                  {"numbers", &store->numbers},
                  {"due", &store->due},
                  {"answers", &store->answers}};
    struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_write(store->env, &txn, reterr_fault));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        enum cf_status status =
            cf_lmdb_table_open(txn, tables[i].name, false, tables[i].table, reterr_fault);
        if (status != CF_OK) {
            cf_lmdb_abort(&txn);
            return status;
        }
    }
    return cf_lmdb_commit(&txn, reterr_fault);
}

enum cf_status cf_store_open(const char *directory, struct cf_store **ret_store,
                             struct cf_fault *reterr_fault)
{
    struct cf_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "the sandbox's store");
    cf_buf_init(&store->scratch, OBJECT_SIZE_MAX);
    struct cf_lmdb_options options = {
        .directory = directory, .derived = true, .table_count_max = 8};
    enum cf_status status = cf_lmdb_open(&options, &store->env, reterr_fault);
    if (status == CF_OK)
        status = cf_lmdb_reserve(store->env, COMMIT_SIZE, reterr_fault);
    if (status == CF_OK)
        status = open_tables(store, reterr_fault);
    if (status != CF_OK) {
        cf_store_close(store);
        return status;
    }
    *ret_store = store;
    return CF_OK;
}

void cf_store__unload_to(struct cf_store *store, size_t count)
{
    while (store->loaded_count > count) {
        struct cf_store_object *loaded = &store->loaded[--store->loaded_count];
        free(loaded->id);
        free(loaded->account);
        cf_json_destroy(loaded->json);
    }
}

static void unload(struct cf_store *store)
{
    cf_store__unload_to(store, 0);
    cf_json_destroy(CF_TAKE(store->answer));
}

void cf_store_close(struct cf_store *store)
{
    if (store == NULL)
        return;
    cf_store_abort(store);
    cf_lmdb_close(store->env);
    free(store->loaded);
    cf_buf_clean_up(&store->scratch);
    free(store);
}

/* Transactions. */

enum cf_status cf_store_begin(struct cf_store *store, struct cf_fault *reterr_fault)
{
    CF_ASSERT(store->txn == NULL);
    CF_TRY(cf_lmdb_reserve(store->env, COMMIT_SIZE, reterr_fault));
    CF_TRY(cf_lmdb_begin_write(store->env, &store->txn, reterr_fault));
    store->status = CF_OK;
    store->fault = (struct cf_fault){0};
    return CF_OK;
}

static void write_object(struct cf_store *store, const struct cf_store_object *loaded)
{
    uint8_t head[9];
    size_t account_size = strlen(loaded->account);
    CF_ASSERT(account_size < 256);
    cf_store__put_u64(head, loaded->made);
    head[8] = (uint8_t)account_size;
    cf_buf_clear(&store->scratch);
    if (cf_store__failed(store, cf_buf_append(&store->scratch, cf_bytes_from(head, sizeof head))) ||
        cf_store__failed(store, cf_buf_append_text(&store->scratch, loaded->account)) ||
        cf_store__failed(store, cf_json_print(loaded->json, &store->scratch)))
        return;
    cf_store__put(store, store->objects, cf_bytes_from_text(loaded->id),
                  cf_buf_bytes(&store->scratch));
}

enum cf_status cf_store_commit(struct cf_store *store, struct cf_fault *reterr_fault)
{
    CF_ASSERT(store->txn != NULL);
    for (size_t i = 0; i < store->loaded_count; i++) {
        if (store->loaded[i].edited)
            write_object(store, &store->loaded[i]);
    }
    enum cf_status status = store->status;
    if (status == CF_OK)
        status = cf_lmdb_commit(&store->txn, &store->fault);
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = store->fault;
    cf_store_abort(store);
    return status;
}

void cf_store_abort(struct cf_store *store)
{
    unload(store);
    cf_lmdb_abort(&store->txn);
}

/* Objects. */

static struct cf_store_object *keep(struct cf_store *store, const char *id, struct cf_bytes account,
                                    uint64_t made, struct cf_json *json)
{
    if (store->loaded_count == store->loaded_capacity) {
        size_t capacity = store->loaded_capacity == 0 ? 32 : store->loaded_capacity * 2;
        struct cf_store_object *grown = realloc(store->loaded, capacity * sizeof *grown);
        CF_ASSERT(grown != NULL);
        store->loaded = grown;
        store->loaded_capacity = capacity;
    }
    struct cf_store_object *loaded = &store->loaded[store->loaded_count++];
    *loaded = (struct cf_store_object){.id = strdup(id),
                                       .account = strndup((const char *)account.data, account.size),
                                       .made = made,
                                       .json = json};
    CF_ASSERT(loaded->id != NULL && loaded->account != NULL);
    return loaded;
}

struct cf_store_object *cf_store__load(struct cf_store *store, const char *id)
{
    for (size_t i = store->loaded_count; i-- > 0;) {
        if (strcmp(store->loaded[i].id, id) == 0)
            return store->loaded[i].json == NULL ? NULL : &store->loaded[i];
    }
    struct cf_bytes value;
    size_t id_size = strlen(id);
    if (id_size == 0 || id_size > CF_STORE_KEY_SIZE_MAX ||
        !cf_store__get(store, store->objects, cf_bytes_from(id, id_size), &value))
        return NULL;
    size_t head = value.size < 9 ? 0 : 9 + (size_t)value.data[8];
    struct cf_json *json = NULL;
    if (head == 0 || head > value.size) {
        cf_store__failed(store, CF_CORRUPT);
        return NULL;
    }
    if (cf_store__failed(store, cf_json_parse(cf_bytes_from(value.data + head, value.size - head),
                                              &json, &store->fault)))
        return NULL;
    return keep(store, id, cf_bytes_from(value.data + 9, value.data[8]),
                cf_store__get_u64(value.data), json);
}

const struct cf_json *cf_store_find(struct cf_store *store, const char *account, const char *id)
{
    const struct cf_store_object *loaded = cf_store__load(store, id);
    return loaded == NULL || strcmp(loaded->account, account) != 0 ? NULL : loaded->json;
}

const struct cf_json *cf_store_find_anywhere(struct cf_store *store, const char *id)
{
    const struct cf_store_object *loaded = cf_store__load(store, id);
    return loaded == NULL ? NULL : loaded->json;
}

struct cf_json *cf_store_edit_anywhere(struct cf_store *store, const char *id,
                                       const char **ret_account)
{
    struct cf_store_object *loaded = cf_store__load(store, id);
    if (loaded == NULL)
        return NULL;
    loaded->edited = true;
    *ret_account = loaded->account;
    return loaded->json;
}

struct cf_json *cf_store_edit(struct cf_store *store, const char *account, const char *id)
{
    struct cf_store_object *loaded = cf_store__load(store, id);
    if (loaded == NULL || strcmp(loaded->account, account) != 0)
        return NULL;
    loaded->edited = true;
    return loaded->json;
}

struct cf_json *cf_store_add(struct cf_store *store, const char *account, struct cf_json *object)
{
    const char *id = cf_json_text_at(object, "id");
    CF_ASSERT(id != NULL && cf_store__load(store, id) == NULL);
    struct cf_store_object *loaded =
        keep(store, id, cf_bytes_from_text(account), cf_store_next(store), object);
    loaded->edited = true;
    return object;
}

void cf_store_remove(struct cf_store *store, const char *id)
{
    struct cf_store_object *loaded = cf_store__load(store, id);
    if (loaded == NULL)
        return;
    cf_json_destroy(CF_TAKE(loaded->json));
    loaded->edited = false;
    cf_store__failed(
        store, cf_lmdb_delete(store->txn, store->objects, cf_bytes_from_text(id), &store->fault));
}
