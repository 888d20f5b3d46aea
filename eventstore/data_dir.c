/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/data_dir.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "eventstore/durable.h"
#include "eventstore/sodium.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SOCKET_NAME_SIZE_MAX 24
#define SOCKET_PATH_SIZE_MAX 107
#define NAME_SIZE_MAX 40
#define RUN_NAME_BYTES 8 /* of the hash; twice as many characters */

_Static_assert(sizeof((struct cf_data_dir *)0)->run_path + sizeof "/bus/" + SOCKET_NAME_SIZE_MAX <=
                   SOCKET_PATH_SIZE_MAX + 1,
               "every socket's path fits");

static enum cf_status fail_errno(struct cf_fault *reterr_fault, const char *text, const char *path)
{
    int error = errno;
    enum cf_status status = CF_IO;
    if (error == EACCES || error == EPERM || error == EROFS)
        status = CF_DENIED;
    else if (error == ENOSPC || error == EDQUOT)
        status = CF_NO_SPACE;
    CF_FAIL_ON(reterr_fault, status, text, "%s: %s", path, strerror(error));
}

/* As mkdir -p: every missing parent too, which gets the usual rights; the last one gets `mode`. */
static enum cf_status make_directories(const char *path, mode_t mode, struct cf_fault *reterr_fault)
{
    char partial[CF_DATA_DIR_PATH_SIZE];
    size_t size = strlen(path);
    CF_ASSERT(size < sizeof partial);
    memcpy(partial, path, size + 1);
    for (char *slash = strchr(partial + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(partial, 0755) != 0 && errno != EEXIST)
            return fail_errno(reterr_fault, "cannot make the directory", partial);
        *slash = '/';
    }
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return fail_errno(reterr_fault, "cannot make the directory", path);
    return CF_OK;
}

/* Where the data lives when nobody says. */
enum cf_status cf_data_dir_default(char *ret_path, size_t size, struct cf_fault *reterr_fault)
{
    const char *base = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int length;
    if (geteuid() == 0)
        length = snprintf(ret_path, size, "/var/lib/coffer");
    else if (base != NULL && base[0] == '/')
        length = snprintf(ret_path, size, "%s/coffer", base);
    else if (home != NULL && home[0] == '/')
        length = snprintf(ret_path, size, "%s/.local/share/coffer", home);
    else
        CF_FAIL(reterr_fault, CF_INVALID, "HOME is not set: say where the data lives with --data");
    if (length >= (int)size)
        CF_FAIL(reterr_fault, CF_INVALID, "the path of the data directory is too long");
    return CF_OK;
}

/* Nothing but what a fresh file system holds. */
static enum cf_status check_empty(const char *path, struct cf_fault *reterr_fault)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return fail_errno(reterr_fault, "cannot read the data directory", path);
    bool empty = true;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "lost+found") != 0 &&
            strncmp(name, "VERSION", 7) != 0)
            empty = false;
    }
    closedir(directory);
    if (!empty)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT,
                   "the directory is not empty and holds no ledger; name another with --data", "%s",
                   path);
    return CF_OK;
}

static enum cf_status check_version(const struct cf_data_dir *dir, struct cf_fault *reterr_fault)
{
    struct cf_data_dir_path path = cf_data_dir_path(dir, "VERSION");
    FILE *file = fopen(path.text, "re");
    if (file == NULL && errno == ENOENT) {
        CF_TRY(check_empty(dir->path, reterr_fault));
        /* Root's PostgreSQL runs as a user of its own, who must be able to pass through to pg/. */
        if (chmod(dir->path, geteuid() == 0 ? 0711 : 0700) != 0)
            return fail_errno(reterr_fault, "cannot set the rights of the data directory",
                              dir->path);
        char version[16];
        snprintf(version, sizeof version, "%d\n", CF_DATA_DIR_VERSION);
        /* Two who make it at once write the same. */
        return cf_durable_replace(path.text, cf_bytes_from_text(version), reterr_fault);
    }
    if (file == NULL)
        return fail_errno(reterr_fault, "cannot read the data directory's version", path.text);
    int version = 0;
    int fields = fscanf(file, "%9d", &version);
    fclose(file);
    if (fields != 1 || version < 1)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the data directory's version is no number", "%s",
                   path.text);
    if (version > CF_DATA_DIR_VERSION)
        CF_FAIL_ON(
            reterr_fault, CF_UNSUPPORTED,
            "the data directory belongs to a newer coffer; install that one, or name another "
            "directory with --data",
            "%s has version %d, this program knows up to %d", dir->path, version,
            CF_DATA_DIR_VERSION);
    return CF_OK;
}

/*
 * The parent of all run directories. Below /tmp anybody could have made it first, so it must be
 * ours alone; root's is fixed and needs no look.
 */
static enum cf_status make_run_parent(char *ret_parent, size_t size, struct cf_fault *reterr_fault)
{
    if (geteuid() == 0) {
        snprintf(ret_parent, size, "/run/coffer");
        return make_directories(ret_parent, 0711, reterr_fault);
    }
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/' && strlen(runtime) < 32 && access(runtime, W_OK) == 0)
        snprintf(ret_parent, size, "%s/coffer", runtime);
    else
        snprintf(ret_parent, size, "/tmp/coffer-%lu", (unsigned long)geteuid());
    CF_TRY(make_directories(ret_parent, 0700, reterr_fault));
    struct stat info;
    if (lstat(ret_parent, &info) != 0)
        return fail_errno(reterr_fault, "cannot look at the run directory", ret_parent);
    if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 0077) != 0)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the run directory is not ours alone; remove it", "%s",
                   ret_parent);
    return CF_OK;
}

static enum cf_status make_run_directory(struct cf_data_dir *dir, struct cf_fault *reterr_fault)
{
    char parent[sizeof dir->run_path - 2 * RUN_NAME_BYTES - 1];
    CF_TRY(make_run_parent(parent, sizeof parent, reterr_fault));
    struct cf_hash hash;
    cf_sha256(cf_bytes_from_text(dir->path), &hash);
    char name[2 * RUN_NAME_BYTES + 1];
    for (int i = 0; i < RUN_NAME_BYTES; i++)
        snprintf(name + 2 * i, 3, "%02x", hash.bytes[i]);
    snprintf(dir->run_path, sizeof dir->run_path, "%s/%s", parent, name);
    CF_TRY(make_directories(dir->run_path, geteuid() == 0 ? 0711 : 0700, reterr_fault));
    char bus[sizeof dir->run_path + sizeof "/bus"];
    snprintf(bus, sizeof bus, "%s/bus", dir->run_path);
    return make_directories(bus, 0700, reterr_fault);
}

/* The directory that is asked for, as it was written. */
static enum cf_status choose(const char *path, char ret_wanted[CF_DATA_DIR_PATH_SIZE],
                             struct cf_fault *reterr_fault)
{
    if (path == NULL || path[0] == '\0')
        return cf_data_dir_default(ret_wanted, CF_DATA_DIR_PATH_SIZE, reterr_fault);
    if (snprintf(ret_wanted, CF_DATA_DIR_PATH_SIZE, "%s", path) >= CF_DATA_DIR_PATH_SIZE)
        CF_FAIL(reterr_fault, CF_INVALID, "the path of the data directory is too long");
    return CF_OK;
}

enum cf_status cf_data_dir_open(const char *path, struct cf_data_dir *ret_dir,
                                struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    char wanted[CF_DATA_DIR_PATH_SIZE];
    CF_TRY(choose(path, wanted, reterr_fault));
    CF_TRY(make_directories(wanted, 0700, reterr_fault));
    char real[PATH_MAX];
    if (realpath(wanted, real) == NULL)
        return fail_errno(reterr_fault, "cannot open the data directory", wanted);
    if (strlen(real) >= sizeof dir.path)
        CF_FAIL(reterr_fault, CF_INVALID, "the path of the data directory is too long");
    memcpy(dir.path, real, strlen(real) + 1);
    CF_TRY(check_version(&dir, reterr_fault));
    CF_TRY(make_run_directory(&dir, reterr_fault));
    *ret_dir = dir;
    return CF_OK;
}

enum cf_status cf_data_dir_open_ledger(const char *path, struct cf_data_dir *ret_dir,
                                       struct cf_fault *reterr_fault)
{
    char wanted[CF_DATA_DIR_PATH_SIZE], version[CF_DATA_DIR_PATH_SIZE + sizeof "/VERSION"];
    CF_TRY(choose(path, wanted, reterr_fault));
    snprintf(version, sizeof version, "%s/VERSION", wanted);
    if (access(version, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND,
                   "there is no ledger here; name its directory with --data, or begin one with "
                   "`coffer up`",
                   "%s", wanted);
    return cf_data_dir_open(wanted, ret_dir, reterr_fault);
}

struct cf_data_dir_path cf_data_dir_path(const struct cf_data_dir *dir, const char *name)
{
    CF_ASSERT(strlen(name) <= NAME_SIZE_MAX);
    struct cf_data_dir_path path;
    snprintf(path.text, sizeof path.text, "%s/%s", dir->path, name);
    return path;
}

struct cf_data_dir_url cf_data_dir_socket(const struct cf_data_dir *dir, const char *name)
{
    CF_ASSERT(strlen(name) <= SOCKET_NAME_SIZE_MAX);
    struct cf_data_dir_url url;
    snprintf(url.text, sizeof url.text, "ipc://%s/bus/%s", dir->run_path, name);
    return url;
}

enum cf_status cf_data_dir_make(const struct cf_data_dir *dir, const char *name,
                                struct cf_fault *reterr_fault)
{
    return make_directories(cf_data_dir_path(dir, name).text, 0700, reterr_fault);
}

enum cf_status cf_data_dir_space(const struct cf_data_dir *dir, int64_t *ret_bytes,
                                 struct cf_fault *reterr_fault)
{
    struct statvfs info;
    if (statvfs(dir->path, &info) != 0)
        return fail_errno(reterr_fault, "cannot ask for the free space", dir->path);
    *ret_bytes = (int64_t)info.f_bavail * (int64_t)info.f_frsize;
    return CF_OK;
}
