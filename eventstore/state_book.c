/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The book (core/aggregate/book.h) on the tables of state/. Rows and balances are cells, since one
 * batch touches them again and again; the rest is written through.
 */
#include "eventstore/state_book.h"

#include "core/base/assert.h"

static struct cf_tables *store_of(struct cf_book *book)
{
    return ((struct cf_state_book *)book)->store;
}

static struct cf_tables_key key_of_id(const struct cf_id *id)
{
    struct cf_tables_key key;
    key.size = 0;
    cf_tables_key_add(&key, cf_id_bytes(id));
    return key;
}

static void *row(struct cf_book *book, const struct cf_row_key *row_key, bool edit, bool create)
{
    struct cf_tables_key key = key_of_id(&row_key->id);
    if (!cf_id_is_zero(row_key->second))
        cf_tables_key_add(&key, cf_id_bytes(&row_key->second));
    return cf_tables_cell(store_of(book), cf_state_table_of_rows(row_key->kind),
                          cf_tables_key_bytes(&key), cf_row_size(row_key->kind), edit, create);
}

static int64_t *balance_cell(struct cf_book *book, const struct cf_account *account, bool edit)
{
    struct cf_tables_key key;
    key.size = 0;
    cf_tables_key_add_number(&key, account->kind, 1);
    cf_tables_key_add_number(&key, account->currency, 2);
    cf_tables_key_add(&key, cf_id_bytes(&account->owner));
    return cf_tables_cell(store_of(book), CF_STATE_balances, cf_tables_key_bytes(&key),
                          sizeof(int64_t), edit, edit);
}

static int64_t balance(struct cf_book *book, const struct cf_account *account)
{
    const int64_t *minor = balance_cell(book, account, false);
    return minor == NULL ? 0 : *minor;
}

static void balance_set(struct cf_book *book, const struct cf_account *account, int64_t minor)
{
    *balance_cell(book, account, true) = minor;
}

/* Names longer than a key allows never got in, so they are not found either. */
static bool lookup_key(enum cf_lookup_kind kind, struct cf_bytes name,
                       struct cf_tables_key *ret_key)
{
    if (name.size > CF_TABLES_KEY_SIZE_MAX - 1)
        return false;
    ret_key->size = 0;
    cf_tables_key_add_number(ret_key, kind, 1);
    cf_tables_key_add(ret_key, name);
    return true;
}

static bool lookup(struct cf_book *book, enum cf_lookup_kind kind, struct cf_bytes name,
                   struct cf_id *ret_id)
{
    struct cf_tables_key key;
    struct cf_bytes value;
    if (!lookup_key(kind, name, &key) ||
        !cf_tables_get(store_of(book), CF_STATE_lookups, cf_tables_key_bytes(&key), &value) ||
        value.size != CF_ID_SIZE)
        return false;
    memcpy(ret_id->bytes, value.data, CF_ID_SIZE);
    return true;
}

static void lookup_set(struct cf_book *book, enum cf_lookup_kind kind, struct cf_bytes name,
                       const struct cf_id *id)
{
    struct cf_tables_key key;
    CF_ASSERT(lookup_key(kind, name, &key));
    cf_tables_put(store_of(book), CF_STATE_lookups, cf_tables_key_bytes(&key), cf_id_bytes(id));
}

/* A row of eight bytes, or 0. */
static uint64_t number_get(struct cf_tables *store, enum cf_state_table table,
                           const struct cf_tables_key *key)
{
    struct cf_bytes value;
    uint64_t number = 0;
    if (cf_tables_get(store, table, cf_tables_key_bytes(key), &value) &&
        value.size == sizeof number)
        memcpy(&number, value.data, sizeof number);
    return number;
}

static void number_set(struct cf_tables *store, enum cf_state_table table,
                       const struct cf_tables_key *key, uint64_t number)
{
    if (number == 0)
        cf_tables_delete(store, table, cf_tables_key_bytes(key));
    else
        cf_tables_put(store, table, cf_tables_key_bytes(key),
                      cf_bytes_from(&number, sizeof number));
}

static struct cf_tables_key timer_key(const struct cf_id *subject, enum cf_timer timer)
{
    struct cf_tables_key key = key_of_id(subject);
    cf_tables_key_add_number(&key, timer, 1);
    return key;
}

static int64_t timer_get(struct cf_book *book, const struct cf_id *subject, enum cf_timer timer)
{
    struct cf_tables_key key = timer_key(subject, timer);
    return (int64_t)number_get(store_of(book), CF_STATE_timers, &key);
}

static void timer_set(struct cf_book *book, const struct cf_id *subject, enum cf_timer timer,
                      int64_t due_us)
{
    CF_ASSERT(due_us >= 0);
    struct cf_tables *store = store_of(book);
    struct cf_tables_key key = timer_key(subject, timer);
    int64_t before_us = (int64_t)number_get(store, CF_STATE_timers, &key);
    if (before_us == due_us)
        return;
    number_set(store, CF_STATE_timers, &key, (uint64_t)due_us);
    const int64_t times[] = {before_us, due_us};
    for (size_t i = 0; i < 2; i++) {
        if (times[i] == 0)
            continue;
        struct cf_tables_key due;
        due.size = 0;
        cf_tables_key_add_number(&due, (uint64_t)times[i], 8);
        cf_tables_key_add(&due, cf_tables_key_bytes(&key));
        if (i == 0)
            cf_tables_delete(store, CF_STATE_timers_due, cf_tables_key_bytes(&due));
        else
            cf_tables_put(store, CF_STATE_timers_due, cf_tables_key_bytes(&due),
                          (struct cf_bytes){0});
    }
}

static struct cf_tables_key request_key(const struct cf_id *subject, enum cf_request request)
{
    struct cf_tables_key key = key_of_id(subject);
    cf_tables_key_add_number(&key, request, 1);
    return key;
}

static uint64_t request_get(struct cf_book *book, const struct cf_id *subject,
                            enum cf_request request)
{
    struct cf_tables_key key = request_key(subject, request);
    return number_get(store_of(book), CF_STATE_requests, &key);
}

static void request_set(struct cf_book *book, const struct cf_id *subject, enum cf_request request,
                        uint64_t requested_by)
{
    struct cf_tables *store = store_of(book);
    struct cf_tables_key key = request_key(subject, request);
    uint64_t before = number_get(store, CF_STATE_requests, &key);
    if (before == requested_by)
        return;
    number_set(store, CF_STATE_requests, &key, requested_by);
    const uint64_t sequences[] = {before, requested_by};
    for (size_t i = 0; i < 2; i++) {
        if (sequences[i] == 0)
            continue;
        struct cf_tables_key open;
        open.size = 0;
        cf_tables_key_add_number(&open, sequences[i], 8);
        cf_tables_key_add_number(&open, request, 1);
        cf_tables_key_add(&open, cf_id_bytes(subject));
        if (i == 0)
            cf_tables_delete(store, CF_STATE_requests_open, cf_tables_key_bytes(&open));
        else
            cf_tables_put(store, CF_STATE_requests_open, cf_tables_key_bytes(&open),
                          (struct cf_bytes){0});
    }
}

static size_t pledges(struct cf_book *book, const struct cf_id *campaign_id,
                      const struct cf_id *after, struct cf_id *ret_ids, size_t count_max)
{
    struct cf_tables_key first = key_of_id(campaign_id);
    cf_tables_key_add(&first, cf_id_bytes(after));
    return cf_tables_scan(store_of(book), CF_STATE_pledges_listed, cf_tables_key_bytes(&first),
                          CF_ID_SIZE, !cf_id_is_zero(*after), ret_ids->bytes, CF_ID_SIZE,
                          count_max);
}

static void pledge_list(struct cf_book *book, const struct cf_id *campaign_id,
                        const struct cf_id *pledge_id)
{
    struct cf_tables_key key = key_of_id(campaign_id);
    cf_tables_key_add(&key, cf_id_bytes(pledge_id));
    cf_tables_put(store_of(book), CF_STATE_pledges_listed, cf_tables_key_bytes(&key),
                  (struct cf_bytes){0});
}

static enum cf_status status(struct cf_book *book)
{
    return cf_tables_status(store_of(book), NULL);
}

void cf_state_book_init(struct cf_state_book *book, struct cf_tables *store)
{
    static const struct cf_book_ops ops = {
        .row = row,
        .balance = balance,
        .balance_set = balance_set,
        .lookup = lookup,
        .lookup_set = lookup_set,
        .timer_set = timer_set,
        .timer = timer_get,
        .request_set = request_set,
        .request = request_get,
        .pledges = pledges,
        .pledge_list = pledge_list,
        .status = status,
    };
    *book = (struct cf_state_book){.book = {.ops = &ops}, .store = store};
}
