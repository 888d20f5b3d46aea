/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log: snapshots of it, from any thread, beside the one that appends. */
#include "eventstore/log_private.h"

#include "core/base/assert.h"

#define CACHE_LINE ((size_t)64)
#define AHEAD_SIZE_MAX ((size_t)1024)

struct cf_log_walk {
    struct cf_log_view *view;
    struct cf_lmdb_cursor *cursor;
    uint64_t from;
    bool started;
};

static enum cf_status row_parse(uint64_t sequence, struct cf_bytes row,
                                struct cf_log_entry *ret_entry, struct cf_fault *reterr_fault)
{
    _Static_assert(_Alignof(struct cf_hash) == 1, "nodes are read where they stand");
    if (sequence == 0 || sequence >> CF_TREE_LEVELS != 0)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a stored record has an impossible number", "%llu",
                   (unsigned long long)sequence);
    size_t length = row.size < CF_ROW_PREFIX ? 0 : (size_t)row.data[0] << 8 | row.data[1];
    size_t nodes_size = cf_tree_completed_count(sequence - 1) * CF_HASH_SIZE;
    if (length == 0 || row.size != CF_ROW_PREFIX + length + nodes_size)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a stored record has a wrong length", "sequence %llu",
                   (unsigned long long)sequence);
    *ret_entry = (struct cf_log_entry){
        .sequence = sequence,
        .record = cf_bytes_from(row.data + CF_ROW_PREFIX, length),
        .nodes = (const struct cf_hash *)(row.data + CF_ROW_PREFIX + length),
    };
    return CF_OK;
}

enum cf_status cf_log__size(const struct cf_log *log, struct cf_lmdb_txn *txn, uint64_t *ret_size,
                            struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    CF_TRY(cf_lmdb_cursor_open(txn, log->records, &cursor, reterr_fault));
    struct cf_bytes key, row;
    enum cf_status status = cf_lmdb_cursor_move(cursor, CF_LMDB_LAST, &key, &row, reterr_fault);
    if (status == CF_NOT_FOUND) {
        *ret_size = 0;
        return CF_OK;
    }
    CF_TRY(status);
    *ret_size = cf_log__number(key);
    if (key.size != sizeof *ret_size || *ret_size == 0 || *ret_size >> CF_TREE_LEVELS != 0)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the last record's key is damaged");
    return CF_OK;
}

enum cf_status cf_log_read(struct cf_log *log, uint64_t sequence, struct cf_buf *ret_record,
                           struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    struct cf_log_entry entry;
    CF_TRY(cf_log_view_entry(view, sequence, &entry, reterr_fault));
    cf_buf_clear(ret_record);
    if (cf_buf_append(ret_record, entry.record) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a record");
    return CF_OK;
}

enum cf_status cf_log_view_begin(struct cf_log *log, struct cf_log_view **ret_view,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = calloc(1, sizeof *view);
    if (view == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a view");
    view->log = log;
    CF_TRY(cf_lmdb_begin_read(log->env, &view->txn, reterr_fault));
    CF_TRY(cf_log__size(log, view->txn, &view->size, reterr_fault));
    *ret_view = CF_TAKE(view);
    return CF_OK;
}

void cf_log_view_end(struct cf_log_view *view)
{
    if (view == NULL)
        return;
    cf_lmdb_abort(&view->txn);
    free(view);
}

uint64_t cf_log_view_size(const struct cf_log_view *view)
{
    return view->size;
}

enum cf_status cf_log_view_entry(struct cf_log_view *view, uint64_t sequence,
                                 struct cf_log_entry *ret_entry, struct cf_fault *reterr_fault)
{
    struct cf_bytes row;
    CF_TRY(cf_lmdb_get(view->txn, view->log->records, cf_log__key(&sequence), &row, reterr_fault));
    return row_parse(sequence, row, ret_entry, reterr_fault);
}

enum cf_status cf_log_check_pages(struct cf_log *log, struct cf_fault *reterr_fault)
{
    return cf_lmdb_check_pages(log->env, reterr_fault);
}

static enum cf_status view_node(void *context, unsigned level, uint64_t index,
                                struct cf_hash *ret_hash, struct cf_fault *reterr_fault)
{
    struct cf_log_view *view = context;
    if (cf_node_cache_get(view->log->nodes, level, index, ret_hash))
        return CF_OK;
    uint64_t sequence = (index + 1) << level;
    struct cf_log_entry entry;
    enum cf_status status = cf_log_view_entry(view, sequence, &entry, reterr_fault);
    if (status == CF_NOT_FOUND)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record is missing", "sequence %llu",
                   (unsigned long long)sequence);
    CF_TRY(status);
    *ret_hash = entry.nodes[level];
    cf_node_cache_put(view->log->nodes, level, index, ret_hash);
    return CF_OK;
}

struct cf_tree_source cf_log_view_tree(struct cf_log_view *view)
{
    return (struct cf_tree_source){.node = view_node, .context = view};
}

enum cf_status cf_log_view_checkpoint(struct cf_log_view *view, uint64_t size_min,
                                      uint64_t size_max, uint64_t *ret_size,
                                      struct cf_bytes *ret_note, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->log->checkpoints, &cursor, reterr_fault));
    struct cf_bytes key, note;
    enum cf_status status =
        cf_lmdb_cursor_seek(cursor, cf_log__key(&size_max), &key, &note, reterr_fault);
    if (status == CF_NOT_FOUND)
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_LAST, &key, &note, reterr_fault);
    else if (status == CF_OK && cf_log__number(key) > size_max)
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_PREVIOUS, &key, &note, reterr_fault);
    CF_TRY(status);
    if (cf_log__number(key) < size_min)
        return CF_NOT_FOUND;
    *ret_size = cf_log__number(key);
    *ret_note = note;
    return CF_OK;
}

enum cf_status cf_log_view_checkpoint_after(struct cf_log_view *view, uint64_t size_min,
                                            uint64_t *ret_size, struct cf_bytes *ret_note,
                                            struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->log->checkpoints, &cursor, reterr_fault));
    struct cf_bytes key;
    CF_TRY(cf_lmdb_cursor_seek(cursor, cf_log__key(&size_min), &key, ret_note, reterr_fault));
    *ret_size = cf_log__number(key);
    if (*ret_size < size_min) /* who asks for the one after would never come to an end */
        CF_FAIL(reterr_fault, CF_CORRUPT, "the checkpoints are out of order");
    return CF_OK;
}

enum cf_status cf_log_view_checkpoint_count(struct cf_log_view *view, uint64_t *ret_count,
                                            struct cf_fault *reterr_fault)
{
    return cf_lmdb_table_count(view->txn, view->log->checkpoints, ret_count, reterr_fault);
}

enum cf_status cf_log_walk_begin(struct cf_log_view *view, uint64_t sequence,
                                 struct cf_log_walk **ret_walk, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a walk");
    walk->view = view;
    walk->from = sequence;
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->log->records, &walk->cursor, reterr_fault));
    *ret_walk = CF_TAKE(walk);
    return CF_OK;
}

void cf_log_walk_end(struct cf_log_walk *walk)
{
    if (walk == NULL)
        return;
    cf_lmdb_cursor_close(walk->cursor);
    free(walk);
}

/*
 * Rows are appended, and LMDB fills a page from its end: the next row lies right before this one, and is
 * about as long. It comes from memory while the caller is busy with this one.
 */
static void fetch_next(struct cf_bytes row)
{
    size_t size = row.size < AHEAD_SIZE_MAX ? row.size + CACHE_LINE : AHEAD_SIZE_MAX;
    for (size_t before = CACHE_LINE; before <= size; before += CACHE_LINE)
        __builtin_prefetch(row.data - before);
}

enum cf_status cf_log_walk_next(struct cf_log_walk *walk, struct cf_log_entry *ret_entry,
                                struct cf_fault *reterr_fault)
{
    struct cf_bytes key, row;
    if (walk->started)
        CF_TRY(cf_lmdb_cursor_move(walk->cursor, CF_LMDB_NEXT, &key, &row, reterr_fault));
    else
        CF_TRY(
            cf_lmdb_cursor_seek(walk->cursor, cf_log__key(&walk->from), &key, &row, reterr_fault));
    walk->started = true;
    ret_entry->sequence = cf_log__number(key);
    CF_TRY(row_parse(ret_entry->sequence, row, ret_entry, reterr_fault));
    fetch_next(row);
    return CF_OK;
}
