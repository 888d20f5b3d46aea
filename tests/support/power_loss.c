/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded in front of the C library (LD_PRELOAD): a disk that loses power.
 *
 * Every write below CF_POWER_LOSS_DIR goes through, but the bytes that it replaces are kept. A sync of
 * the file forgets them; a write through an O_DSYNC descriptor keeps none of its own. Before the
 * write or sync number CF_POWER_LOSS_AT the power goes: what was not synced is taken back, page by
 * page, all of it or (CF_POWER_LOSS_SEED odd) a random half, since a disk may have written some of
 * it, in any order. Then the process ends with status 77.
 *
 * A file made, a directory made and a rename are entries of a directory, and last once that is synced: at
 * the cut those that were not are taken back too (unless the seed's second bit is set: a journal may have
 * written them). Syncing a new file does not keep its name. What is made through stdio is not seen.
 *
 * With CF_POWER_LOSS_FAILS=1 that sync, or the next one, fails with EIO instead, once, and nothing else
 * happens: a disk that reports an error.
 *
 * CF_POWER_LOSS_DEAF=1 makes syncs do nothing: what a program looks like that forgot them; =names, those
 * of directories alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE ((off_t)4096)
#define EXIT_STATUS 77

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at);
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at);

/* What one page held before the first write since its last sync. */
struct kept_page {
    struct kept_page *older;
    ino_t file;
    off_t at;
    char path[PATH_MAX];
    uint8_t bytes[4096];
};

/* A new name whose directory was not synced since. */
struct kept_name {
    struct kept_name *older;
    char from[PATH_MAX]; /* empty: it was made, not renamed */
    char to[PATH_MAX];
    char replaced[PATH_MAX + 32]; /* a second name of the file that was there; empty: none was */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept_page *newest;
static struct kept_name *newest_name;
static long operations;

#define REAL(name, type, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value == NULL ? otherwise : value;
}

static bool deaf(const char *how)
{
    return strcmp(setting("CF_POWER_LOSS_DEAF", ""), how) == 0;
}

/* True for regular files below the directory. */
static bool tracked(int fd, char path[PATH_MAX], struct stat *ret_info)
{
    const char *directory = setting("CF_POWER_LOSS_DIR", "");
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    if (directory[0] == '\0' || size <= 0 || fstat(fd, ret_info) != 0 ||
        !S_ISREG(ret_info->st_mode))
        return false;
    path[size] = '\0';
    return strncmp(path, directory, strlen(directory)) == 0;
}

static bool lost(const struct kept_page *page, unsigned long seed)
{
    if (seed % 2 == 0)
        return true;
    uint64_t hash = ((uint64_t)page->at / 4096 + 1) * 0x9e3779b97f4a7c15 ^ seed;
    hash = (hash ^ hash >> 31) * 0xbf58476d1ce4e5b9;
    return (hash >> 40 & 1) != 0;
}

/* What was written to one name is found under the other. */
static void move_pages(const char *from, const char *to)
{
    for (struct kept_page *page = newest; page != NULL; page = page->older) {
        if (strcmp(page->path, from) == 0)
            snprintf(page->path, sizeof page->path, "%s", to);
    }
}

static void move_back(const char *from, const char *to)
{
    if (REAL("rename", int, const char *, const char *)(from, to) != 0)
        abort();
    move_pages(from, to);
}

static void take_back_names(unsigned long seed)
{
    for (struct kept_name *name = newest_name; name != NULL; name = name->older) {
        if ((seed & 2) != 0) {
            unlink(name->replaced);
        } else if (name->from[0] != '\0') {
            move_back(name->to, name->from);
            if (name->replaced[0] != '\0')
                move_back(name->replaced, name->to);
        } else if (access(name->to, F_OK) == 0) {
            char lost[PATH_MAX + 32]; /* a directory goes with all that is in it */
            snprintf(lost, sizeof lost, "%s.lost.%d", name->to, (int)getpid());
            move_back(name->to, lost);
        }
    }
}

static void cut_power(void)
{
    unsigned long seed = strtoul(setting("CF_POWER_LOSS_SEED", "0"), NULL, 10);
    ssize_t (*real)(int, const void *, size_t, off_t) =
        REAL("pwrite64", ssize_t, int, const void *, size_t, off_t);
    take_back_names(seed);
    for (struct kept_page *page = newest; page != NULL; page = page->older) {
        int fd = lost(page, seed) ? open(page->path, O_WRONLY) : -1;
        if (fd < 0)
            continue;
        if (real(fd, page->bytes, sizeof page->bytes, page->at) != (ssize_t)sizeof page->bytes)
            abort();
        close(fd);
    }
    _exit(EXIT_STATUS);
}

static bool only_fails(void)
{
    return setting("CF_POWER_LOSS_FAILS", "")[0] != '\0';
}

/* One write or sync more; under the lock. */
static void count_operation(void)
{
    operations++;
    if (!only_fails() && operations == strtol(setting("CF_POWER_LOSS_AT", "-1"), NULL, 10))
        cut_power();
}

static bool have_page(ino_t file, off_t at)
{
    for (struct kept_page *page = newest; page != NULL; page = page->older) {
        if (page->file == file && page->at == at)
            return true;
    }
    return false;
}

static void before_write(int fd, off_t at, size_t size)
{
    char path[PATH_MAX];
    struct stat info;
    if (!tracked(fd, path, &info))
        return;
    pthread_mutex_lock(&lock);
    count_operation();
    bool synced = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    int reader = synced ? -1 : open(path, O_RDONLY);
    for (off_t page_at = at / PAGE * PAGE; reader >= 0 && page_at < at + (off_t)size;
         page_at += PAGE) {
        if (have_page(info.st_ino, page_at))
            continue;
        struct kept_page *page = calloc(1, sizeof *page);
        ssize_t had = page == NULL ? -1 : pread(reader, page->bytes, sizeof page->bytes, page_at);
        if (had < 0)
            abort();
        page->file = info.st_ino;
        page->at = page_at;
        memcpy(page->path, path, sizeof page->path);
        page->older = newest;
        newest = page;
    }
    if (reader >= 0)
        close(reader);
    pthread_mutex_unlock(&lock);
}

static bool below(const char *path)
{
    const char *directory = setting("CF_POWER_LOSS_DIR", "");
    return directory[0] != '\0' && strncmp(path, directory, strlen(directory)) == 0;
}

/* Notes a name that is about to be there; under the lock. */
static struct kept_name *keep_name(const char *from, const char *to)
{
    struct kept_name *name = calloc(1, sizeof *name);
    if (name == NULL)
        abort();
    snprintf(name->from, sizeof name->from, "%s", from);
    snprintf(name->to, sizeof name->to, "%s", to);
    name->older = newest_name;
    newest_name = name;
    return name;
}

/* A synced directory keeps its entries. */
static void after_directory_sync(int fd)
{
    char link[64], path[PATH_MAX];
    struct stat info;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    if (size <= 0 || fstat(fd, &info) != 0 || !S_ISDIR(info.st_mode) || deaf("1") || deaf("names"))
        return;
    pthread_mutex_lock(&lock);
    for (struct kept_name **name = &newest_name; *name != NULL;) {
        struct kept_name *this = *name;
        if (strncmp(this->to, path, (size_t)size) != 0 || this->to[size] != '/' ||
            strchr(this->to + size + 1, '/') != NULL) {
            name = &this->older;
            continue;
        }
        unlink(this->replaced);
        *name = this->older;
        free(this);
    }
    pthread_mutex_unlock(&lock);
}

static void after_sync(int fd)
{
    char path[PATH_MAX];
    struct stat info;
    after_directory_sync(fd);
    if (!tracked(fd, path, &info) || deaf("1"))
        return;
    pthread_mutex_lock(&lock);
    for (struct kept_page **page = &newest; *page != NULL;) {
        struct kept_page *this = *page;
        if (this->file != info.st_ino) {
            page = &this->older;
            continue;
        }
        *page = this->older;
        free(this);
    }
    pthread_mutex_unlock(&lock);
}

/* False where this sync is the one that fails. */
static bool before_sync(int fd)
{
    static bool failed;
    char path[PATH_MAX];
    struct stat info;
    if (!tracked(fd, path, &info))
        return true;
    pthread_mutex_lock(&lock);
    count_operation();
    bool fails = only_fails() && !failed &&
                 operations >= strtol(setting("CF_POWER_LOSS_AT", "-1"), NULL, 10);
    failed = failed || fails;
    pthread_mutex_unlock(&lock);
    return !fails;
}

/* --- What the program calls ------------------------------------------------------------------- */

ssize_t write(int fd, const void *bytes, size_t size)
{
    before_write(fd, lseek(fd, 0, SEEK_CUR), size);
    return REAL("write", ssize_t, int, const void *, size_t)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    before_write(fd, at, size);
    return REAL("pwrite", ssize_t, int, const void *, size_t, off_t)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    before_write(fd, at, size);
    return REAL("pwrite64", ssize_t, int, const void *, size_t, off_t)(fd, bytes, size, at);
}

static size_t total(const struct iovec *parts, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    before_write(fd, at, total(parts, count));
    return REAL("pwritev", ssize_t, int, const struct iovec *, int, off_t)(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at)
{
    before_write(fd, at, total(parts, count));
    return REAL("pwritev64", ssize_t, int, const struct iovec *, int, off_t)(fd, parts, count, at);
}

int fdatasync(int fd)
{
    if (!before_sync(fd)) {
        errno = EIO;
        return -1;
    }
    int result = REAL("fdatasync", int, int)(fd);
    if (result == 0)
        after_sync(fd);
    return result;
}

int fsync(int fd)
{
    if (!before_sync(fd)) {
        errno = EIO;
        return -1;
    }
    int result = REAL("fsync", int, int)(fd);
    if (result == 0)
        after_sync(fd);
    return result;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    static int count;
    int (*real)(int, const char *, int, const char *, unsigned) =
        REAL("renameat2", int, int, const char *, int, const char *, unsigned);
    if (!below(to))
        return real(from_fd, from, to_fd, to, flags);
    pthread_mutex_lock(&lock);
    count_operation();
    char replaced[PATH_MAX + 32];
    snprintf(replaced, sizeof replaced, "%s.replaced.%d", to, count++);
    bool replaces = link(to, replaced) == 0;
    int result = real(from_fd, from, to_fd, to, flags);
    if (result == 0) {
        struct kept_name *name = keep_name(from, to);
        if (replaces)
            memcpy(name->replaced, replaced, sizeof replaced);
        move_pages(to, replaced);
        move_pages(from, to);
    } else if (replaces) {
        unlink(replaced);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
    if (!below(path))
        return REAL("mkdir", int, const char *, mode_t)(path, mode);
    pthread_mutex_lock(&lock);
    int result = REAL("mkdir", int, const char *, mode_t)(path, mode);
    if (result == 0)
        keep_name("", path);
    pthread_mutex_unlock(&lock);
    return result;
}

static int open_by(const char *name, const char *path, int flags, mode_t mode)
{
    if ((flags & O_CREAT) == 0 || !below(path))
        return REAL(name, int, const char *, int, mode_t)(path, flags, mode);
    pthread_mutex_lock(&lock);
    bool makes = access(path, F_OK) != 0;
    int fd = REAL(name, int, const char *, int, mode_t)(path, flags, mode);
    if (fd >= 0 && makes)
        keep_name("", path);
    pthread_mutex_unlock(&lock);
    return fd;
}

/* The mode is there only where a file may be made. */
static mode_t mode_of(int flags, va_list rest)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_by("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_by("open64", path, flags, mode);
}
