/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following the log, and forgetting. The log says first that a subject is erased; then its rows go,
 * and those of the campaigns that it drafted, in the transaction that moves the position; then the
 * vault is written anew, so that no freed page keeps them. The mark "compact" is set with the rows'
 * removal and cleared at the end, so a crash in between is made good at the next start.
 */
#include "eventstore/vault_private.h"

#include "core/base/assert.h"
#include "eventstore/durable.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define POSITION CF_BYTES_LITERAL("position")
#define COMPACT CF_BYTES_LITERAL("compact")

#define PATH_SIZE 4096
#define ROWS_PER_COMMIT 10000

static const uint8_t marked[1] = {1};

enum cf_status cf_vault_position(struct cf_vault *vault, uint64_t *ret_sequence,
                                 struct cf_fault *reterr_fault)
{
    struct cf_bytes row;
    enum cf_status status = cf_vault__get(vault, CF_VAULT_META, POSITION, &row, reterr_fault);
    if (status == CF_NOT_FOUND) {
        *ret_sequence = 0;
        return CF_OK;
    }
    CF_TRY(status);
    if (row.size != 8)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the vault's position is damaged");
    *ret_sequence = cf_vault__number_read(row.data);
    return CF_OK;
}

enum cf_status cf_vault_position_set(struct cf_vault *vault, uint64_t sequence,
                                     struct cf_fault *reterr_fault)
{
    uint8_t row[8];
    cf_vault__number_write(sequence, row);
    return cf_vault__put(vault, CF_VAULT_META, POSITION, cf_bytes_from(row, sizeof row),
                         reterr_fault);
}

static enum cf_status forget_holdings(struct cf_vault *vault, struct cf_id subject_id,
                                      enum cf_vault_kind kind, struct cf_fault *reterr_fault)
{
    struct cf_vault_holding holding;
    enum cf_status status;
    while ((status = cf_vault__holding_of(vault, subject_id, kind, NULL, &holding, reterr_fault)) ==
           CF_OK)
        CF_TRY(cf_vault__holding_remove(vault, &holding, reterr_fault));
    return status == CF_NOT_FOUND ? CF_OK : status;
}

/* Everything that the vault has of a subject. */
static enum cf_status forget(struct cf_vault *vault, struct cf_id subject_id,
                             struct cf_fault *reterr_fault)
{
    struct cf_bytes id = cf_id_bytes(&subject_id);
    CF_TRY(forget_holdings(vault, subject_id, CF_VAULT_KIND_EMAIL, reterr_fault));
    CF_TRY(forget_holdings(vault, subject_id, CF_VAULT_KIND_TICKET, reterr_fault));
    CF_TRY(cf_vault__delete(vault, CF_VAULT_ACCOUNTS, id, reterr_fault));
    CF_TRY(cf_vault__delete(vault, CF_VAULT_KEYS, id, reterr_fault));
    return cf_vault__put(vault, CF_VAULT_META, COMPACT, cf_bytes_from(marked, sizeof marked),
                         reterr_fault);
}

/* The key of a campaign's row; of the row before a creator's first, with the zero id. */
struct campaign_key {
    struct cf_id creator_id, campaign_id;
};

static struct cf_bytes campaign_key_bytes(const struct campaign_key *key)
{
    return cf_bytes_from((const uint8_t *)key, sizeof *key);
}

static enum cf_status apply_drafted(struct cf_vault *vault, struct cf_id creator_id,
                                    struct cf_id campaign_id, struct cf_fault *reterr_fault)
{
    const struct campaign_key key = {creator_id, campaign_id};
    return cf_vault__put(vault, CF_VAULT_CAMPAIGNS, campaign_key_bytes(&key),
                         cf_bytes_from(marked, sizeof marked), reterr_fault);
}

enum cf_status cf_vault_campaign_next(struct cf_vault *vault, struct cf_id creator_id,
                                      struct cf_id after, struct cf_id *ret_campaign_id,
                                      struct cf_fault *reterr_fault)
{
    struct campaign_key key = {creator_id, after};
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    struct cf_bytes found, value;
    CF_TRY(
        cf_lmdb_cursor_open(vault->txn, vault->tables[CF_VAULT_CAMPAIGNS], &cursor, reterr_fault));
    CF_TRY(cf_lmdb_cursor_seek(cursor, campaign_key_bytes(&key), &found, &value, reterr_fault));
    if (cf_bytes_equal(found, campaign_key_bytes(&key)))
        CF_TRY(cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, &found, &value, reterr_fault));
    if (found.size != sizeof key)
        CF_FAIL(reterr_fault, CF_CORRUPT, "a campaign of the vault is damaged");
    memcpy(&key, found.data, sizeof key);
    if (!cf_id_equal(key.creator_id, creator_id))
        return CF_NOT_FOUND;
    *ret_campaign_id = key.campaign_id;
    return CF_OK;
}

static enum cf_status apply_erased(struct cf_vault *vault, uint64_t sequence,
                                   struct cf_id subject_id, struct cf_fault *reterr_fault)
{
    uint8_t row[8];
    cf_vault__number_write(sequence, row);
    CF_TRY(forget(vault, subject_id, reterr_fault));
    return cf_vault__put(vault, CF_VAULT_ERASED, cf_id_bytes(&subject_id),
                         cf_bytes_from(row, sizeof row), reterr_fault);
}

/* A person's campaigns are forgotten with the person. */
static enum cf_status apply_all_erased(struct cf_vault *vault, uint64_t sequence,
                                       struct cf_id subject_id, struct cf_fault *reterr_fault)
{
    CF_TRY(apply_erased(vault, sequence, subject_id, reterr_fault));
    struct cf_id campaign = {{0}};
    enum cf_status status;
    while ((status = cf_vault_campaign_next(vault, subject_id, campaign, &campaign,
                                            reterr_fault)) == CF_OK)
        CF_TRY(apply_erased(vault, sequence, campaign, reterr_fault));
    return status == CF_NOT_FOUND ? CF_OK : status;
}

static enum cf_status apply_email(struct cf_vault *vault, const struct cf_record *record,
                                  struct cf_id subject_id, struct cf_sealed email,
                                  struct cf_fault *reterr_fault)
{
    struct cf_vault_field field = {.subject_id = subject_id,
                                   .key = record->idempotency_key,
                                   .name = CF_BYTES_LITERAL("email")};
    struct cf_buf clear;
    cf_buf_init(&clear, CF_VAULT_EMAIL_SIZE_MAX + 1);
    enum cf_status status = cf_vault_unseal(vault, &field, email.ciphertext, &clear, reterr_fault);
    if (status == CF_OK)
        status = cf_vault__email_confirm(vault, subject_id, cf_buf_bytes(&clear), reterr_fault);
    if (clear.data != NULL)
        cf_secret_wipe(clear.data, clear.capacity);
    cf_buf_clean_up(&clear);
    /* The person was erased since, or the vault was lost: nothing is left to confirm. */
    if (status == CF_NOT_FOUND)
        return CF_OK;
    return status == CF_NO_SPACE || status == CF_INVALID ? CF_CORRUPT : status;
}

bool cf_vault_concerns(uint32_t event_number)
{
    return event_number == CF_EVENT_USER_REGISTERED ||
           event_number == CF_EVENT_USER_EMAIL_CHANGED ||
           event_number == CF_EVENT_CAMPAIGN_DRAFTED || event_number == CF_EVENT_SUBJECT_ERASED;
}

enum cf_status cf_vault_apply(struct cf_vault *vault, const struct cf_record *record,
                              struct cf_fault *reterr_fault)
{
    enum cf_status status = CF_OK;
    struct cf_event event;
    switch (record->event_number) {
    case CF_EVENT_USER_REGISTERED:
    case CF_EVENT_USER_EMAIL_CHANGED:
    case CF_EVENT_CAMPAIGN_DRAFTED:
    case CF_EVENT_SUBJECT_ERASED:
        CF_TRY(cf_record_event(record, &event, reterr_fault));
        if (event.type == CF_EVENT_USER_REGISTERED)
            status = apply_email(vault, record, event.user_registered.user_id,
                                 event.user_registered.email, reterr_fault);
        else if (event.type == CF_EVENT_USER_EMAIL_CHANGED)
            status = apply_email(vault, record, event.user_email_changed.user_id,
                                 event.user_email_changed.email, reterr_fault);
        else if (event.type == CF_EVENT_CAMPAIGN_DRAFTED)
            status = apply_drafted(vault, event.campaign_drafted.creator_id,
                                   event.campaign_drafted.campaign_id, reterr_fault);
        else
            status = apply_all_erased(vault, record->sequence, event.subject_erased.subject_id,
                                      reterr_fault);
        break;
    default:
        break;
    }
    if (status != CF_OK && status != CF_CORRUPT && status != CF_CONFLICT)
        return status;
    CF_TRY(cf_vault_position_set(vault, record->sequence, reterr_fault));
    return status;
}

/* The soonest expiry that is due. NOT_FOUND. */
static enum cf_status next_expiry(struct cf_vault *vault, int64_t now_us,
                                  struct cf_vault_holding *ret_holding,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    struct cf_bytes key, value;
    struct cf_hash hash;
    CF_TRY(cf_lmdb_cursor_open(vault->txn, vault->tables[CF_VAULT_EXPIRY], &cursor, reterr_fault));
    CF_TRY(cf_lmdb_cursor_move(cursor, CF_LMDB_FIRST, &key, &value, reterr_fault));
    if (key.size != 9 + CF_HASH_SIZE)
        CF_FAIL(reterr_fault, CF_CORRUPT, "an expiry of the vault is damaged");
    if ((int64_t)cf_vault__number_read(key.data) > now_us)
        return CF_NOT_FOUND;
    memcpy(hash.bytes, key.data + 9, CF_HASH_SIZE);
    enum cf_status status = cf_vault__holding_get(vault, (enum cf_vault_kind)key.data[8], &hash,
                                                  ret_holding, reterr_fault);
    if (status == CF_NOT_FOUND)
        CF_FAIL(reterr_fault, CF_CORRUPT, "an expiry of the vault has no row");
    return status;
}

enum cf_status cf_vault_sweep(struct cf_vault *vault, int64_t now_us, struct cf_fault *reterr_fault)
{
    struct cf_vault_holding holding;
    enum cf_status status;
    while ((status = next_expiry(vault, now_us, &holding, reterr_fault)) == CF_OK) {
        if (holding.kind == CF_VAULT_KIND_EMAIL && holding.label == CF_VAULT_EMAIL_NEW)
            CF_TRY(forget(vault, holding.subject_id, reterr_fault));
        else
            CF_TRY(cf_vault__holding_remove(vault, &holding, reterr_fault));
    }
    return status == CF_NOT_FOUND ? CF_OK : status;
}

/* ---- Compaction ---- */

static enum cf_status overwrite(int fd, struct cf_fault *reterr_fault)
{
    static const uint8_t zeros[65536];
    struct stat info;
    if (fstat(fd, &info) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot overwrite the old vault");
    for (off_t offset = 0, size; offset < info.st_size; offset += size) {
        size = info.st_size - offset;
        size = size < (off_t)sizeof zeros ? size : (off_t)sizeof zeros;
        if (pwrite(fd, zeros, (size_t)size, offset) != size)
            CF_FAIL(reterr_fault, CF_IO, "cannot overwrite the old vault");
    }
    if (fsync(fd) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot overwrite the old vault");
    return CF_OK;
}

/* Copies rows of a table from a cursor that stands on one, at most ROWS_PER_COMMIT. */
static enum cf_status copy_rows(struct cf_lmdb_cursor *cursor, struct cf_bytes *key,
                                struct cf_bytes *value, struct cf_lmdb_txn *txn,
                                struct cf_lmdb_table table, struct cf_fault *reterr_fault)
{
    enum cf_status status = CF_OK;
    for (int i = 0; status == CF_OK && i < ROWS_PER_COMMIT; i++) {
        uint8_t *copy;
        CF_TRY(cf_lmdb_append(txn, table, *key, value->size, &copy, reterr_fault));
        memcpy(copy, value->data, value->size);
        status = cf_lmdb_cursor_move(cursor, CF_LMDB_NEXT, key, value, reterr_fault);
    }
    return status;
}

static enum cf_status copy_table(struct cf_vault *from, struct cf_vault *to,
                                 enum cf_vault_table table, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_lmdb_cursor_close) struct cf_lmdb_cursor *cursor = NULL;
    struct cf_bytes key, value;
    CF_TRY(cf_lmdb_cursor_open(from->txn, from->tables[table], &cursor, reterr_fault));
    enum cf_status status = cf_lmdb_cursor_move(cursor, CF_LMDB_FIRST, &key, &value, reterr_fault);
    while (status == CF_OK) {
        CF_TRY(cf_vault_begin(to, reterr_fault));
        status = copy_rows(cursor, &key, &value, to->txn, to->tables[table], reterr_fault);
        if (status != CF_OK && status != CF_NOT_FOUND) {
            cf_vault_abort(to);
            return status;
        }
        CF_TRY(cf_vault_commit(to, reterr_fault));
    }
    return status == CF_NOT_FOUND ? CF_OK : status;
}

/*
 * Writes every row into a new environment. LMDB's own compact copy takes whole pages over, and with
 * them remains of removed rows in their gaps.
 */
static enum cf_status copy_all(struct cf_vault *from, struct cf_vault *to,
                               struct cf_fault *reterr_fault)
{
    CF_TRY(cf_vault__env_open(to, reterr_fault));
    CF_TRY(cf_lmdb_begin_read(from->env, &from->txn, reterr_fault));
    enum cf_status status = CF_OK;
    for (int i = 0; status == CF_OK && i < CF_VAULT_TABLE_COUNT; i++)
        status = copy_table(from, to, (enum cf_vault_table)i, reterr_fault);
    cf_lmdb_abort(&from->txn);
    return status;
}

static enum cf_status copy_to(struct cf_vault *vault, char *directory,
                              struct cf_fault *reterr_fault)
{
    struct cf_vault fresh = {.directory = directory, .lock = PTHREAD_MUTEX_INITIALIZER};
    enum cf_status status = copy_all(vault, &fresh, reterr_fault);
    cf_lmdb_close(fresh.env);
    pthread_mutex_destroy(&fresh.lock);
    return status;
}

/* Replaces the data file by one that holds the rows alone. The environment is closed meanwhile. */
static enum cf_status replace(struct cf_vault *vault, struct cf_fault *reterr_fault)
{
    char fresh[PATH_SIZE], fresh_file[PATH_SIZE + 16], fresh_lock[PATH_SIZE + 16];
    char file[PATH_SIZE + 16];
    if (snprintf(fresh, sizeof fresh, "%s/fresh", vault->directory) >= (int)sizeof fresh)
        CF_FAIL(reterr_fault, CF_INVALID, "the vault's path is too long");
    snprintf(file, sizeof file, "%s/data.mdb", vault->directory);
    snprintf(fresh_file, sizeof fresh_file, "%s/data.mdb", fresh);
    snprintf(fresh_lock, sizeof fresh_lock, "%s/lock.mdb", fresh);
    unlink(fresh_file); /* left by a crash */
    CF_TRY(copy_to(vault, fresh, reterr_fault));
    CF_TRY(cf_durable_sync(fresh_file, reterr_fault));

    CF_CLEANUP(cf_scope_close) int old = open(file, O_WRONLY | O_CLOEXEC);
    if (old < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot open the old vault", "%s", file);
    cf_lmdb_close(CF_TAKE(vault->env));
    CF_TRY(cf_durable_rename(fresh_file, file, reterr_fault));
    CF_TRY(overwrite(old, reterr_fault));
    unlink(fresh_lock);
    rmdir(fresh);
    return cf_vault__env_open(vault, reterr_fault);
}

enum cf_status cf_vault_compact(struct cf_vault *vault, struct cf_fault *reterr_fault)
{
    struct cf_bytes mark;
    CF_TRY(cf_vault_begin(vault, reterr_fault));
    enum cf_status status = cf_vault__get(vault, CF_VAULT_META, COMPACT, &mark, reterr_fault);
    cf_vault_abort(vault);
    if (status != CF_OK)
        return status == CF_NOT_FOUND ? CF_OK : status;

    pthread_mutex_lock(&vault->lock);
    status = vault->env == NULL
                 ? cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "the vault is closed")
                 : replace(vault, reterr_fault);
    pthread_mutex_unlock(&vault->lock);
    CF_TRY(status);

    CF_TRY(cf_vault_begin(vault, reterr_fault));
    status = cf_vault__delete(vault, CF_VAULT_META, COMPACT, reterr_fault);
    if (status != CF_OK) {
        cf_vault_abort(vault);
        return status;
    }
    return cf_vault_commit(vault, reterr_fault);
}
