/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/lmdb_env_private.h"

#include "core/base/assert.h"
#include "eventstore/durable.h"
#include "eventstore/lmdb_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define CF_LMDB_STEP_SIZE ((uint64_t)64 << 20)
#define CF_LMDB_AHEAD_SIZE_MAX ((uint64_t)1 << 30)
#define CF_LMDB_STEP_SIZE_MIN ((uint64_t)1 << 20)
/* A derived environment's whole map, of which the file's blocks fill the beginning. */
#define CF_LMDB_DERIVED_MAP_SIZE ((uint64_t)64 << 30)
#define PATH_SIZE 4096
#define CHECK_TRIES 1000
/* Room that a batch needs beside its rows: copied branch pages, free lists, a split here and there.
 */
#define CF_LMDB_BATCH_OVERHEAD ((uint64_t)256 * CF_LMDB_PAGE_SIZE)

enum cf_status cf_lmdb__status(int code)
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
        CF_FAIL_ON(reterr_fault, cf_lmdb__status(code), "cannot make a data file", "%s: %s",
                   partial, mdb_strerror(code));
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
        CF_FAIL_ON(reterr_fault, cf_lmdb__status(errno), "cannot make the directory", "%s: %s",
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
        CF_FAIL_ON(reterr_fault, cf_lmdb__status(code), "cannot open the LMDB environment",
                   "%s: %s", options->directory, mdb_strerror(code));
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

/* --- Pages ------------------------------------------------------------------------------------ */

static enum cf_status check_pages(struct cf_lmdb *env, uint64_t commit,
                                  struct cf_fault *reterr_fault)
{
    struct stat file;
    if (fstat(env->data_fd, &file) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot look at the data file", "%s", strerror(errno));
    size_t size = (size_t)file.st_size;
    /* What fits into memory is mapped at once, which is cheaper than page by page. */
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    int at_once = size < memory / 2 ? MAP_POPULATE : 0;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED | at_once, env->data_fd, 0);
    if (bytes == MAP_FAILED)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot map the data file", "%s", strerror(errno));
    enum cf_status status = cf_lmdb_pages_check(cf_bytes_from(bytes, size), commit, reterr_fault);
    munmap(bytes, size);
    return status;
}

enum cf_status cf_lmdb_check_pages(struct cf_lmdb *env, struct cf_fault *reterr_fault)
{
    for (int i = 0; i < CHECK_TRIES; i++) {
        CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
        /* Who reads a commit keeps its pages, but not its meta page from the commit after the next. */
        CF_TRY(cf_lmdb_begin_read(env, &txn, reterr_fault));
        enum cf_status status = check_pages(env, mdb_txn_id(txn->txn), reterr_fault);
        if (status != CF_RETRY)
            return status;
    }
    CF_FAIL(reterr_fault, CF_CORRUPT, "the meta pages do not agree with what is read");
}
