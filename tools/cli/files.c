/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/files.h"

#include "core/base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

enum cf_status cf_cli_read_file(const char *path, struct cf_buf *ret_bytes,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        CF_FAIL_ON(reterr_fault, errno == ENOENT ? CF_NOT_FOUND : CF_IO, "cannot open the file",
                   "%s: %s", path, strerror(errno));
    cf_buf_clear(ret_bytes);
    if (cf_buf_reserve(ret_bytes, (size_t)info.st_size) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_NO_SPACE, "the file is too large for what it should be", "%s",
                   path);
    if (read(fd, ret_bytes->data, (size_t)info.st_size) != (ssize_t)info.st_size)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot read the file", "%s: %s", path, strerror(errno));
    ret_bytes->size = (size_t)info.st_size;
    return CF_OK;
}

enum cf_status cf_cli_scratch_make(char ret_path[CF_CLI_SCRATCH_SIZE],
                                   struct cf_fault *reterr_fault)
{
    snprintf(ret_path, CF_CLI_SCRATCH_SIZE, "/var/tmp/coffer-scratch-XXXXXX");
    if (mkdtemp(ret_path) == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot make a scratch directory", "%s: %s", ret_path,
                   strerror(errno));
    return CF_OK;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

void cf_cli_scratch_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
