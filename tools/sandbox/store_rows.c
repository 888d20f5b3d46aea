/* SPDX-License-Identifier: Apache-2.0 */
/* The rows around the objects: lists of them, numbers, what falls due, answers under keys. */
#include "tools/sandbox/store_private.h"

#include <stdio.h>

#define REMEMBERED_MAX 64 /* objects, before a walk forgets what it has seen */

/* Lists. */

static struct cf_bytes list_key(const char *list, uint64_t made,
                                uint8_t key[CF_STORE_KEY_SIZE_MAX + 16])
{
    size_t size = strlen(list);
    CF_ASSERT(size <= CF_STORE_KEY_SIZE_MAX);
    memcpy(key, list, size);
    key[size] = 0;
    cf_store__put_u64(key + size + 1, made);
    return cf_bytes_from(key, size + 9);
}

void cf_store_list(struct cf_store *store, const char *list, const struct cf_json *object)
{
    uint8_t key[CF_STORE_KEY_SIZE_MAX + 16];
    const char *id = cf_json_text_at(object, "id");
    const struct cf_store_object *loaded = cf_store__load(store, id);
    CF_ASSERT(loaded != NULL);
    cf_store__put(store, store->lists, list_key(list, loaded->made, key), cf_bytes_from_text(id));
}

/* Steps to the row before or behind the place of `made`. */
static enum cf_status step(struct cf_store *store, struct cf_lmdb_cursor *cursor, const char *list,
                           uint64_t made, bool ascending, struct cf_bytes *ret_key,
                           struct cf_bytes *ret_value)
{
    uint8_t key[CF_STORE_KEY_SIZE_MAX + 16];
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
        const struct cf_store_object *loaded = cf_store__load(store, after);
        if (loaded == NULL)
            return;
        made = loaded->made;
    }
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK ||
        cf_store__failed(store,
                         cf_lmdb_cursor_open(store->txn, store->lists, &cursor, &store->fault)))
        return;
    struct cf_bytes key, value;
    size_t prefix = strlen(list) + 1;
    enum cf_status status = step(store, cursor, list, made, ascending, &key, &value);
    while (!cf_store__failed(store, status) && key.size == prefix + 8 &&
           memcmp(key.data, list, prefix) == 0) {
        char id[CF_STORE_KEY_SIZE_MAX];
        size_t loaded_before = store->loaded_count;
        snprintf(id, sizeof id, "%.*s", (int)value.size, (const char *)value.data);
        if (!visit(context, id))
            return;
        /* A long list is not remembered whole. */
        bool untouched = loaded_before > REMEMBERED_MAX;
        for (size_t i = loaded_before; i < store->loaded_count; i++)
            untouched = untouched && !store->loaded[i].edited && store->loaded[i].json != NULL;
        if (untouched)
            cf_store__unload_to(store, loaded_before);
        status = cf_lmdb_cursor_move(cursor, ascending ? CF_LMDB_NEXT : CF_LMDB_PREVIOUS, &key,
                                     &value, &store->fault);
    }
}

/* Numbers. */

int64_t cf_store_number(struct cf_store *store, const char *name)
{
    struct cf_bytes value;
    if (!cf_store__get(store, store->numbers, cf_bytes_from_text(name), &value) || value.size != 8)
        return 0;
    return (int64_t)cf_store__get_u64(value.data);
}

void cf_store_number_set(struct cf_store *store, const char *name, int64_t number)
{
    uint8_t value[8];
    cf_store__put_u64(value, (uint64_t)number);
    cf_store__put(store, store->numbers, cf_bytes_from_text(name),
                  cf_bytes_from(value, sizeof value));
}

void cf_store_numbers(struct cf_store *store, const char *prefix, cf_store_number_fn *visit,
                      void *context)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK ||
        cf_store__failed(store,
                         cf_lmdb_cursor_open(store->txn, store->numbers, &cursor, &store->fault)))
        return;
    struct cf_bytes key, value;
    size_t size = strlen(prefix);
    enum cf_status status =
        cf_lmdb_cursor_seek(cursor, cf_bytes_from(prefix, size), &key, &value, &store->fault);
    while (!cf_store__failed(store, status) && key.size >= size &&
           memcmp(key.data, prefix, size) == 0) {
        char name[CF_STORE_KEY_SIZE_MAX];
        snprintf(name, sizeof name, "%.*s", (int)key.size, (const char *)key.data);
        if (value.size == 8)
            visit(context, name, (int64_t)cf_store__get_u64(value.data));
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
    cf_store__put_u64(key, (uint64_t)at);
    cf_store__put_u64(key + 8, number);
    return cf_bytes_from(key, 16);
}

uint64_t cf_store_due_add(struct cf_store *store, int64_t at, const char *what)
{
    uint8_t key[16];
    uint64_t number = cf_store_next(store);
    cf_store__put(store, store->due, due_key(at, number, key), cf_bytes_from_text(what));
    return number;
}

void cf_store_due_remove(struct cf_store *store, int64_t at, uint64_t number)
{
    uint8_t key[16];
    if (store->status == CF_OK)
        cf_store__failed(
            store, cf_lmdb_delete(store->txn, store->due, due_key(at, number, key), &store->fault));
}

/* The first row; false when there is none. The key is copied. */
static bool due_first(struct cf_store *store, uint8_t ret_key[16], struct cf_buf *ret_what)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (store->status != CF_OK ||
        cf_store__failed(store,
                         cf_lmdb_cursor_open(store->txn, store->due, &cursor, &store->fault)))
        return false;
    struct cf_bytes key, value;
    if (cf_store__failed(store,
                         cf_lmdb_cursor_move(cursor, CF_LMDB_FIRST, &key, &value, &store->fault)) ||
        key.size != 16)
        return false;
    memcpy(ret_key, key.data, 16);
    if (ret_what == NULL)
        return true;
    cf_buf_clear(ret_what);
    return !cf_store__failed(store, cf_buf_append(ret_what, value)) &&
           !cf_store__failed(store, cf_buf_terminate(ret_what));
}

bool cf_store_due_take(struct cf_store *store, int64_t now, struct cf_buf *ret_what)
{
    uint8_t key[16];
    if (!due_first(store, key, ret_what) || (int64_t)cf_store__get_u64(key) > now)
        return false;
    return !cf_store__failed(store, cf_lmdb_delete(store->txn, store->due,
                                                   cf_bytes_from(key, sizeof key), &store->fault));
}

int64_t cf_store_due_next(struct cf_store *store)
{
    uint8_t key[16];
    return due_first(store, key, NULL) ? (int64_t)cf_store__get_u64(key) : 0;
}

/* Answers. */

struct cf_json *cf_store_answer(struct cf_store *store, struct cf_bytes hash)
{
    struct cf_bytes value;
    if (!cf_store__get(store, store->answers, hash, &value))
        return NULL;
    cf_json_destroy(CF_TAKE(store->answer));
    cf_store__failed(store, cf_json_parse(value, &store->answer, &store->fault));
    return store->answer;
}

void cf_store_answer_set(struct cf_store *store, struct cf_bytes hash, const struct cf_json *answer)
{
    cf_buf_clear(&store->scratch);
    if (!cf_store__failed(store, cf_json_print(answer, &store->scratch)))
        cf_store__put(store, store->answers, hash, cf_buf_bytes(&store->scratch));
}
