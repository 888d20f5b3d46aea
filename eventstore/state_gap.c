/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/state_gap.h"

#include "eventstore/state_private.h"

#define ACCOUNT_KEY_SIZE (1 + 2 + CF_ID_SIZE)

struct side {
    struct cf_lmdb_cursor *cursor;
    struct cf_bytes key;
    struct cf_bytes value;
    bool ended;
};

static void side_close(struct side *side)
{
    cf_lmdb_cursor_close(side->cursor);
}

static enum cf_status step(struct side *side, enum cf_lmdb_step where,
                           struct cf_fault *reterr_fault)
{
    enum cf_status status =
        cf_lmdb_cursor_move(side->cursor, where, &side->key, &side->value, reterr_fault);
    side->ended = status == CF_NOT_FOUND;
    if (status == CF_OK &&
        (side->key.size != ACCOUNT_KEY_SIZE || side->value.size != sizeof(int64_t)))
        CF_FAIL(reterr_fault, CF_CORRUPT, "a balance of the state has a wrong size");
    return side->ended ? CF_OK : status;
}

static enum cf_status side_open(struct side *side, struct cf_state_view *view,
                                struct cf_fault *reterr_fault)
{
    CF_TRY(cf_lmdb_cursor_open(view->txn, view->state->store.tables[CF_STATE_balances],
                               &side->cursor, reterr_fault));
    return step(side, CF_LMDB_FIRST, reterr_fault);
}

static int64_t minor_of(const struct side *side)
{
    int64_t minor;
    memcpy(&minor, side->value.data, sizeof minor);
    return minor;
}

static struct cf_account account_of(struct cf_bytes key)
{
    struct cf_account account = {
        .kind = (enum cf_account_kind)cf_tables_key_number(key, 0, 1),
        .currency = (enum cf_currency)cf_tables_key_number(key, 1, 2),
    };
    memcpy(account.owner.bytes, key.data + 3, CF_ID_SIZE);
    return account;
}

enum cf_status cf_state_gap(struct cf_state_view *seen, struct cf_state_view *left,
                            cf_state_gap_fn *gap, void *context, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(side_close) struct side a = {0};
    CF_CLEANUP(side_close) struct side b = {0};
    CF_TRY(side_open(&a, seen, reterr_fault));
    CF_TRY(side_open(&b, left, reterr_fault));
    while (!a.ended || !b.ended) {
        int order = a.ended ? 1 : b.ended ? -1 : cf_bytes_compare(a.key, b.key);
        struct cf_account account = account_of(order <= 0 ? a.key : b.key);
        int64_t seen_minor = order <= 0 ? minor_of(&a) : 0;
        int64_t left_minor = order >= 0 ? minor_of(&b) : 0;
        if (seen_minor != left_minor)
            gap(context, &account, seen_minor, left_minor);
        if (order <= 0)
            CF_TRY(step(&a, CF_LMDB_NEXT, reterr_fault));
        if (order >= 0)
            CF_TRY(step(&b, CF_LMDB_NEXT, reterr_fault));
    }
    return CF_OK;
}
