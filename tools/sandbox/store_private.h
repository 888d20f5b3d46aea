/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_STORE_PRIVATE_H
#define CF_TOOLS_SANDBOX_STORE_PRIVATE_H

/*
 * The store's inside: store.c has its transactions and objects, store_rows.c the rows around them. The first failure
 * in a transaction sticks, and its commit tells of it.
 */

#include "core/base/assert.h"
#include "eventstore/lmdb_env.h"
#include "tools/sandbox/store.h"

#define CF_STORE_KEY_SIZE_MAX 400

/* An object of the current transaction. */
struct cf_store_object {
    char *id, *account;
    uint64_t made; /* its number */
    struct cf_json *json;
    bool edited;
};

struct cf_store {
    struct cf_lmdb *env;
    struct cf_lmdb_txn *txn;
    struct cf_lmdb_table objects, lists, numbers, due, answers;
    struct cf_store_object *loaded;
    size_t loaded_count, loaded_capacity;
    struct cf_json *answer; /* got in this transaction */
    struct cf_buf scratch;
    enum cf_status status;
    struct cf_fault fault; /* the first failure in this transaction */
};

static inline void cf_store__put_u64(uint8_t *ret_bytes, uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        ret_bytes[i] = (uint8_t)number;
}

static inline uint64_t cf_store__get_u64(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* Notes a failure; true also where something was merely not found. */
bool cf_store__failed(struct cf_store *store, enum cf_status status);

void cf_store__put(struct cf_store *store, struct cf_lmdb_table table, struct cf_bytes key,
                   struct cf_bytes value);
bool cf_store__get(struct cf_store *store, struct cf_lmdb_table table, struct cf_bytes key,
                   struct cf_bytes *ret_value);

/* The object, from this transaction or from the table; NULL where there is none. */
struct cf_store_object *cf_store__load(struct cf_store *store, const char *id);
/* Ends the life of the newest of what the transaction loaded, until so many are left. */
void cf_store__unload_to(struct cf_store *store, size_t count);

#endif
