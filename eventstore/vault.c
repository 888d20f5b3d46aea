/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's environment, its transactions, its keys, and what is sealed with them.
 *
 * From the master key come the key that wraps and the one that blinds; from a subject's key, one
 * for each use. Sealed bytes are: version 1, digest of the idempotency key (16), nonce (24),
 * ciphertext. The digest stands there so that a reader who has only the field can open it.
 */
#include "eventstore/vault_private.h"

#include "core/base/assert.h"
#include "eventstore/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEAL_VERSION 1
#define DIGEST_SIZE 16
#define NAME_DIGEST_SIZE 8
#define PURPOSE_SIZE (DIGEST_SIZE + NAME_DIGEST_SIZE)
#define HEADER_SIZE (1 + PURPOSE_SIZE + CF_SEAL_NONCE_SIZE)
#define WRAPPED_SIZE (CF_SEAL_NONCE_SIZE + CF_SEAL_KEY_SIZE + CF_SEAL_TAG_SIZE)
#define MASTER_SIZE 32

/* Room that each transaction may count on: far more than one message can change. */
#define TRANSACTION_SIZE (UINT64_C(8) * 1024 * 1024)

_Static_assert(HEADER_SIZE + CF_SEAL_TAG_SIZE == CF_VAULT_SEAL_OVERHEAD, "what sealing adds");

static const char *const table_names[CF_VAULT_TABLE_COUNT] = {
    [CF_VAULT_META] = "meta",           [CF_VAULT_KEYS] = "keys",
    [CF_VAULT_EMAILS] = "emails",       [CF_VAULT_ACCOUNTS] = "accounts",
    [CF_VAULT_TICKETS] = "tickets",     [CF_VAULT_OWNED] = "owned",
    [CF_VAULT_EXPIRY] = "expiry",       [CF_VAULT_ERASED] = "erased",
    [CF_VAULT_CAMPAIGNS] = "campaigns",
};

void cf_vault__digest(struct cf_bytes bytes, uint8_t ret_digest[DIGEST_SIZE])
{
    struct cf_hash hash;
    cf_sha256(bytes, &hash);
    memcpy(ret_digest, hash.bytes, DIGEST_SIZE);
}

void cf_vault__number_write(uint64_t number, uint8_t ret_bytes[8])
{
    for (int i = 0; i < 8; i++)
        ret_bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

uint64_t cf_vault__number_read(const uint8_t bytes[8])
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* ---- The environment ---- */

enum cf_status cf_vault__get(struct cf_vault *vault, enum cf_vault_table table, struct cf_bytes key,
                             struct cf_bytes *ret_value, struct cf_fault *reterr_fault)
{
    CF_ASSERT(vault->txn != NULL);
    return cf_lmdb_get(vault->txn, vault->tables[table], key, ret_value, reterr_fault);
}

enum cf_status cf_vault__put(struct cf_vault *vault, enum cf_vault_table table, struct cf_bytes key,
                             struct cf_bytes value, struct cf_fault *reterr_fault)
{
    CF_ASSERT(vault->txn != NULL);
    return cf_lmdb_put(vault->txn, vault->tables[table], key, value, reterr_fault);
}

enum cf_status cf_vault__delete(struct cf_vault *vault, enum cf_vault_table table,
                                struct cf_bytes key, struct cf_fault *reterr_fault)
{
    CF_ASSERT(vault->txn != NULL);
    enum cf_status status = cf_lmdb_delete(vault->txn, vault->tables[table], key, reterr_fault);
    return status == CF_NOT_FOUND ? CF_OK : status;
}

enum cf_status cf_vault__env_open(struct cf_vault *vault, struct cf_fault *reterr_fault)
{
    struct cf_lmdb_options options = {.directory = vault->directory,
                                      .table_count_max = CF_VAULT_TABLE_COUNT,
                                      .step_size = TRANSACTION_SIZE};
    CF_TRY(cf_lmdb_open(&options, &vault->env, reterr_fault));
    struct cf_lmdb_txn *txn;
    CF_TRY(cf_lmdb_begin_write(vault->env, &txn, reterr_fault));
    for (int i = 0; i < CF_VAULT_TABLE_COUNT; i++) {
        enum cf_status status =
            cf_lmdb_table_open(txn, table_names[i], false, &vault->tables[i], reterr_fault);
        if (status != CF_OK) {
            cf_lmdb_abort(&txn);
            return status;
        }
    }
    return cf_lmdb_commit(&txn, reterr_fault);
}

enum cf_status cf_vault_begin(struct cf_vault *vault, struct cf_fault *reterr_fault)
{
    pthread_mutex_lock(&vault->lock);
    enum cf_status status = CF_IO;
    if (vault->env == NULL)
        cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "the vault is closed");
    else
        status = cf_lmdb_reserve(vault->env, TRANSACTION_SIZE, reterr_fault);
    /* A full disk does not hinder reading; whatever then needs a page that is not there fails alone. */
    if (status == CF_OK || status == CF_NO_SPACE)
        status = cf_lmdb_begin_write(vault->env, &vault->txn, reterr_fault);
    if (status != CF_OK)
        pthread_mutex_unlock(&vault->lock);
    return status;
}

enum cf_status cf_vault_commit(struct cf_vault *vault, struct cf_fault *reterr_fault)
{
    CF_ASSERT(vault->txn != NULL);
    enum cf_status status = cf_lmdb_commit(&vault->txn, reterr_fault);
    vault->txn = NULL;
    pthread_mutex_unlock(&vault->lock);
    return status;
}

void cf_vault_abort(struct cf_vault *vault)
{
    CF_ASSERT(vault->txn != NULL);
    cf_lmdb_abort(&vault->txn);
    vault->txn = NULL;
    pthread_mutex_unlock(&vault->lock);
}

/* ---- The master key ---- */

static enum cf_status master_read(const char *path, uint8_t ret_master[MASTER_SIZE],
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return CF_NOT_FOUND;
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot read the vault's master key", "%s", path);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the vault's master key is open to other users", "%s",
                   path);
    if (info.st_size != MASTER_SIZE || read(fd, ret_master, MASTER_SIZE) != MASTER_SIZE)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the vault's master key is not 32 bytes", "%s", path);
    return CF_OK;
}

/* Durable before anything is wrapped with it: without this file the vault is lost. */
static enum cf_status master_make(const char *path, uint8_t ret_master[MASTER_SIZE],
                                  struct cf_fault *reterr_fault)
{
    cf_random(ret_master, MASTER_SIZE);
    return cf_durable_make(path, cf_bytes_from(ret_master, MASTER_SIZE), reterr_fault);
}

static void derive(struct cf_bytes key, const char *use, uint8_t ret_key[CF_SEAL_KEY_SIZE])
{
    struct cf_hash derived;
    cf_hmac_sha256(key, cf_bytes_from_text(use), &derived);
    memcpy(ret_key, derived.bytes, CF_SEAL_KEY_SIZE);
    cf_secret_wipe(&derived, sizeof derived);
}

/* Derives the vault's keys, and checks with the row "check" that they are those it was made with.
 */
static enum cf_status master_use(struct cf_vault *vault, const uint8_t master[MASTER_SIZE],
                                 bool fresh, struct cf_fault *reterr_fault)
{
    uint8_t check[CF_SEAL_KEY_SIZE];
    derive(cf_bytes_from(master, MASTER_SIZE), "coffer vault wrap", vault->wrap_key);
    derive(cf_bytes_from(master, MASTER_SIZE), "coffer vault blind", vault->blind_key);
    derive(cf_bytes_from(master, MASTER_SIZE), "coffer vault check", check);
    struct cf_bytes stored;
    enum cf_status status =
        cf_vault__get(vault, CF_VAULT_META, CF_BYTES_LITERAL("check"), &stored, reterr_fault);
    if (status == CF_NOT_FOUND)
        return cf_vault__put(vault, CF_VAULT_META, CF_BYTES_LITERAL("check"),
                             cf_bytes_from(check, sizeof check), reterr_fault);
    CF_TRY(status);
    if (fresh || stored.size != sizeof check || memcmp(stored.data, check, sizeof check) != 0)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the master key is not the one of this vault");
    return CF_OK;
}

static enum cf_status take_lock(struct cf_vault *vault, struct cf_fault *reterr_fault)
{
    char path[4096];
    if (mkdir(vault->directory, 0700) != 0 && errno != EEXIST)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot make the vault's folder", "%s", vault->directory);
    snprintf(path, sizeof path, "%s/keeper.lock", vault->directory);
    vault->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (vault->lock_fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot open the vault's lock", "%s", path);
    if (flock(vault->lock_fd, LOCK_EX | LOCK_NB) != 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "another keeper has the vault", "%s",
                   vault->directory);
    return CF_OK;
}

static enum cf_status vault_start(struct cf_vault *vault, const char *master_key_path,
                                  struct cf_fault *reterr_fault)
{
    CF_TRY(take_lock(vault, reterr_fault));
    CF_TRY(cf_vault__env_open(vault, reterr_fault));
    uint8_t master[MASTER_SIZE];
    enum cf_status status = master_read(master_key_path, master, reterr_fault);
    bool fresh = status == CF_NOT_FOUND;
    CF_TRY(cf_vault_begin(vault, reterr_fault));
    struct cf_bytes check;
    if (fresh)
        status = cf_vault__get(vault, CF_VAULT_META, CF_BYTES_LITERAL("check"), &check, NULL) ==
                         CF_NOT_FOUND
                     ? master_make(master_key_path, master, reterr_fault)
                     : cf_fault_set(reterr_fault, CF_CORRUPT, __FILE__, __LINE__,
                                    "the vault's master key is missing");
    if (status == CF_OK)
        status = master_use(vault, master, fresh, reterr_fault);
    cf_secret_wipe(master, sizeof master);
    if (status != CF_OK) {
        cf_vault_abort(vault);
        return status;
    }
    CF_TRY(cf_vault_commit(vault, reterr_fault));
    return cf_vault_compact(vault, reterr_fault);
}

enum cf_status cf_vault_open(const char *directory, const char *master_key_path,
                             struct cf_vault **ret_vault, struct cf_fault *reterr_fault)
{
    struct cf_vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a vault");
    pthread_mutex_init(&vault->lock, NULL);
    vault->lock_fd = -1;
    vault->directory = strdup(directory);
    enum cf_status status =
        vault->directory == NULL ? CF_NO_MEMORY : vault_start(vault, master_key_path, reterr_fault);
    if (status != CF_OK) {
        cf_vault_close(vault);
        return status;
    }
    *ret_vault = vault;
    return CF_OK;
}

void cf_vault_close(struct cf_vault *vault)
{
    if (vault == NULL)
        return;
    CF_ASSERT(vault->txn == NULL);
    cf_lmdb_close(vault->env);
    if (vault->lock_fd >= 0)
        close(vault->lock_fd);
    pthread_mutex_destroy(&vault->lock);
    free(vault->directory);
    cf_secret_wipe(vault, sizeof *vault);
    free(vault);
}

/* ---- Subjects' keys ---- */

enum cf_status cf_vault__erased(struct cf_vault *vault, struct cf_id subject_id,
                                struct cf_fault *reterr_fault)
{
    struct cf_bytes row;
    return cf_vault__get(vault, CF_VAULT_ERASED, cf_id_bytes(&subject_id), &row, reterr_fault);
}

enum cf_status cf_vault_key_make(struct cf_vault *vault, struct cf_id subject_id,
                                 struct cf_fault *reterr_fault)
{
    struct cf_bytes row;
    enum cf_status status =
        cf_vault__get(vault, CF_VAULT_KEYS, cf_id_bytes(&subject_id), &row, reterr_fault);
    if (status != CF_NOT_FOUND)
        return status;
    status = cf_vault__erased(vault, subject_id, reterr_fault);
    if (status == CF_OK)
        CF_FAIL(reterr_fault, CF_DENIED, "the subject was erased");
    if (status != CF_NOT_FOUND)
        return status;

    uint8_t key[CF_SEAL_KEY_SIZE], wrapped[WRAPPED_SIZE];
    cf_random(key, sizeof key);
    cf_random(wrapped, CF_SEAL_NONCE_SIZE);
    cf_seal(vault->wrap_key, wrapped, cf_id_bytes(&subject_id), cf_bytes_from(key, sizeof key),
            wrapped + CF_SEAL_NONCE_SIZE);
    cf_secret_wipe(key, sizeof key);
    return cf_vault__put(vault, CF_VAULT_KEYS, cf_id_bytes(&subject_id),
                         cf_bytes_from(wrapped, sizeof wrapped), reterr_fault);
}

enum cf_status cf_vault__subject_key(struct cf_vault *vault, struct cf_id subject_id,
                                     const char *use, uint8_t ret_key[CF_SEAL_KEY_SIZE],
                                     struct cf_fault *reterr_fault)
{
    struct cf_bytes row;
    enum cf_status status =
        cf_vault__get(vault, CF_VAULT_KEYS, cf_id_bytes(&subject_id), &row, reterr_fault);
    if (status == CF_NOT_FOUND)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "the vault has no key for the subject");
    CF_TRY(status);
    uint8_t key[CF_SEAL_KEY_SIZE];
    if (row.size != WRAPPED_SIZE ||
        !cf_unseal(vault->wrap_key, row.data, cf_id_bytes(&subject_id),
                   cf_bytes_from(row.data + CF_SEAL_NONCE_SIZE, row.size - CF_SEAL_NONCE_SIZE),
                   key))
        CF_FAIL(reterr_fault, CF_CORRUPT, "a subject's key does not unwrap");
    derive(cf_bytes_from(key, sizeof key), use, ret_key);
    cf_secret_wipe(key, sizeof key);
    return CF_OK;
}

/* ---- Sealing ---- */

/* What is authenticated beside the text: subject, digests of the idempotency key and the name. */
struct additional {
    uint8_t bytes[CF_ID_SIZE + PURPOSE_SIZE];
};

static struct additional additional_of(struct cf_id subject_id, const uint8_t purpose[PURPOSE_SIZE])
{
    struct additional additional;
    memcpy(additional.bytes, subject_id.bytes, CF_ID_SIZE);
    memcpy(additional.bytes + CF_ID_SIZE, purpose, PURPOSE_SIZE);
    return additional;
}

static void write_purpose(const struct cf_vault_field *field, uint8_t ret_purpose[PURPOSE_SIZE])
{
    uint8_t name_digest[DIGEST_SIZE];
    cf_vault__digest(field->key, ret_purpose);
    cf_vault__digest(field->name, name_digest);
    memcpy(ret_purpose + DIGEST_SIZE, name_digest, NAME_DIGEST_SIZE);
}

static void make_tag(const uint8_t tag_key[CF_SEAL_KEY_SIZE], const struct additional *additional,
                     struct cf_bytes clear, uint8_t ret_tag[CF_VAULT_TAG_SIZE])
{
    struct cf_hash field_key, tag;
    cf_hmac_sha256(cf_bytes_from(tag_key, CF_SEAL_KEY_SIZE),
                   cf_bytes_from(additional->bytes, sizeof additional->bytes), &field_key);
    cf_hmac_sha256(cf_bytes_from(field_key.bytes, CF_HASH_SIZE), clear, &tag);
    memcpy(ret_tag, tag.bytes, CF_VAULT_TAG_SIZE);
    cf_secret_wipe(&field_key, sizeof field_key);
}

enum cf_status cf_vault_seal(struct cf_vault *vault, const struct cf_vault_field *field,
                             struct cf_bytes clear, struct cf_buf *sealed,
                             uint8_t ret_tag[CF_VAULT_TAG_SIZE], struct cf_fault *reterr_fault)
{
    if (field->name.size == 0 || field->key.size == 0)
        CF_FAIL(reterr_fault, CF_INVALID, "a field to seal has a name and a key");
    if (cf_vault__erased(vault, field->subject_id, NULL) == CF_OK)
        CF_FAIL(reterr_fault, CF_DENIED, "the subject was erased");
    uint8_t seal_key[CF_SEAL_KEY_SIZE], tag_key[CF_SEAL_KEY_SIZE];
    CF_TRY(cf_vault__subject_key(vault, field->subject_id, "seal", seal_key, reterr_fault));
    CF_TRY(cf_vault__subject_key(vault, field->subject_id, "tag", tag_key, reterr_fault));
    size_t size = CF_VAULT_SEAL_OVERHEAD + clear.size;
    enum cf_status status = cf_buf_reserve(sealed, size);
    if (status == CF_OK) {
        uint8_t *header = sealed->data + sealed->size;
        header[0] = SEAL_VERSION;
        write_purpose(field, header + 1);
        cf_random(header + 1 + PURPOSE_SIZE, CF_SEAL_NONCE_SIZE);
        struct additional additional = additional_of(field->subject_id, header + 1);
        cf_seal(seal_key, header + 1 + PURPOSE_SIZE,
                cf_bytes_from(additional.bytes, sizeof additional.bytes), clear,
                header + HEADER_SIZE);
        make_tag(tag_key, &additional, clear, ret_tag);
        sealed->size += size;
    }
    cf_secret_wipe(seal_key, sizeof seal_key);
    cf_secret_wipe(tag_key, sizeof tag_key);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "no room for sealed bytes");
    return CF_OK;
}

enum cf_status cf_vault_unseal(struct cf_vault *vault, const struct cf_vault_field *field,
                               struct cf_bytes sealed, struct cf_buf *clear,
                               struct cf_fault *reterr_fault)
{
    if (sealed.size < CF_VAULT_SEAL_OVERHEAD || sealed.data[0] != SEAL_VERSION)
        CF_FAIL(reterr_fault, CF_CORRUPT, "these are no sealed bytes");
    const uint8_t *found = sealed.data + 1;
    uint8_t purpose[PURPOSE_SIZE];
    write_purpose(field, purpose);
    if ((field->key.size > 0 && memcmp(purpose, found, DIGEST_SIZE) != 0) ||
        (field->name.size > 0 &&
         memcmp(purpose + DIGEST_SIZE, found + DIGEST_SIZE, NAME_DIGEST_SIZE) != 0))
        CF_FAIL(reterr_fault, CF_CORRUPT, "a field was sealed for another command or field");
    uint8_t seal_key[CF_SEAL_KEY_SIZE];
    CF_TRY(cf_vault__subject_key(vault, field->subject_id, "seal", seal_key, reterr_fault));
    size_t size = sealed.size - CF_VAULT_SEAL_OVERHEAD;
    enum cf_status status = cf_buf_reserve(clear, size + 1);
    bool opened = false;
    if (status == CF_OK) {
        struct additional additional = additional_of(field->subject_id, found);
        opened = cf_unseal(seal_key, found + PURPOSE_SIZE,
                           cf_bytes_from(additional.bytes, sizeof additional.bytes),
                           cf_bytes_from(sealed.data + HEADER_SIZE, sealed.size - HEADER_SIZE),
                           clear->data + clear->size);
    }
    cf_secret_wipe(seal_key, sizeof seal_key);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "no room for a clear text");
    if (!opened)
        CF_FAIL(reterr_fault, CF_CORRUPT, "a sealed field does not open");
    clear->size += size;
    return CF_OK;
}
