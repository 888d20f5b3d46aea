/* SPDX-License-Identifier: Apache-2.0 */
/* Views: the last commit of the state, for readers in other threads. */
#include "core/base/assert.h"
#include "eventstore/state.h"
#include "eventstore/state_private.h"

enum cf_status cf_state_view_begin(struct cf_state *state, struct cf_state_view **ret_view,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *view = calloc(1, sizeof *view);
    if (view == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a view");
    view->state = state;
    CF_TRY(cf_lmdb_begin_read(state->store.env, &view->txn, reterr_fault));
    CF_TRY(cf_state_applied_read(&state->store, view->txn, &view->applied, reterr_fault));
    *ret_view = CF_TAKE(view);
    return CF_OK;
}

void cf_state_view_end(struct cf_state_view *view)
{
    if (view == NULL)
        return;
    cf_lmdb_abort(&view->txn);
    free(view);
}

uint64_t cf_state_view_sequence(const struct cf_state_view *view)
{
    return view->applied.sequence;
}

const struct cf_hash *cf_state_view_root(const struct cf_state_view *view)
{
    return &view->applied.root;
}

static enum cf_status get(struct cf_state_view *view, enum cf_state_table table,
                          struct cf_bytes key, size_t size, void *ret_value,
                          struct cf_fault *reterr_fault)
{
    struct cf_bytes value;
    CF_TRY(cf_lmdb_get(view->txn, view->state->store.tables[table], key, &value, reterr_fault));
    if (value.size != size)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a row of the state has a wrong size", "%s",
                   cf_state_table_name(table));
    memcpy(ret_value, value.data, size);
    return CF_OK;
}

enum cf_status cf_state_view_stream(struct cf_state_view *view, const struct cf_id *stream,
                                    uint32_t version, uint64_t *ret_sequences, size_t count_max,
                                    size_t *ret_count, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->state->store.tables[CF_STATE_streams], &cursor,
                               reterr_fault));
    struct cf_tables_key first;
    first.size = 0;
    cf_tables_key_add(&first, cf_id_bytes(stream));
    cf_tables_key_add_number(&first, version, 4);
    struct cf_bytes key, value;
    size_t count = 0;
    enum cf_status status =
        cf_lmdb_cursor_seek(cursor, cf_tables_key_bytes(&first), &key, &value, reterr_fault);
    while (status == CF_OK && count < count_max && key.size == CF_ID_SIZE + 4 &&
           memcmp(key.data, stream->bytes, CF_ID_SIZE) == 0) {
        if (value.size != sizeof ret_sequences[0])
            CF_FAIL(reterr_fault, CF_CORRUPT, "a row of the stream index has a wrong size");
        memcpy(&ret_sequences[count++], value.data, sizeof ret_sequences[0]);
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, reterr_fault);
    }
    if (status != CF_OK && status != CF_NOT_FOUND)
        return status;
    *ret_count = count;
    return CF_OK;
}

enum cf_status cf_state_view_subject(struct cf_state_view *view, const struct cf_id *subject,
                                     uint64_t *ret_newest, uint64_t *ret_count,
                                     struct cf_fault *reterr_fault)
{
    struct cf_state_subject row;
    CF_TRY(get(view, CF_STATE_subjects, cf_id_bytes(subject), sizeof row, &row, reterr_fault));
    *ret_newest = row.newest;
    *ret_count = row.count;
    return CF_OK;
}

enum cf_status cf_state_view_lookup(struct cf_state_view *view, uint32_t kind, struct cf_bytes name,
                                    struct cf_id *ret_id, struct cf_fault *reterr_fault)
{
    if (kind > UINT8_MAX || name.size > CF_TABLES_KEY_SIZE_MAX - 1)
        return CF_NOT_FOUND;
    struct cf_tables_key key;
    key.size = 0;
    cf_tables_key_add_number(&key, kind, 1);
    cf_tables_key_add(&key, name);
    return get(view, CF_STATE_lookups, cf_tables_key_bytes(&key), CF_ID_SIZE, ret_id, reterr_fault);
}

enum cf_status cf_state_view_name_behind(struct cf_state_view *view, uint32_t kind,
                                         struct cf_bytes name, char *ret_name, size_t size,
                                         struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    if (kind > UINT8_MAX || name.size > CF_TABLES_KEY_SIZE_MAX - 1)
        return CF_NOT_FOUND;
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->state->store.tables[CF_STATE_lookups], &cursor,
                               reterr_fault));
    struct cf_tables_key first;
    first.size = 0;
    cf_tables_key_add_number(&first, kind, 1);
    cf_tables_key_add(&first, name);
    struct cf_bytes key, value;
    enum cf_status status =
        cf_lmdb_cursor_seek(cursor, cf_tables_key_bytes(&first), &key, &value, reterr_fault);
    while (status == CF_OK && key.size > 0 && key.data[0] == kind) {
        struct cf_bytes found = cf_bytes_from(key.data + 1, key.size - 1);
        bool fits = found.size < size && memchr(found.data, '\0', found.size) == NULL;
        if (fits && !cf_bytes_equal(found, name)) {
            memcpy(ret_name, found.data, found.size);
            ret_name[found.size] = '\0';
            return CF_OK;
        }
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, reterr_fault);
    }
    return status == CF_OK ? CF_NOT_FOUND : status;
}

enum cf_status cf_state_view_timers(struct cf_state_view *view, struct cf_state_timer *ret_timers,
                                    size_t count_max, size_t *ret_count,
                                    struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->state->store.tables[CF_STATE_timers_due], &cursor,
                               reterr_fault));
    struct cf_bytes key, value;
    size_t count = 0;
    enum cf_status status = cf_lmdb_cursor_move(cursor, CF_LMDB_FIRST, &key, &value, reterr_fault);
    while (status == CF_OK && count < count_max) {
        if (key.size != CF_STATE_TIMER_KEY_SIZE)
            CF_FAIL(reterr_fault, CF_CORRUPT, "a key of the timers has a wrong size");
        ret_timers[count++] = cf_state_timer_of_key(key);
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, reterr_fault);
    }
    if (status != CF_OK && status != CF_NOT_FOUND)
        return status;
    *ret_count = count;
    return CF_OK;
}

enum cf_status cf_state_view_requests(struct cf_state_view *view, uint64_t sequence,
                                      struct cf_state_request *ret_requests, size_t count_max,
                                      size_t *ret_count, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->state->store.tables[CF_STATE_requests_open],
                               &cursor, reterr_fault));
    struct cf_tables_key first;
    first.size = 0;
    cf_tables_key_add_number(&first, sequence + 1, 8);
    struct cf_bytes key, value;
    size_t count = 0;
    enum cf_status status =
        cf_lmdb_cursor_seek(cursor, cf_tables_key_bytes(&first), &key, &value, reterr_fault);
    while (status == CF_OK && count < count_max) {
        if (key.size != 8 + 1 + CF_ID_SIZE)
            CF_FAIL(reterr_fault, CF_CORRUPT, "a key of the open requests has a wrong size");
        struct cf_state_request *request = &ret_requests[count++];
        request->sequence = cf_tables_key_number(key, 0, 8);
        request->kind = (enum cf_request)key.data[8];
        memcpy(request->subject.bytes, key.data + 9, CF_ID_SIZE);
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, reterr_fault);
    }
    if (status != CF_OK && status != CF_NOT_FOUND)
        return status;
    *ret_count = count;
    return CF_OK;
}
