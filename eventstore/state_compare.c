/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/state_compare.h"

#include "core/base/assert.h"
#include "eventstore/state_private.h"

struct walk {
    struct cf_lmdb_txn *txn;
    struct cf_lmdb_cursor *cursor;
    struct cf_bytes key;
    struct cf_bytes value;
    enum cf_status status; /* NOT_FOUND at the end */
};

static enum cf_status step(struct walk *walk, enum cf_lmdb_step where,
                           struct cf_fault *reterr_fault)
{
    walk->status = cf_lmdb_cursor_move(walk->cursor, where, &walk->key, &walk->value, reterr_fault);
    return walk->status == CF_NOT_FOUND ? CF_OK : walk->status;
}

static void note_key(struct cf_state_difference *difference, enum cf_state_table table,
                     struct cf_bytes key)
{
    difference->found = true;
    difference->table = cf_state_table_name(table);
    difference->key_size = key.size < sizeof difference->key ? key.size : sizeof difference->key;
    memcpy(difference->key, key.data, difference->key_size);
}

static enum cf_status compare_table(struct walk *a, struct walk *b, enum cf_state_table table,
                                    struct cf_state_difference *difference,
                                    struct cf_fault *reterr_fault)
{
    CF_TRY(step(a, CF_LMDB_FIRST, reterr_fault));
    CF_TRY(step(b, CF_LMDB_FIRST, reterr_fault));
    while (a->status == CF_OK || b->status == CF_OK) {
        if (a->status != CF_OK || b->status != CF_OK || !cf_bytes_equal(a->key, b->key) ||
            !cf_bytes_equal(a->value, b->value)) {
            /* The smaller key is the one that the other side does not have. */
            bool in_a =
                a->status == CF_OK && (b->status != CF_OK || cf_bytes_compare(a->key, b->key) <= 0);
            note_key(difference, table, in_a ? a->key : b->key);
            return CF_OK;
        }
        difference->rows++;
        CF_TRY(step(a, CF_LMDB_NEXT, reterr_fault));
        CF_TRY(step(b, CF_LMDB_NEXT, reterr_fault));
    }
    return CF_OK;
}

static bool is_in(enum cf_state_table table, enum cf_state_half half)
{
    if (table == CF_STATE_meta)
        return false;
    bool index = table == CF_STATE_streams || table == CF_STATE_subjects || table == CF_STATE_keys;
    return half == CF_STATE_WHOLE || index == (half == CF_STATE_INDEXES);
}

static enum cf_status compare_tables(struct cf_tables *a, struct cf_tables *b,
                                     enum cf_state_half half, struct walk *walk_a,
                                     struct walk *walk_b, struct cf_state_difference *difference,
                                     struct cf_fault *reterr_fault)
{
    for (unsigned i = 0; i < CF_STATE_TABLE_COUNT && !difference->found; i++) {
        enum cf_state_table table = (enum cf_state_table)i;
        if (!is_in(table, half))
            continue;
        CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor_a = NULL;
        CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor_b = NULL;
        CF_TRY(cf_lmdb_cursor_open(walk_a->txn, a->tables[i], &cursor_a, reterr_fault));
        CF_TRY(cf_lmdb_cursor_open(walk_b->txn, b->tables[i], &cursor_b, reterr_fault));
        walk_a->cursor = cursor_a;
        walk_b->cursor = cursor_b;
        CF_TRY(compare_table(walk_a, walk_b, table, difference, reterr_fault));
    }
    return CF_OK;
}

enum cf_status cf_state_compare(struct cf_state_view *a, struct cf_state *b,
                                struct cf_state_difference *ret_difference,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_read(b->store.env, &txn, reterr_fault));
    struct walk walk_a = {.txn = a->txn}, walk_b = {.txn = txn};
    struct cf_state_difference difference = {0};
    CF_TRY(compare_tables(&a->state->store, &b->store, b->half, &walk_a, &walk_b, &difference,
                          reterr_fault));
    *ret_difference = difference;
    return CF_OK;
}
