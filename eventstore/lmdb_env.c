/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/lmdb_env.h"

#include "core/base/assert.h"
#include "eventstore/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define CF_LMDB_STEP_SIZE ((uint64_t)64 << 20)
#define CF_LMDB_AHEAD_SIZE_MAX ((uint64_t)1 << 30)
#define CF_LMDB_STEP_SIZE_MIN ((uint64_t)1 << 20)
/* A derived environment's whole map, of which the file's blocks fill the beginning. */
#define CF_LMDB_DERIVED_MAP_SIZE ((uint64_t)64 << 30)
#define CF_LMDB_PAGE_SIZE ((uint64_t)4096)
#define PATH_SIZE 4096
/* Room that a batch needs beside its rows: copied branch pages, free lists, a split here and there.
 */
#define CF_LMDB_BATCH_OVERHEAD ((uint64_t)256 * CF_LMDB_PAGE_SIZE)

struct cf_lmdb {
    MDB_env *env;
    int data_fd; /* LMDB's own; never closed here */
    bool read_only;
    uint64_t map_size;
    uint64_t room_size; /* of the map, what has disk blocks */
    uint64_t step_size;
    uint64_t reserve_size;
    pthread_rwlock_t map_lock; /* held shared by readers, alone by whoever moves the map */
};

struct cf_lmdb_txn {
    MDB_txn *txn;
    struct cf_lmdb *env;
    bool reads;
};

struct cf_lmdb_cursor {
    MDB_cursor *cursor;
};

static enum cf_status status_of(int code)
{
    if (code == MDB_NOTFOUND || code == ENOENT)
        return CF_NOT_FOUND;
    if (code == MDB_KEYEXIST)
        return CF_CONFLICT;
    if (code == MDB_MAP_FULL || code == ENOSPC || code == EDQUOT || code == EFBIG)
        return CF_NO_SPACE;
    if (code == ENOMEM)
        return CF_NO_MEMORY;
    if (code == EACCES || code == EROFS || code == EPERM)
        return CF_DENIED;
    if (code == MDB_VERSION_MISMATCH)
        return CF_UNSUPPORTED;
    if (code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
        code == MDB_PANIC || code == MDB_BAD_TXN || code == MDB_INCOMPATIBLE ||
        code == MDB_BAD_VALSIZE || code == MDB_CURSOR_FULL)
        return CF_CORRUPT;
    return CF_IO;
}

/* Turns LMDB's code into a status; the fault names the operation and LMDB's words. */
#define CF_LMDB_CHECK(fault, code, text)                                                           \
    do {                                                                                           \
        int cf_lmdb_code_ = (code);                                                                \
        if (cf_lmdb_code_ != 0)                                                                    \
            CF_FAIL_ON(fault, status_of(cf_lmdb_code_),                                            \
                       status_of(cf_lmdb_code_) == CF_NO_SPACE ? "the disk is full" : (text),      \
                       "%s", mdb_strerror(cf_lmdb_code_));                                         \
    } while (0)

static MDB_val val_from(struct cf_bytes bytes)
{
    /* LMDB does not write through the values it is given. */
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct cf_bytes bytes_from(MDB_val val)
{
    return cf_bytes_from(val.mv_data, val.mv_size);
}

static enum cf_status disk_free(int fd, uint64_t *ret_size, struct cf_fault *reterr_fault)
{
    struct statvfs disk;
    if (fstatvfs(fd, &disk) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot ask for the free disk space", "%s",
                   strerror(errno));
    *ret_size = (uint64_t)disk.f_bavail * disk.f_frsize;
    return CF_OK;
}

/* Gives the file blocks for [0, size); what is there stays. */
static enum cf_status allocate(struct cf_lmdb *env, uint64_t size, struct cf_fault *reterr_fault)
{
    struct stat file;
    if (fstat(env->data_fd, &file) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot look at the data file", "%s", strerror(errno));
    uint64_t present = (uint64_t)file.st_blocks * 512;
    if (size <= present)
        return CF_OK;
    uint64_t missing = size - present;
    uint64_t available;
    CF_TRY(disk_free(env->data_fd, &available, reterr_fault));
    if (missing > available || available - missing < env->reserve_size)
        CF_FAIL_ON(reterr_fault, CF_NO_SPACE, "the disk is full",
                   "%llu bytes free, %llu needed, %llu kept back", (unsigned long long)available,
                   (unsigned long long)missing, (unsigned long long)env->reserve_size);
    int code = posix_fallocate(env->data_fd, 0, (off_t)size);
    CF_LMDB_CHECK(reterr_fault, code, "cannot allocate disk blocks for the map");
    return CF_OK;
}

/* A data file is there with its first two pages or not at all: it gets its name when they last. */
static enum cf_status make_data_file(const char *path, struct cf_fault *reterr_fault)
{
    char partial[PATH_SIZE + 16];
    snprintf(partial, sizeof partial, "%s.new", path);
    unlink(partial); /* left by a crash */
    MDB_env *env;
    CF_LMDB_CHECK(reterr_fault, mdb_env_create(&env), "cannot make an LMDB environment");
    int code = mdb_env_open(env, partial, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    if (code == 0)
        code = mdb_env_sync(env, 1);
    mdb_env_close(env);
    if (code != 0)
        CF_FAIL_ON(reterr_fault, status_of(code), "cannot make a data file", "%s: %s", partial,
                   mdb_strerror(code));
    return cf_durable_rename(partial, path, reterr_fault);
}

/* Pages that the newest commit speaks of but the file does not have would be a signal when they are read. */
static enum cf_status check_length(struct cf_lmdb *env, const char *path,
                                   struct cf_fault *reterr_fault)
{
    struct stat file;
    MDB_envinfo info;
    CF_LMDB_CHECK(reterr_fault, mdb_env_info(env->env, &info), "cannot count pages");
    if (fstat(env->data_fd, &file) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot look at the data file", "%s", strerror(errno));
    if ((uint64_t)file.st_size / CF_LMDB_PAGE_SIZE <= info.me_last_pgno)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the data file is cut short", "%s: %llu of %llu bytes",
                   path, (unsigned long long)file.st_size,
                   (unsigned long long)(info.me_last_pgno + 1) * CF_LMDB_PAGE_SIZE);
    return CF_OK;
}

static enum cf_status open_env(struct cf_lmdb *env, const struct cf_lmdb_options *options,
                               struct cf_fault *reterr_fault)
{
    if (!options->read_only && mkdir(options->directory, 0700) != 0 && errno != EEXIST)
        CF_FAIL_ON(reterr_fault, status_of(errno), "cannot make the directory", "%s: %s",
                   options->directory, strerror(errno));

    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/data.mdb", options->directory) >= (int)sizeof path)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "the path is too long", "%s", options->directory);
    struct stat file;
    bool present = stat(path, &file) == 0, durable = !options->read_only && !options->derived;
    if (present && file.st_size == 0) /* LMDB would begin anew */
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the data file is empty", "%s", path);
    if (present && (uint64_t)file.st_size > env->map_size)
        env->map_size = ((uint64_t)file.st_size + CF_LMDB_PAGE_SIZE - 1) & ~(CF_LMDB_PAGE_SIZE - 1);

    if (!present && durable)
        CF_TRY(make_data_file(path, reterr_fault));
    if (durable) {
        /* Whoever made them may have ended before that. */
        CF_TRY(cf_durable_sync(options->directory, reterr_fault));
        CF_TRY(cf_durable_sync_parent(options->directory, reterr_fault));
    }

    CF_LMDB_CHECK(reterr_fault, mdb_env_create(&env->env), "cannot make an LMDB environment");
    CF_LMDB_CHECK(reterr_fault, mdb_env_set_maxdbs(env->env, options->table_count_max),
                  "cannot set the number of tables");
    CF_LMDB_CHECK(reterr_fault, mdb_env_set_mapsize(env->env, env->map_size),
                  "cannot set the map's size");
    unsigned flags = MDB_NOTLS;
    if (options->read_only)
        flags |= MDB_RDONLY;
    else if (options->derived)
        flags |= MDB_WRITEMAP | MDB_NOSYNC | MDB_NORDAHEAD;
    int code = mdb_env_open(env->env, options->directory, flags, 0600);
    if (code != 0)
        CF_FAIL_ON(reterr_fault, status_of(code), "cannot open the LMDB environment", "%s: %s",
                   options->directory, mdb_strerror(code));
    CF_LMDB_CHECK(reterr_fault, mdb_env_get_fd(env->env, &env->data_fd), "no data file");
    CF_TRY(check_length(env, path, reterr_fault));
    if (options->read_only)
        return CF_OK;

    /* A reader that was killed leaves its slot behind, and with it pages that are never reused. */
    int dead;
    CF_LMDB_CHECK(reterr_fault, mdb_reader_check(env->env, &dead), "cannot clear dead readers");
    env->room_size = options->derived ? env->step_size : env->map_size;
    return present && !options->derived ? CF_OK : allocate(env, env->room_size, reterr_fault);
}

enum cf_status cf_lmdb_open(const struct cf_lmdb_options *options, struct cf_lmdb **ret_env,
                            struct cf_fault *reterr_fault)
{
    CF_ASSERT(!(options->read_only && options->derived));
    CF_CLEANUP(cf_scope_cf_lmdb_close) struct cf_lmdb *env = calloc(1, sizeof *env);
    if (env == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for an LMDB environment");
    pthread_rwlock_init(&env->map_lock, NULL);
    env->data_fd = -1;
    env->read_only = options->read_only;
    env->step_size = options->step_size == 0 ? CF_LMDB_STEP_SIZE : options->step_size;
    env->reserve_size = options->reserve_size;
    env->map_size = options->derived ? CF_LMDB_DERIVED_MAP_SIZE : env->step_size;
    CF_TRY(open_env(env, options, reterr_fault));
    *ret_env = CF_TAKE(env);
    return CF_OK;
}

void cf_lmdb_close(struct cf_lmdb *env)
{
    if (env == NULL)
        return;
    if (env->env != NULL)
        mdb_env_close(env->env);
    pthread_rwlock_destroy(&env->map_lock);
    free(env);
}

uint64_t cf_lmdb_size(struct cf_lmdb *env)
{
    MDB_envinfo info;
    CF_ASSERT(mdb_env_info(env->env, &info) == 0);
    return (info.me_last_pgno + 1) * CF_LMDB_PAGE_SIZE;
}

/* Waits for the readers of this process: their map moves. */
static enum cf_status move_map(struct cf_lmdb *env, uint64_t size, struct cf_fault *reterr_fault)
{
    pthread_rwlock_wrlock(&env->map_lock);
    int code = mdb_env_set_mapsize(env->env, size);
    pthread_rwlock_unlock(&env->map_lock);
    CF_LMDB_CHECK(reterr_fault, code, "cannot grow the map");
    env->map_size = size;
    return CF_OK;
}

static enum cf_status grow(struct cf_lmdb *env, uint64_t needed, struct cf_fault *reterr_fault)
{
    /* Each step of a map maps the whole file anew, and its pages have to be found again: few, larger
     * steps. */
    uint64_t ahead = env->room_size / 4;
    if (ahead > CF_LMDB_AHEAD_SIZE_MAX)
        ahead = CF_LMDB_AHEAD_SIZE_MAX;
    uint64_t steps = (needed + ahead + env->step_size - 1) / env->step_size;
    uint64_t size = steps * env->step_size;
    if (allocate(env, size, NULL) != CF_OK) {
        /* No room for a whole step: take what is needed, so that the last of the disk can be used.
         */
        size = (needed + CF_LMDB_STEP_SIZE_MIN - 1) & ~(CF_LMDB_STEP_SIZE_MIN - 1);
        CF_TRY(allocate(env, size, reterr_fault));
    }
    if (size > env->map_size)
        CF_TRY(move_map(env, size, reterr_fault));
    env->room_size = size;
    return CF_OK;
}

enum cf_status cf_lmdb_reserve(struct cf_lmdb *env, uint64_t size, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!env->read_only);
    uint64_t needed = cf_lmdb_size(env) + size + size / 2 + CF_LMDB_BATCH_OVERHEAD;
    if (needed > env->room_size)
        CF_TRY(grow(env, needed, reterr_fault));
    uint64_t available;
    CF_TRY(disk_free(env->data_fd, &available, reterr_fault));
    if (available < env->reserve_size)
        CF_FAIL_ON(reterr_fault, CF_NO_SPACE, "the disk is full", "%llu bytes free, %llu kept back",
                   (unsigned long long)available, (unsigned long long)env->reserve_size);
    return CF_OK;
}

enum cf_status cf_lmdb_copy(struct cf_lmdb *env, const char *directory,
                            struct cf_fault *reterr_fault)
{
    pthread_rwlock_rdlock(&env->map_lock);
    int code = mdb_env_copy2(env->env, directory, MDB_CP_COMPACT);
    pthread_rwlock_unlock(&env->map_lock);
    CF_LMDB_CHECK(reterr_fault, code, "cannot copy the LMDB environment");
    return CF_OK;
}

enum cf_status cf_lmdb_sync(struct cf_lmdb *env, struct cf_fault *reterr_fault)
{
    CF_LMDB_CHECK(reterr_fault, mdb_env_sync(env->env, 1), "cannot sync the LMDB environment");
    return CF_OK;
}

static enum cf_status begin(struct cf_lmdb *env, bool reads, struct cf_lmdb_txn **ret_txn,
                            struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a transaction");
    txn->env = env;
    txn->reads = reads;
    if (reads)
        pthread_rwlock_rdlock(&env->map_lock);
    int code = mdb_txn_begin(env->env, NULL, reads ? MDB_RDONLY : 0, &txn->txn);
    if (code == MDB_MAP_RESIZED && env->read_only) {
        /* The writing process has grown the file: take over its size. */
        pthread_rwlock_unlock(&env->map_lock);
        pthread_rwlock_wrlock(&env->map_lock);
        code = mdb_env_set_mapsize(env->env, 0);
        pthread_rwlock_unlock(&env->map_lock);
        pthread_rwlock_rdlock(&env->map_lock);
        if (code == 0)
            code = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &txn->txn);
    }
    if (code != 0 && reads)
        pthread_rwlock_unlock(&env->map_lock);
    CF_LMDB_CHECK(reterr_fault, code, "cannot begin a transaction");
    *ret_txn = CF_TAKE(txn);
    return CF_OK;
}

enum cf_status cf_lmdb_begin_read(struct cf_lmdb *env, struct cf_lmdb_txn **ret_txn,
                                  struct cf_fault *reterr_fault)
{
    return begin(env, true, ret_txn, reterr_fault);
}

enum cf_status cf_lmdb_begin_write(struct cf_lmdb *env, struct cf_lmdb_txn **ret_txn,
                                   struct cf_fault *reterr_fault)
{
    CF_ASSERT(!env->read_only);
    return begin(env, false, ret_txn, reterr_fault);
}

enum cf_status cf_lmdb_commit(struct cf_lmdb_txn **txn, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_txn *ending = CF_TAKE(*txn);
    int code = mdb_txn_commit(ending->txn);
    if (ending->reads)
        pthread_rwlock_unlock(&ending->env->map_lock);
    CF_LMDB_CHECK(reterr_fault, code, "cannot commit");
    return CF_OK;
}

void cf_lmdb_abort(struct cf_lmdb_txn **txn)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_txn *ending = CF_TAKE(*txn);
    if (ending == NULL)
        return;
    mdb_txn_abort(ending->txn);
    if (ending->reads)
        pthread_rwlock_unlock(&ending->env->map_lock);
}

enum cf_status cf_lmdb_table_open(struct cf_lmdb_txn *txn, const char *name, bool sequence_keys,
                                  struct cf_lmdb_table *ret_table, struct cf_fault *reterr_fault)
{
    unsigned flags = (sequence_keys ? MDB_INTEGERKEY : 0) | (txn->reads ? 0 : MDB_CREATE);
    MDB_dbi handle;
    int code = mdb_dbi_open(txn->txn, name, flags, &handle);
    if (code != 0)
        CF_FAIL_ON(reterr_fault, status_of(code), "cannot open the table", "%s: %s", name,
                   mdb_strerror(code));
    ret_table->handle = handle;
    return CF_OK;
}

enum cf_status cf_lmdb_table_count(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                   uint64_t *ret_count, struct cf_fault *reterr_fault)
{
    MDB_stat table_stat;
    CF_LMDB_CHECK(reterr_fault, mdb_stat(txn->txn, table.handle, &table_stat), "cannot count rows");
    *ret_count = table_stat.ms_entries;
    return CF_OK;
}

enum cf_status cf_lmdb_get(struct cf_lmdb_txn *txn, struct cf_lmdb_table table, struct cf_bytes key,
                           struct cf_bytes *ret_value, struct cf_fault *reterr_fault)
{
    MDB_val key_val = val_from(key), value;
    int code = mdb_get(txn->txn, table.handle, &key_val, &value);
    if (code == MDB_NOTFOUND)
        return CF_NOT_FOUND;
    CF_LMDB_CHECK(reterr_fault, code, "cannot read a row");
    *ret_value = bytes_from(value);
    return CF_OK;
}

enum cf_status cf_lmdb_put(struct cf_lmdb_txn *txn, struct cf_lmdb_table table, struct cf_bytes key,
                           struct cf_bytes value, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!txn->reads);
    MDB_val key_val = val_from(key), value_val = val_from(value);
    CF_LMDB_CHECK(reterr_fault, mdb_put(txn->txn, table.handle, &key_val, &value_val, 0),
                  "cannot write a row");
    return CF_OK;
}

enum cf_status cf_lmdb_append(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                              struct cf_bytes key, size_t size, uint8_t **ret_value,
                              struct cf_fault *reterr_fault)
{
    CF_ASSERT(!txn->reads);
    MDB_val key_val = val_from(key), value = {.mv_size = size};
    CF_LMDB_CHECK(reterr_fault,
                  mdb_put(txn->txn, table.handle, &key_val, &value, MDB_APPEND | MDB_RESERVE),
                  "cannot append a row");
    *ret_value = value.mv_data;
    return CF_OK;
}

enum cf_status cf_lmdb_delete(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                              struct cf_bytes key, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!txn->reads);
    MDB_val key_val = val_from(key);
    int code = mdb_del(txn->txn, table.handle, &key_val, NULL);
    if (code == MDB_NOTFOUND)
        return CF_NOT_FOUND;
    CF_LMDB_CHECK(reterr_fault, code, "cannot delete a row");
    return CF_OK;
}

enum cf_status cf_lmdb_cursor_open(struct cf_lmdb_txn *txn, struct cf_lmdb_table table,
                                   struct cf_lmdb_cursor **ret_cursor,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) struct cf_lmdb_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a cursor");
    CF_LMDB_CHECK(reterr_fault, mdb_cursor_open(txn->txn, table.handle, &cursor->cursor),
                  "cannot open a cursor");
    *ret_cursor = CF_TAKE(cursor);
    return CF_OK;
}

void cf_lmdb_cursor_close(struct cf_lmdb_cursor *cursor)
{
    if (cursor == NULL)
        return;
    mdb_cursor_close(cursor->cursor);
    free(cursor);
}

static enum cf_status cursor_get(struct cf_lmdb_cursor *cursor, MDB_cursor_op operation,
                                 struct cf_bytes from, struct cf_bytes *ret_key,
                                 struct cf_bytes *ret_value, struct cf_fault *reterr_fault)
{
    MDB_val key = val_from(from), value;
    int code = mdb_cursor_get(cursor->cursor, &key, &value, operation);
    if (code == MDB_NOTFOUND)
        return CF_NOT_FOUND;
    CF_LMDB_CHECK(reterr_fault, code, "cannot walk a table");
    *ret_key = bytes_from(key);
    *ret_value = bytes_from(value);
    return CF_OK;
}

enum cf_status cf_lmdb_cursor_move(struct cf_lmdb_cursor *cursor, enum cf_lmdb_step step,
                                   struct cf_bytes *ret_key, struct cf_bytes *ret_value,
                                   struct cf_fault *reterr_fault)
{
    static const MDB_cursor_op operations[] = {
        [CF_LMDB_FIRST] = MDB_FIRST,
        [CF_LMDB_LAST] = MDB_LAST,
        [CF_LMDB_NEXT] = MDB_NEXT,
        [CF_LMDB_PREVIOUS] = MDB_PREV,
    };
    return cursor_get(cursor, operations[step], (struct cf_bytes){0}, ret_key, ret_value,
                      reterr_fault);
}

enum cf_status cf_lmdb_cursor_seek(struct cf_lmdb_cursor *cursor, struct cf_bytes key,
                                   struct cf_bytes *ret_key, struct cf_bytes *ret_value,
                                   struct cf_fault *reterr_fault)
{
    return cursor_get(cursor, MDB_SET_RANGE, key, ret_key, ret_value, reterr_fault);
}

/* --- Pages ------------------------------------------------------------------------------------ */

/* LMDB's own two trees: free pages by the transaction that freed them, and the tables. */
enum { FREE_PAGES = 0, TABLES = 1 };
#define META_PAGES 2

static uint64_t pages_of(MDB_txn *txn, MDB_dbi tree)
{
    MDB_stat stat;
    if (mdb_stat(txn, tree, &stat) != 0)
        return 0;
    return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

static uint64_t pages_of_tables(MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t count = 0;
    if (mdb_cursor_open(txn, TABLES, &cursor) != 0)
        return 0;
    for (int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); code == 0;
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        char name[64];
        MDB_dbi table;
        snprintf(name, sizeof name, "%.*s", (int)key.mv_size, (const char *)key.mv_data);
        if (mdb_dbi_open(txn, name, 0, &table) == 0)
            count += pages_of(txn, table);
    }
    mdb_cursor_close(cursor);
    return count;
}

/* Ticks off the free pages; false where one is out of range or free twice. */
static bool tick_free_pages(MDB_txn *txn, uint64_t page_count, uint8_t *ticked, uint64_t *ret_count)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    bool good = mdb_cursor_open(txn, FREE_PAGES, &cursor) == 0;
    if (!good)
        return false;
    *ret_count = 0;
    for (int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); code == 0 && good;
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        const size_t *pages = value.mv_data; /* their number, then each */
        good = (uintptr_t)pages % _Alignof(size_t) == 0 && value.mv_size >= sizeof *pages &&
               pages[0] < value.mv_size / sizeof *pages;
        for (size_t i = 1; good && i <= pages[0]; i++) {
            good = pages[i] >= META_PAGES && pages[i] < page_count &&
                   (ticked[pages[i] / 8] >> pages[i] % 8 & 1) == 0;
            if (good)
                ticked[pages[i] / 8] |= (uint8_t)(1 << pages[i] % 8);
        }
        *ret_count += good ? pages[0] : 0;
    }
    mdb_cursor_close(cursor);
    return good;
}

static enum cf_status check_pages(MDB_txn *txn, uint64_t page_count, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) uint8_t *ticked = calloc(page_count / 8 + 1, 1);
    if (ticked == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory to count pages");
    uint64_t free_count, used_count = META_PAGES + pages_of(txn, FREE_PAGES) +
                                      pages_of(txn, TABLES) + pages_of_tables(txn);
    if (!tick_free_pages(txn, page_count, ticked, &free_count))
        CF_FAIL(reterr_fault, CF_CORRUPT, "the list of free pages is damaged");
    if (used_count + free_count != page_count)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "pages are lost, or free and in use at once",
                   "%llu in use and %llu free of %llu", (unsigned long long)used_count,
                   (unsigned long long)free_count, (unsigned long long)page_count);
    return CF_OK;
}

enum cf_status cf_lmdb_check_pages(struct cf_lmdb *env, struct cf_fault *reterr_fault)
{
    for (;;) {
        CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
        MDB_envinfo info;
        CF_TRY(cf_lmdb_begin_read(env, &txn, reterr_fault));
        CF_LMDB_CHECK(reterr_fault, mdb_env_info(env->env, &info), "cannot count pages");
        /* Unless a writer has just committed once more, both speak of the same commit. */
        if (info.me_last_txnid == mdb_txn_id(txn->txn))
            return check_pages(txn->txn, info.me_last_pgno + 1, reterr_fault);
    }
}
