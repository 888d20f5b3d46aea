/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holdings: e-mail addresses and tickets, each a row under a hash, with one entry that says whose
 * it is and one that says when it expires. Nothing of a subject is left once its holdings are
 * removed.
 */
#include "eventstore/vault_private.h"

#include "core/base/assert.h"

#define ROW_SIZE (CF_ID_SIZE + 1 + 16 + 8)
#define OWNED_SIZE (CF_ID_SIZE + 1 + CF_HASH_SIZE)
#define EXPIRY_SIZE (8 + 1 + CF_HASH_SIZE)

static const uint8_t present[1] = {1};

static enum cf_vault_table table_of(enum cf_vault_kind kind)
{
    return kind == CF_VAULT_KIND_EMAIL ? CF_VAULT_EMAILS : CF_VAULT_TICKETS;
}

static void owned_key(const struct cf_vault_holding *holding, uint8_t ret_key[OWNED_SIZE])
{
    memcpy(ret_key, holding->subject_id.bytes, CF_ID_SIZE);
    ret_key[CF_ID_SIZE] = (uint8_t)holding->kind;
    memcpy(ret_key + CF_ID_SIZE + 1, holding->hash.bytes, CF_HASH_SIZE);
}

static void expiry_key(const struct cf_vault_holding *holding, uint8_t ret_key[EXPIRY_SIZE])
{
    cf_vault__number_write((uint64_t)holding->expires_us, ret_key);
    ret_key[8] = (uint8_t)holding->kind;
    memcpy(ret_key + 9, holding->hash.bytes, CF_HASH_SIZE);
}

enum cf_status cf_vault__holding_get(struct cf_vault *vault, enum cf_vault_kind kind,
                                     const struct cf_hash *hash,
                                     struct cf_vault_holding *ret_holding,
                                     struct cf_fault *reterr_fault)
{
    struct cf_bytes row;
    CF_TRY(cf_vault__get(vault, table_of(kind), cf_bytes_from(hash->bytes, CF_HASH_SIZE), &row,
                         reterr_fault));
    if (row.size != ROW_SIZE)
        CF_FAIL(reterr_fault, CF_CORRUPT, "a row of the vault has a wrong size");
    ret_holding->kind = kind;
    ret_holding->hash = *hash;
    memcpy(ret_holding->subject_id.bytes, row.data, CF_ID_SIZE);
    ret_holding->label = row.data[CF_ID_SIZE];
    memcpy(ret_holding->digest, row.data + CF_ID_SIZE + 1, sizeof ret_holding->digest);
    ret_holding->expires_us = (int64_t)cf_vault__number_read(row.data + CF_ID_SIZE + 17);
    return CF_OK;
}

enum cf_status cf_vault__holding_put(struct cf_vault *vault, const struct cf_vault_holding *holding,
                                     struct cf_fault *reterr_fault)
{
    CF_ASSERT(holding->expires_us >= 0);
    struct cf_vault_holding old;
    enum cf_status status =
        cf_vault__holding_get(vault, holding->kind, &holding->hash, &old, reterr_fault);
    if (status == CF_OK)
        status = cf_vault__holding_remove(vault, &old, reterr_fault);
    if (status != CF_NOT_FOUND)
        CF_TRY(status);

    uint8_t row[ROW_SIZE], owned[OWNED_SIZE], expiry[EXPIRY_SIZE];
    memcpy(row, holding->subject_id.bytes, CF_ID_SIZE);
    row[CF_ID_SIZE] = holding->label;
    memcpy(row + CF_ID_SIZE + 1, holding->digest, sizeof holding->digest);
    cf_vault__number_write((uint64_t)holding->expires_us, row + CF_ID_SIZE + 17);
    CF_TRY(cf_vault__put(vault, table_of(holding->kind),
                         cf_bytes_from(holding->hash.bytes, CF_HASH_SIZE),
                         cf_bytes_from(row, sizeof row), reterr_fault));
    owned_key(holding, owned);
    CF_TRY(cf_vault__put(vault, CF_VAULT_OWNED, cf_bytes_from(owned, sizeof owned),
                         cf_bytes_from(present, sizeof present), reterr_fault));
    if (holding->expires_us == 0)
        return CF_OK;
    expiry_key(holding, expiry);
    return cf_vault__put(vault, CF_VAULT_EXPIRY, cf_bytes_from(expiry, sizeof expiry),
                         cf_bytes_from(present, sizeof present), reterr_fault);
}

enum cf_status cf_vault__holding_remove(struct cf_vault *vault,
                                        const struct cf_vault_holding *holding,
                                        struct cf_fault *reterr_fault)
{
    uint8_t owned[OWNED_SIZE], expiry[EXPIRY_SIZE];
    owned_key(holding, owned);
    expiry_key(holding, expiry);
    CF_TRY(
        cf_vault__delete(vault, CF_VAULT_OWNED, cf_bytes_from(owned, sizeof owned), reterr_fault));
    CF_TRY(cf_vault__delete(vault, CF_VAULT_EXPIRY, cf_bytes_from(expiry, sizeof expiry),
                            reterr_fault));
    return cf_vault__delete(vault, table_of(holding->kind),
                            cf_bytes_from(holding->hash.bytes, CF_HASH_SIZE), reterr_fault);
}

enum cf_status cf_vault__holding_of(struct cf_vault *vault, struct cf_id subject_id,
                                    enum cf_vault_kind kind, const struct cf_hash *but,
                                    struct cf_vault_holding *ret_holding,
                                    struct cf_fault *reterr_fault)
{
    uint8_t prefix[CF_ID_SIZE + 1];
    memcpy(prefix, subject_id.bytes, CF_ID_SIZE);
    prefix[CF_ID_SIZE] = (uint8_t)kind;
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    CF_TRY(cf_lmdb_cursor_open(vault->txn, vault->tables[CF_VAULT_OWNED], &cursor, reterr_fault));
    struct cf_bytes key, value;
    enum cf_status status = cf_lmdb_cursor_seek(cursor, cf_bytes_from(prefix, sizeof prefix), &key,
                                                &value, reterr_fault);
    for (; status == CF_OK;
         status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &key, &value, reterr_fault)) {
        if (key.size != OWNED_SIZE || memcmp(key.data, prefix, sizeof prefix) != 0)
            return CF_NOT_FOUND;
        struct cf_hash hash;
        memcpy(hash.bytes, key.data + sizeof prefix, CF_HASH_SIZE);
        if (but == NULL || memcmp(hash.bytes, but->bytes, CF_HASH_SIZE) != 0)
            return cf_vault__holding_get(vault, kind, &hash, ret_holding, reterr_fault);
    }
    return status;
}

/* ---- Tickets ---- */

static void ticket_hash(struct cf_bytes token, struct cf_hash *ret_hash)
{
    cf_sha256(token, ret_hash);
}

enum cf_status cf_vault_ticket_make(struct cf_vault *vault, struct cf_id subject_id,
                                    uint8_t purpose, int64_t now_us, int64_t expires_us,
                                    char ret_token[CF_VAULT_TOKEN_SIZE],
                                    struct cf_fault *reterr_fault)
{
    static const char digits[] = "0123456789abcdef";
    CF_ASSERT(purpose > 0 && now_us >= 0);
    if (expires_us <= now_us)
        CF_FAIL(reterr_fault, CF_INVALID, "a ticket must last");
    struct cf_bytes key;
    enum cf_status status =
        cf_vault__get(vault, CF_VAULT_KEYS, cf_id_bytes(&subject_id), &key, reterr_fault);
    if (status == CF_NOT_FOUND)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "the vault has no key for the subject");
    CF_TRY(status);

    uint8_t random[(CF_VAULT_TOKEN_SIZE - 1) / 2];
    char token[CF_VAULT_TOKEN_SIZE] = {0};
    cf_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        token[2 * i] = digits[random[i] >> 4];
        token[2 * i + 1] = digits[random[i] & 15];
    }
    struct cf_vault_holding holding = {.kind = CF_VAULT_KIND_TICKET,
                                       .subject_id = subject_id,
                                       .label = purpose,
                                       .expires_us = expires_us};
    ticket_hash(cf_bytes_from_text(token), &holding.hash);
    CF_TRY(cf_vault__holding_put(vault, &holding, reterr_fault));
    memcpy(ret_token, token, sizeof token);
    return CF_OK;
}

enum cf_status cf_vault_ticket_check(struct cf_vault *vault, struct cf_bytes token, uint8_t purpose,
                                     int64_t now_us, bool take, struct cf_id *ret_subject_id,
                                     struct cf_fault *reterr_fault)
{
    struct cf_hash hash;
    struct cf_vault_holding holding;
    ticket_hash(token, &hash);
    enum cf_status status =
        cf_vault__holding_get(vault, CF_VAULT_KIND_TICKET, &hash, &holding, reterr_fault);
    if (status == CF_OK && (holding.label != purpose || holding.expires_us <= now_us))
        status = CF_NOT_FOUND;
    if (status == CF_NOT_FOUND)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "the token does not count");
    CF_TRY(status);
    if (take)
        CF_TRY(cf_vault__holding_remove(vault, &holding, reterr_fault));
    *ret_subject_id = holding.subject_id;
    return CF_OK;
}

enum cf_status cf_vault_ticket_revoke(struct cf_vault *vault, struct cf_id subject_id,
                                      uint8_t purpose, struct cf_fault *reterr_fault)
{
    uint8_t next[OWNED_SIZE];
    struct cf_vault_holding probe = {.kind = CF_VAULT_KIND_TICKET, .subject_id = subject_id};
    owned_key(&probe, next);
    for (;;) {
        /* A cursor does not outlive a change, so each step seeks anew. */
        struct cf_lmdb_cursor *cursor = NULL;
        struct cf_bytes key = {0}, value;
        CF_TRY(
            cf_lmdb_cursor_open(vault->txn, vault->tables[CF_VAULT_OWNED], &cursor, reterr_fault));
        enum cf_status status = cf_lmdb_cursor_seek(cursor, cf_bytes_from(next, sizeof next), &key,
                                                    &value, reterr_fault);
        bool ours = status == CF_OK && key.size == OWNED_SIZE &&
                    memcmp(key.data, next, CF_ID_SIZE + 1) == 0;
        if (ours)
            memcpy(next, key.data, OWNED_SIZE);
        cf_lmdb_cursor_close(cursor);
        if (status != CF_OK && status != CF_NOT_FOUND)
            return status;
        if (!ours)
            return CF_OK;
        memcpy(probe.hash.bytes, next + CF_ID_SIZE + 1, CF_HASH_SIZE);
        CF_TRY(cf_vault__holding_get(vault, probe.kind, &probe.hash, &probe, reterr_fault));
        if (purpose == 0 || probe.label == purpose)
            CF_TRY(cf_vault__holding_remove(vault, &probe, reterr_fault));
        /* To the next key: this one plus one, as a number. */
        for (size_t i = OWNED_SIZE; i-- > CF_ID_SIZE + 1 && ++next[i] == 0;)
            continue;
    }
}
