/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whichever call of LMDB, of the allocator or of the disk fails, the vault fails cleanly: no
 * transaction stays open, nothing leaks, no step is half done, and the next start goes on from there; an
 * erasure that was cut short anywhere is finished.
 * Shown: a life of a vault is lived again and again, with the first, the second, … nth of those calls
 * failing, until none is left to fail.
 */
#include "eventstore/vault_private.h"

#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#define NOW_US INT64_C(1800000000000000)

/* ---- Failing calls; the linker puts these in front of the real ones ---- */

static long fail_at; /* 0: nothing fails */
static long call_count;
static bool has_failed;

static bool fails(void)
{
    call_count++;
    bool now = fail_at != 0 && call_count == fail_at;
    has_failed = has_failed || now;
    return now;
}

#define WRAP(type, name, parameters, arguments, failure)                                           \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? (failure) : __real_##name arguments;                                      \
    }

WRAP(void *, malloc, (size_t size), (size), NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAP(void *, realloc, (void *memory, size_t size), (memory, size), NULL)
WRAP(int, mdb_env_create, (MDB_env * *env), (env), ENOMEM)
WRAP(int, mdb_env_open, (MDB_env * env, const char *path, unsigned flags, mdb_mode_t mode),
     (env, path, flags, mode), EIO)
WRAP(int, mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn),
     (env, parent, flags, txn), EIO)
WRAP(int, mdb_dbi_open, (MDB_txn * txn, const char *name, unsigned flags, MDB_dbi *dbi),
     (txn, name, flags, dbi), MDB_DBS_FULL)
WRAP(int, mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data),
     MDB_CORRUPTED)
WRAP(int, mdb_put, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags),
     (txn, dbi, key, data, flags), MDB_MAP_FULL)
WRAP(int, mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data),
     EIO)
WRAP(int, mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor),
     ENOMEM)
WRAP(int, mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op),
     (cursor, key, data, op), EIO)
WRAP(int, fsync, (int fd), (fd), (errno = EIO, -1))

int __wrap_posix_fallocate(int fd, off_t offset, off_t size);

/* Allocates nothing when it succeeds: the place has room, and is asked for it a thousand times. */
int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
    (void)fd, (void)offset, (void)size;
    return fails() ? ENOSPC : 0;
}

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);

/* A failed commit has an unknown outcome: it may or may not be there. */
int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    if (!fails())
        return __real_mdb_txn_commit(txn);
    if (call_count % 2 == 0)
        __real_mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return EIO;
}

/* ---- A life ---- */

struct life {
    struct cf_temp_dir dir;
    char vault_path[96], master_path[96];
    struct cf_vault *vault;
    struct cf_id erased, kept;
};

static enum cf_status end(struct life *life, enum cf_status status)
{
    if (status == CF_OK)
        return cf_vault_commit(life->vault, NULL);
    cf_vault_abort(life->vault);
    return status;
}

static enum cf_status open_vault(struct life *life)
{
    return cf_vault_open(life->vault_path, life->master_path, &life->vault, NULL);
}

/* One transaction: an address, its key, a password, a ticket. */
static enum cf_status move_in(struct life *life, const char *email, struct cf_id *ret_subject)
{
    char text[CF_PASSWORD_HASH_SIZE] = "$argon2id$", token[CF_VAULT_TOKEN_SIZE];
    struct cf_bytes address = cf_bytes_from_text(email);
    CF_TRY(cf_vault_begin(life->vault, NULL));
    enum cf_status status =
        cf_vault_reserve(life->vault, address, address, NOW_US, ret_subject, NULL);
    if (status == CF_OK)
        status = cf_vault__email_confirm(life->vault, *ret_subject, address, NULL);
    if (status == CF_OK)
        status = cf_vault_password_set(life->vault, *ret_subject, text, NULL);
    if (status == CF_OK)
        status =
            cf_vault_ticket_make(life->vault, *ret_subject, 1, NOW_US, NOW_US + 5, token, NULL);
    return end(life, status);
}

static enum cf_status erase(struct life *life)
{
    uint8_t bytes[512];
    struct cf_event event = {.type = CF_EVENT_SUBJECT_ERASED,
                             .subject_erased = {.subject_id = life->erased, .newest = 1}};
    struct cf_record record = {.sequence = 2,
                               .time_us = NOW_US,
                               .stream_version = 1,
                               .stream_id = life->erased,
                               .actor_id = life->erased,
                               .idempotency_key = CF_BYTES_LITERAL("k")};
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_record_encode_event(&record, &event, &writer);
    CF_TRY(cf_record_decode(cf_bytes_from(bytes, writer.size), &record, NULL));
    CF_TRY(cf_vault_begin(life->vault, NULL));
    CF_TRY(end(life, cf_vault_apply(life->vault, &record, NULL)));
    return cf_vault_compact(life->vault, NULL);
}

static enum cf_status sweep(struct life *life)
{
    struct cf_id gone;
    struct cf_bytes email = CF_BYTES_LITERAL("gone@example.org");
    CF_TRY(cf_vault_begin(life->vault, NULL));
    CF_TRY(end(life, cf_vault_reserve(life->vault, email, email, NOW_US, &gone, NULL)));
    CF_TRY(cf_vault_begin(life->vault, NULL));
    CF_TRY(end(life, cf_vault_sweep(life->vault, NOW_US + CF_VAULT_RESERVATION_US, NULL)));
    return cf_vault_compact(life->vault, NULL);
}

static enum cf_status live(struct life *life)
{
    CF_TRY(open_vault(life));
    CF_TRY(move_in(life, "ada@example.org", &life->erased));
    CF_TRY(move_in(life, "bob@example.org", &life->kept));
    CF_TRY(erase(life));
    return sweep(life);
}

/* ---- What must hold after any failure ---- */

static uint64_t count_of(struct cf_vault *vault, enum cf_vault_table table)
{
    uint64_t count;
    assert_int_equal(cf_lmdb_table_count(vault->txn, vault->tables[table], &count, NULL), CF_OK);
    return count;
}

static bool has(struct cf_vault *vault, enum cf_vault_table table, struct cf_id subject)
{
    struct cf_bytes row;
    return cf_vault__get(vault, table, cf_id_bytes(&subject), &row, NULL) == CF_OK;
}

/* Each address and ticket has its owner's entry and, if it expires, its expiry's; no step is half done. */
static void assert_whole(struct life *life)
{
    struct cf_vault *vault = life->vault;
    uint64_t emails = count_of(vault, CF_VAULT_EMAILS), tickets = count_of(vault, CF_VAULT_TICKETS);
    uint64_t confirmed = count_of(vault, CF_VAULT_ACCOUNTS);
    assert_int_equal(count_of(vault, CF_VAULT_OWNED), emails + tickets);
    assert_int_equal(count_of(vault, CF_VAULT_KEYS), emails);
    /* A confirmed address has no expiry, each has an account; the reserved one is the other way. */
    assert_int_equal(count_of(vault, CF_VAULT_EXPIRY), tickets + emails - confirmed);
    assert_true(tickets <= confirmed && confirmed <= emails && emails <= 3);
    if (!cf_id_is_zero(life->erased) && has(vault, CF_VAULT_ERASED, life->erased))
        assert_false(has(vault, CF_VAULT_KEYS, life->erased));
    struct cf_bytes mark;
    assert_int_equal(cf_vault__get(vault, CF_VAULT_META, CF_BYTES_LITERAL("compact"), &mark, NULL),
                     CF_NOT_FOUND);
}

/* In memory where there is such a place: it is not the disk's speed that is tried here. */
static void make_dir(struct cf_temp_dir *dir)
{
    snprintf(dir->path, sizeof dir->path, "/dev/shm/cf-test-XXXXXX");
    if (mkdtemp(dir->path) == NULL)
        cf_temp_dir_make(dir);
}

static void test_vault__survives_the_nth_failure_for_every_n(void **state)
{
    (void)state;
    cf_sodium_init();
    long failures = 0;
    for (bool over = false; !over; failures++) {
        struct life life = {0};
        make_dir(&life.dir);
        snprintf(life.vault_path, sizeof life.vault_path, "%s/vault", life.dir.path);
        snprintf(life.master_path, sizeof life.master_path, "%s/master", life.dir.path);
        fail_at = failures + 1;
        call_count = 0;
        has_failed = false;
        enum cf_status status = live(&life);
        over = !has_failed;
        fail_at = 0;
        if (over)
            assert_int_equal(status, CF_OK);
        cf_vault_close(CF_TAKE(life.vault)); /* asserts that no transaction is open */

        /* The next start. */
        assert_int_equal(open_vault(&life), CF_OK);
        assert_int_equal(cf_vault_begin(life.vault, NULL), CF_OK);
        assert_whole(&life);
        cf_vault_abort(life.vault);
        cf_vault_close(life.vault);
        cf_temp_dir_remove(&life.dir);
    }
    assert_true(failures > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vault__survives_the_nth_failure_for_every_n),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
