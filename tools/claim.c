/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two locks, both held to the end of the process: up.lock by the supervisor alone, family.lock by
 * all its children too, who may be still stopping when a killed supervisor is started again.
 */
#include "tools/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define PATIENCE_MS 15000
#define POLL_MS 20
/* Below this the writer would refuse commands soon, and PostgreSQL cannot begin. */
#define SPACE_MIN_MB 512

static enum cf_status check_space(const struct cf_data_dir *dir, struct cf_fault *reterr_fault)
{
    int64_t bytes;
    CF_TRY(cf_data_dir_space(dir, &bytes, reterr_fault));
    if (bytes / (1 << 20) < SPACE_MIN_MB)
        CF_FAIL_ON(reterr_fault, CF_NO_SPACE,
                   "the disk is full: make room, or name a directory on another disk with --data",
                   "%s has %lld MB free and needs %d", dir->path, (long long)(bytes >> 20),
                   SPACE_MIN_MB);
    return CF_OK;
}

/* Opens (and makes) a file of the run directory to be locked. */
static enum cf_status open_lock(const struct cf_data_dir *dir, const char *name, int flags,
                                int *ret_fd, struct cf_fault *reterr_fault)
{
    char path[sizeof dir->run_path + 32];
    snprintf(path, sizeof path, "%s/%s", dir->run_path, name);
    *ret_fd = open(path, O_RDWR | O_CREAT | flags, 0600);
    if (*ret_fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write to the run directory", "%s: %s", path,
                   strerror(errno));
    return CF_OK;
}

enum cf_status cf_claim(const struct cf_data_dir *dir, int *ret_own, struct cf_fault *reterr_fault)
{
    int own, family;
    CF_TRY(check_space(dir, reterr_fault));
    CF_TRY(open_lock(dir, "up.lock", O_CLOEXEC, &own, reterr_fault));
    if (flock(own, LOCK_EX | LOCK_NB) != 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT,
                   "another `coffer up` or import runs on this data directory; stop it, or name "
                   "another directory with --data",
                   "%s", dir->path);
    CF_TRY(open_lock(dir, "family.lock", 0, &family, reterr_fault));
    for (int waited_ms = 0; flock(family, LOCK_EX | LOCK_NB) != 0; waited_ms += POLL_MS) {
        if (waited_ms >= PATIENCE_MS)
            CF_FAIL_ON(reterr_fault, CF_CONFLICT,
                       "processes of an earlier run are still there; stop them first", "%s",
                       dir->path);
        poll(NULL, 0, POLL_MS);
    }
    *ret_own = own;
    return CF_OK;
}
