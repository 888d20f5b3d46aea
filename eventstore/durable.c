/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/durable.h"

#include "core/base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>

#define PATH_SIZE 4096

static enum cf_status fail(const char *text, const char *path, struct cf_fault *reterr_fault)
{
    int error = errno;
    enum cf_status status = CF_IO;
    if (error == EEXIST)
        status = CF_CONFLICT;
    else if (error == EACCES || error == EPERM || error == EROFS)
        status = CF_DENIED;
    else if (error == ENOSPC || error == EDQUOT)
        status = CF_NO_SPACE;
    CF_FAIL_ON(reterr_fault, status, text, "%s: %s", path, strerror(error));
}

enum cf_status cf_durable_sync(const char *path, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return fail("cannot sync", path, reterr_fault);
    return CF_OK;
}

enum cf_status cf_durable_sync_parent(const char *path, struct cf_fault *reterr_fault)
{
    char copy[PATH_SIZE];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "the path is too long", "%s", path);
    return cf_durable_sync(dirname(copy), reterr_fault);
}

enum cf_status cf_durable_rename(const char *from, const char *to, struct cf_fault *reterr_fault)
{
    if (rename(from, to) != 0)
        return fail("cannot put a file in its place", to, reterr_fault);
    return cf_durable_sync_parent(to, reterr_fault);
}

/* Writes it beside, and lets it take its name when it is whole. */
static enum cf_status place(const char *path, struct cf_bytes bytes, unsigned flags,
                            struct cf_fault *reterr_fault)
{
    char partial[PATH_SIZE];
    if (snprintf(partial, sizeof partial, "%s.%ld", path, (long)getpid()) >= (int)sizeof partial)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "the path is too long", "%s", path);
    CF_CLEANUP(cf_scope_close)
    int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail("cannot make a file", partial, reterr_fault);
    if (write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size && fsync(fd) == 0 &&
        renameat2(AT_FDCWD, partial, AT_FDCWD, path, flags) == 0)
        return cf_durable_sync_parent(path, reterr_fault);
    enum cf_status status = fail("cannot write a file", path, reterr_fault);
    unlink(partial);
    return status;
}

enum cf_status cf_durable_make(const char *path, struct cf_bytes bytes,
                               struct cf_fault *reterr_fault)
{
    return place(path, bytes, RENAME_NOREPLACE, reterr_fault);
}

enum cf_status cf_durable_replace(const char *path, struct cf_bytes bytes,
                                  struct cf_fault *reterr_fault)
{
    return place(path, bytes, 0, reterr_fault);
}
