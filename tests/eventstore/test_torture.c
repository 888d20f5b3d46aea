/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whichever LMDB call or allocation fails, the failure comes out as a status, nothing leaks, no
 * transaction or cursor stays open, a batch is there whole or not at all, and the next start is good.
 * Shown: by failing the nth call, for every n until none fails, with LMDB's functions and malloc
 * wrapped by the linker.
 */
#include "eventstore/verify.h"
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <errno.h>

#define BATCH 5
#define BASE 20

static bool armed;
static long calls_left; /* before the one that fails */
static int transactions, cursors, blocks;

static bool fails(void)
{
    return armed && calls_left-- == 0;
}

/* --- Wrapped functions, with LMDB's handles as plain pointers --------------------------------- */

#define WRAP(type, name, parameters, arguments, failure)                                           \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? (failure) : __real_##name arguments;                                      \
    }

/* Memory of our own code: what it takes and has not given back. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
void __real_free(void *memory);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
    void *memory = fails() ? NULL : __real_malloc(size);
    blocks += memory != NULL;
    return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *memory = fails() ? NULL : __real_calloc(count, size);
    blocks += memory != NULL;
    return memory;
}

void *__wrap_realloc(void *memory, size_t size)
{
    void *moved = fails() ? NULL : __real_realloc(memory, size);
    blocks += memory == NULL && moved != NULL;
    return moved;
}

char *__wrap_strdup(const char *text)
{
    char *copy = fails() ? NULL : __real_strdup(text);
    blocks += copy != NULL;
    return copy;
}

void __wrap_free(void *memory)
{
    blocks -= memory != NULL;
    __real_free(memory);
}

WRAP(int, mdb_env_create, (void **env), (env), ENOMEM)
WRAP(int, mdb_env_open, (void *env, const char *path, unsigned flags, unsigned mode),
     (env, path, flags, mode), EIO)
WRAP(int, mdb_env_set_mapsize, (void *env, size_t size), (env, size), ENOMEM)
WRAP(int, mdb_env_sync, (void *env, int force), (env, force), EIO)
WRAP(int, mdb_env_copy2, (void *env, const char *path, unsigned flags), (env, path, flags), EIO)
WRAP(int, mdb_reader_check, (void *env, int *dead), (env, dead), EIO)
WRAP(int, mdb_dbi_open, (void *txn, const char *name, unsigned flags, unsigned *handle),
     (txn, name, flags, handle), ENOMEM)
WRAP(int, mdb_get, (void *txn, unsigned handle, void *key, void *value), (txn, handle, key, value),
     EIO)
WRAP(int, mdb_put, (void *txn, unsigned handle, void *key, void *value, unsigned flags),
     (txn, handle, key, value, flags), ENOSPC)
WRAP(int, mdb_del, (void *txn, unsigned handle, void *key, void *value), (txn, handle, key, value),
     EIO)
WRAP(int, mdb_cursor_get, (void *cursor, void *key, void *value, int operation),
     (cursor, key, value, operation), EIO)
WRAP(int, mdb_cursor_put, (void *cursor, void *key, void *value, unsigned flags),
     (cursor, key, value, flags), ENOSPC)

int __real_mdb_txn_begin(void *env, void *parent, unsigned flags, void **txn);
int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void **txn);
int __real_mdb_txn_commit(void *txn);
int __wrap_mdb_txn_commit(void *txn);
void __real_mdb_txn_abort(void *txn);
void __wrap_mdb_txn_abort(void *txn);
int __real_mdb_cursor_open(void *txn, unsigned handle, void **cursor);
int __wrap_mdb_cursor_open(void *txn, unsigned handle, void **cursor);
void __real_mdb_cursor_close(void *cursor);
void __wrap_mdb_cursor_close(void *cursor);

int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void **txn)
{
    int code = fails() ? ENOMEM : __real_mdb_txn_begin(env, parent, flags, txn);
    transactions += code == 0;
    return code;
}

int __wrap_mdb_txn_commit(void *txn)
{
    /* As LMDB does: the transaction is gone whatever comes out. */
    transactions--;
    if (!fails())
        return __real_mdb_txn_commit(txn);
    __real_mdb_txn_abort(txn);
    return EIO;
}

void __wrap_mdb_txn_abort(void *txn)
{
    transactions -= txn != NULL;
    __real_mdb_txn_abort(txn);
}

int __wrap_mdb_cursor_open(void *txn, unsigned handle, void **cursor)
{
    int code = fails() ? ENOMEM : __real_mdb_cursor_open(txn, handle, cursor);
    cursors += code == 0;
    return code;
}

void __wrap_mdb_cursor_close(void *cursor)
{
    cursors--;
    __real_mdb_cursor_close(cursor);
}

/* --- What is tortured ------------------------------------------------------------------------- */

static enum cf_status read_and_prove(struct cf_log *log, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf record;
    cf_buf_init(&record, CF_RECORD_SIZE_MAX);
    CF_TRY(cf_log_read(log, 3, &record, reterr_fault));
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    CF_TRY(cf_log_walk_begin(view, 1, &walk, reterr_fault));
    struct cf_log_entry entry;
    for (int i = 0; i < 3; i++)
        CF_TRY(cf_log_walk_next(walk, &entry, reterr_fault));
    struct cf_proof proof;
    CF_TRY(cf_tree_prove_inclusion(cf_log_view_tree(view), 2, BASE, &proof, reterr_fault));
    uint64_t size;
    struct cf_bytes note;
    enum cf_status status = cf_log_view_checkpoint(view, 1, UINT64_MAX, &size, &note, reterr_fault);
    return status == CF_NOT_FOUND ? CF_OK : status;
}

static enum cf_status look_up(struct cf_state *state, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *view = NULL;
    CF_TRY(cf_state_view_begin(state, &view, reterr_fault));
    struct cf_id stream = cf_sample_stream(1), subject = cf_sample_subject(1);
    uint64_t sequences[8], newest, count;
    size_t found;
    struct cf_state_request requests[8];
    CF_TRY(cf_state_view_stream(view, &stream, 1, sequences, 8, &found, reterr_fault));
    CF_TRY(cf_state_view_subject(view, &subject, &newest, &count, reterr_fault));
    return cf_state_view_requests(view, 0, requests, 8, &found, reterr_fault);
}

static enum cf_status live(struct cf_sample_log *sample, struct cf_fault *reterr_fault)
{
    char path[256];
    snprintf(path, sizeof path, "%s/log", sample->directory);
    CF_TRY(cf_log_open(&(struct cf_log_options){.directory = path, .step_size = 1 << 20},
                       &sample->log, reterr_fault));
    snprintf(path, sizeof path, "%s/state", sample->directory);
    CF_TRY(cf_state_open(&(struct cf_state_options){.directory = path,
                                                    .log = sample->log,
                                                    .evolve = cf_sample_evolve,
                                                    .step_size = 1 << 20},
                         &sample->state, &sample->start, reterr_fault));
    CF_TRY(cf_sample_log_try_append(sample, BATCH, reterr_fault));
    CF_TRY(cf_checkpoint_sign_head(sample->log, &sample->signer, NULL, reterr_fault));
    CF_TRY(cf_log_checkpoint_flush(sample->log, reterr_fault));
    CF_TRY(read_and_prove(sample->log, reterr_fault));
    CF_TRY(look_up(sample->state, reterr_fault));
    return cf_state_copy(sample->state, reterr_fault);
}

/* --- The test --------------------------------------------------------------------------------- */

static void copy_ledger(const char *from, const char *to)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf %s && cp -r %s %s", to, from, to);
    assert_int_equal(system(command), 0);
}

/* A whole batch or none of it; and a good start. */
static void check_after(const char *work, long n)
{
    struct cf_sample_log sample;
    cf_sample_log_open(&sample, work, NULL);
    uint64_t head = cf_log_head(sample.log);
    if (head != BASE && head != BASE + BATCH)
        fail_msg("call %ld: %llu records", n, (unsigned long long)head);
    assert_int_equal(cf_state_sequence(sample.state), head);
    cf_sample_log_append(&sample, 2);
    cf_sample_log_close(&sample);

    char log[200], live_state[200], scratch[200];
    snprintf(log, sizeof log, "%s/log", work);
    snprintf(live_state, sizeof live_state, "%s/state", work);
    snprintf(scratch, sizeof scratch, "%s/scratch", work);
    const struct cf_verify_options options = {.log_directory = log,
                                              .state_directory = live_state,
                                              .scratch_directory = scratch,
                                              .evolve = cf_sample_evolve,
                                              .thread_count = 1};
    struct cf_verify_report report;
    assert_int_equal(cf_verify(&options, NULL, NULL, &report, NULL), CF_OK);
    if (report.verdict != CF_VERIFY_GOOD)
        fail_msg("call %ld: %s", n, report.finding);
}

static void test_eventstore__survives_the_nth_failure(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    char base[128], work[128];
    cf_temp_dir_make(&dir);
    snprintf(base, sizeof base, "%s/base", dir.path);
    snprintf(work, sizeof work, "%s/work", dir.path);
    struct cf_sample_log sample;
    cf_sample_log_open(&sample, base, NULL);
    cf_sample_log_append(&sample, BASE);
    cf_sample_log_close(&sample);

    bool failed = true;
    for (long n = -1; failed; n++) {
        copy_ledger(base, work);
        struct cf_sample_log tortured = {.signer = sample.signer};
        struct cf_fault fault = {0};
        snprintf(tortured.directory, sizeof tortured.directory, "%s", work);
        int blocks_before = blocks;
        calls_left = n; /* -1 in the first round: nothing fails */
        armed = true;
        enum cf_status status = live(&tortured, &fault);
        cf_sample_log_close(&tortured);
        armed = false;
        failed = n < 0 || calls_left < 0;
        if (n < 0)
            assert_int_equal(status, CF_OK);
        if (status != CF_OK && (fault.text == NULL || fault.status != status))
            fail_msg("call %ld: %s without a fault", n, cf_status_name(status));
        assert_int_equal(transactions, 0);
        assert_int_equal(cursors, 0);
        if (blocks != blocks_before)
            fail_msg("call %ld leaks %d blocks", n, blocks - blocks_before);
        /* Each tenth, to spare the disk. */
        if (n < 0 || n % 10 == 0)
            check_after(work, n);
    }
    cf_temp_dir_remove(&dir);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eventstore__survives_the_nth_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
