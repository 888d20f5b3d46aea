/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables: objects (id → number of its making, account, JSON), lists (name, 0, number → id), numbers
 * (name → value), due (time, number → what), answers (hash → JSON). Numbers in keys are big-endian,
 * so that byte order is their order.
 */
#include "tools/sandbox/store.h"

#include "core/base/assert.h"
#include "eventstore/lmdb_env.h"

#include <stdio.h>

#define COMMIT_SIZE ((uint64_t)4 << 20) /* room made before each transaction */
#define OBJECT_SIZE_MAX ((size_t)1 << 20)
#define KEY_SIZE_MAX 400
#define REMEMBERED_MAX 64 /* objects, before a walk forgets what it has seen */

/* An object of the current transaction. */
struct loaded {
    char *id, *account;
    uint64_t made; /* its number */
    struct cf_json *json;
    bool edited;
};

struct cf_store {
    struct cf_lmdb *env;
    struct cf_lmdb_txn *txn;
    struct cf_lmdb_table objects, lists, numbers, due, answers;
    struct loaded *loaded;
    size_t loaded_count, loaded_capacity;
    struct cf_json *answer; /* got in this transaction */
    struct cf_buf scratch;
    enum cf_status status;
    struct cf_fault fault; /* the first failure in this transaction */
};

static void put_u64(uint8_t *ret_bytes, uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        ret_bytes[i] = (uint8_t)number;
}

static uint64_t get_u64(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

static bool failed(struct cf_store *store, enum cf_status status)
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

static void put(struct cf_store *store, struct cf_lmdb_table table, struct cf_bytes key,
                struct cf_bytes value)
{
    if (store->status == CF_OK)
        failed(store, cf_lmdb_put(store->txn, table, key, value, &store->fault));
}

static bool get(struct cf_store *store, struct cf_lmdb_table table, struct cf_bytes key,
                struct cf_bytes *ret_value)
{
    return store->status == CF_OK &&
           !failed(store, cf_lmdb_get(store->txn, table, key, ret_value, &store->fault));
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

/* Ends the life of the newest of what the transaction loaded, until so many are left. */
static void unload_to(struct cf_store *store, size_t count)
{
    while (store->loaded_count > count) {
        struct loaded *loaded = &store->loaded[--store->loaded_count];
        free(loaded->id);
        free(loaded->account);
        cf_json_destroy(loaded->json);
    }
}

static void unload(struct cf_store *store)
{
    unload_to(store, 0);
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

static void write_object(struct cf_store *store, const struct loaded *loaded)
{
    uint8_t head[9];
    size_t account_size = strlen(loaded->account);
    CF_ASSERT(account_size < 256);
    put_u64(head, loaded->made);
    head[8] = (uint8_t)account_size;
    cf_buf_clear(&store->scratch);
    if (failed(store, cf_buf_append(&store->scratch, cf_bytes_from(head, sizeof head))) ||
        failed(store, cf_buf_append_text(&store->scratch, loaded->account)) ||
        failed(store, cf_json_print(loaded->json, &store->scratch)))
        return;
    put(store, store->objects, cf_bytes_from_text(loaded->id), cf_buf_bytes(&store->scratch));
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

static struct loaded *keep(struct cf_store *store, const char *id, struct cf_bytes account,
                           uint64_t made, struct cf_json *json)
{
    if (store->loaded_count == store->loaded_capacity) {
        size_t capacity = store->loaded_capacity == 0 ? 32 : store->loaded_capacity * 2;
        struct loaded *grown = realloc(store->loaded, capacity * sizeof *grown);
        CF_ASSERT(grown != NULL);
        store->loaded = grown;
        store->loaded_capacity = capacity;
    }
    struct loaded *loaded = &store->loaded[store->loaded_count++];
    *loaded = (struct loaded){.id = strdup(id),
                              .account = strndup((const char *)account.data, account.size),
                              .made = made,
                              .json = json};
    CF_ASSERT(loaded->id != NULL && loaded->account != NULL);
    return loaded;
}

static struct loaded *load(struct cf_store *store, const char *id)
{
    for (size_t i = store->loaded_count; i-- > 0;) {
        if (strcmp(store->loaded[i].id, id) == 0)
            return store->loaded[i].json == NULL ? NULL : &store->loaded[i];
    }
    struct cf_bytes value;
    size_t id_size = strlen(id);
    if (id_size == 0 || id_size > KEY_SIZE_MAX ||
        !get(store, store->objects, cf_bytes_from(id, id_size), &value))
        return NULL;
    size_t head = value.size < 9 ? 0 : 9 + (size_t)value.data[8];
    struct cf_json *json = NULL;
    if (head == 0 || head > value.size) {
        failed(store, CF_CORRUPT);
        return NULL;
    }
    if (failed(store, cf_json_parse(cf_bytes_from(value.data + head, value.size - head), &json,
                                    &store->fault)))
        return NULL;
    return keep(store, id, cf_bytes_from(value.data + 9, value.data[8]), get_u64(value.data), json);
}

const struct cf_json *cf_store_find(struct cf_store *store, const char *account, const char *id)
{
    const struct loaded *loaded = load(store, id);
    return loaded == NULL || strcmp(loaded->account, account) != 0 ? NULL : loaded->json;
}

const struct cf_json *cf_store_find_anywhere(struct cf_store *store, const char *id)
{
    const struct loaded *loaded = load(store, id);
    return loaded == NULL ? NULL : loaded->json;
}

struct cf_json *cf_store_edit_anywhere(struct cf_store *store, const char *id,
                                       const char **ret_account)
{
    struct loaded *loaded = load(store, id);
    if (loaded == NULL)
        return NULL;
    loaded->edited = true;
    *ret_account = loaded->account;
    return loaded->json;
}

struct cf_json *cf_store_edit(struct cf_store *store, const char *account, const char *id)
{
    struct loaded *loaded = load(store, id);
    if (loaded == NULL || strcmp(loaded->account, account) != 0)
        return NULL;
    loaded->edited = true;
    return loaded->json;
}

struct cf_json *cf_store_add(struct cf_store *store, const char *account, struct cf_json *object)
{
    const char *id = cf_json_text_at(object, "id");
    CF_ASSERT(id != NULL && load(store, id) == NULL);
    struct loaded *loaded =
        keep(store, id, cf_bytes_from_text(account), cf_store_next(store), object);
    loaded->edited = true;
    return object;
}

void cf_store_remove(struct cf_store *store, const char *id)
{
    struct loaded *loaded = load(store, id);
    if (loaded == NULL)
        return;
    cf_json_destroy(CF_TAKE(loaded->json));
    loaded->edited = false;
    failed(store,
           cf_lmdb_delete(store->txn, store->objects, cf_bytes_from_text(id), &store->fault));
}

/* Lists. */

static struct cf_bytes list_key(const char *list, uint64_t made, uint8_t key[KEY_SIZE_MAX + 16])
{
    size_t size = strlen(list);
    CF_ASSERT(size <= KEY_SIZE_MAX);
    memcpy(key, list, size);
    key[size] = 0;
    put_u64(key + size + 1, made);
    return cf_bytes_from(key, size + 9);
}

void cf_store_list(struct cf_store *store, const char *list, const struct cf_json *object)
{
    uint8_t key[KEY_SIZE_MAX + 16];
    const char *id = cf_json_text_at(object, "id");
    const struct loaded *loaded = load(store, id);
    CF_ASSERT(loaded != NULL);
    put(store, store->lists, list_key(list, loaded->made, key), cf_bytes_from_text(id));
}

/* Steps to the row before or behind the place of `made`. */
static enum cf_status step(struct cf_store *store, struct cf_lmdb_cursor *cursor, const char *list,
                           uint64_t made, bool ascending, struct cf_bytes *ret_key,
                           struct cf_bytes *ret_value)
{
    uint8_t key[KEY_SIZE_MAX + 16];
    if (ascending && made == UINT64_MAX)
        return CF_NOT_FOUND;
    enum cf_status status =
        cf_lmdb_cursor_seek(cursor, list_key(list, ascending ? made + 1 : made, key), ret_key,
                            ret_value, &store->fault);
    if (ascending)
        return status;
    return cf_lmdb_cursor_move(cursor, status == CF_NOT_FOUND ? CF_LMDB_LAST : CF_LMDB_PREVIOUS,
                               ret_key, ret_value, &store->fault);
}

void cf_store_walk(struct cf_store *store, const char *list, const char *after, bool ascending,
                   cf_store_visit_fn *visit, void *context)
{
    uint64_t made = ascending ? 0 : UINT64_MAX;
    if (after != NULL) {
        const struct loaded *loaded = load(store, after);
        if (loaded == NULL)
            return;
        made = loaded->made;
    }
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK ||
        failed(store, cf_lmdb_cursor_open(store->txn, store->lists, &cursor, &store->fault)))
        return;
    struct cf_bytes key, value;
    size_t prefix = strlen(list) + 1;
    enum cf_status status = step(store, cursor, list, made, ascending, &key, &value);
    while (!failed(store, status) && key.size == prefix + 8 &&
           memcmp(key.data, list, prefix) == 0) {
        char id[KEY_SIZE_MAX];
        size_t loaded_before = store->loaded_count;
        snprintf(id, sizeof id, "%.*s", (int)value.size, (const char *)value.data);
        if (!visit(context, id))
            return;
        /* A long list is not remembered whole. */
        bool untouched = loaded_before > REMEMBERED_MAX;
        for (size_t i = loaded_before; i < store->loaded_count; i++)
            untouched = untouched && !store->loaded[i].edited && store->loaded[i].json != NULL;
        if (untouched)
            unload_to(store, loaded_before);
        status = cf_lmdb_cursor_move(cursor, ascending ? CF_LMDB_NEXT : CF_LMDB_PREVIOUS, &key,
                                     &value, &store->fault);
    }
}

/* Numbers. */

int64_t cf_store_number(struct cf_store *store, const char *name)
{
    struct cf_bytes value;
    if (!get(store, store->numbers, cf_bytes_from_text(name), &value) || value.size != 8)
        return 0;
    return (int64_t)get_u64(value.data);
}

void cf_store_number_set(struct cf_store *store, const char *name, int64_t number)
{
    uint8_t value[8];
    put_u64(value, (uint64_t)number);
    put(store, store->numbers, cf_bytes_from_text(name), cf_bytes_from(value, sizeof value));
}

void cf_store_numbers(struct cf_store *store, const char *prefix, cf_store_number_fn *visit,
                      void *context)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK ||
        failed(store, cf_lmdb_cursor_open(store->txn, store->numbers, &cursor, &store->fault)))
        return;
    struct cf_bytes key, value;
    size_t size = strlen(prefix);
    enum cf_status status =
        cf_lmdb_cursor_seek(cursor, cf_bytes_from(prefix, size), &key, &value, &store->fault);
    while (!failed(store, status) && key.size >= size && memcmp(key.data, prefix, size) == 0) {
        char name[KEY_SIZE_MAX];
        snprintf(name, sizeof name, "%.*s", (int)key.size, (const char *)key.data);
        if (value.size == 8)
            visit(context, name, (int64_t)get_u64(value.data));
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, &store->fault);
    }
}

uint64_t cf_store_next(struct cf_store *store)
{
    int64_t next = cf_store_number(store, "next") + 1;
    cf_store_number_set(store, "next", next);
    return (uint64_t)next;
}

/* What falls due. */

static struct cf_bytes due_key(int64_t at, uint64_t number, uint8_t key[16])
{
    CF_ASSERT(at >= 0);
    put_u64(key, (uint64_t)at);
    put_u64(key + 8, number);
    return cf_bytes_from(key, 16);
}

uint64_t cf_store_due_add(struct cf_store *store, int64_t at, const char *what)
{
    uint8_t key[16];
    uint64_t number = cf_store_next(store);
    put(store, store->due, due_key(at, number, key), cf_bytes_from_text(what));
    return number;
}

void cf_store_due_remove(struct cf_store *store, int64_t at, uint64_t number)
{
    uint8_t key[16];
    if (store->status == CF_OK)
        failed(store,
               cf_lmdb_delete(store->txn, store->due, due_key(at, number, key), &store->fault));
}

/* The first row; false when there is none. The key is copied. */
static bool due_first(struct cf_store *store, uint8_t ret_key[16], struct cf_buf *ret_what)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK ||
        failed(store, cf_lmdb_cursor_open(store->txn, store->due, &cursor, &store->fault)))
        return false;
    struct cf_bytes key, value;
    if (failed(store, cf_lmdb_cursor_move(cursor, CF_LMDB_FIRST, &key, &value, &store->fault)) ||
        key.size != 16)
        return false;
    memcpy(ret_key, key.data, 16);
    if (ret_what == NULL)
        return true;
    cf_buf_clear(ret_what);
    return !failed(store, cf_buf_append(ret_what, value)) &&
           !failed(store, cf_buf_terminate(ret_what));
}

bool cf_store_due_take(struct cf_store *store, int64_t now, struct cf_buf *ret_what)
{
    uint8_t key[16];
    if (!due_first(store, key, ret_what) || (int64_t)get_u64(key) > now)
        return false;
    return !failed(store, cf_lmdb_delete(store->txn, store->due, cf_bytes_from(key, sizeof key),
                                         &store->fault));
}

int64_t cf_store_due_next(struct cf_store *store)
{
    uint8_t key[16];
    return due_first(store, key, NULL) ? (int64_t)get_u64(key) : 0;
}

/* Answers. */

struct cf_json *cf_store_answer(struct cf_store *store, struct cf_bytes hash)
{
    struct cf_bytes value;
    if (!get(store, store->answers, hash, &value))
        return NULL;
    cf_json_destroy(CF_TAKE(store->answer));
    failed(store, cf_json_parse(value, &store->answer, &store->fault));
    return store->answer;
}

void cf_store_answer_set(struct cf_store *store, struct cf_bytes hash, const struct cf_json *answer)
{
    cf_buf_clear(&store->scratch);
    if (!failed(store, cf_json_print(answer, &store->scratch)))
        put(store, store->answers, hash, cf_buf_bytes(&store->scratch));
}
