/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_SMALL_DISK_H
#define CF_TESTS_SUPPORT_SMALL_DISK_H

/* A small file system of a test's own, to be filled: an ext4 in a file or else a tmpfs. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

/* Mounts `size_mib` at `mount_point`, a directory; the ext4 lives in `file`. False, with errno, where
 * nothing can be mounted (no privileges). */
static inline bool cf_small_disk_mount(const char *file, const char *mount_point, int size_mib)
{
    char command[512], size[32];
    snprintf(command, sizeof command,
             "truncate -s %dM %s && mkfs.ext4 -q -m 0 %s 2>/dev/null && "
             "mount -o loop %s %s 2>/dev/null",
             size_mib, file, file, file, mount_point);
    if (system(command) == 0)
        return true;
    snprintf(size, sizeof size, "size=%dm", size_mib);
    return mount("coffer-test", mount_point, "tmpfs", 0, size) == 0;
}

/* Takes every byte that is left, into the file `junk`. False where the file cannot be made. */
static inline bool cf_small_disk_fill(const char *junk)
{
    static const char bytes[65536];
    int fd = open(junk, O_WRONLY | O_CREAT, 0600);
    if (fd < 0)
        return false;
    for (size_t size = sizeof bytes; size > 0;) {
        if (write(fd, bytes, size) < 0)
            size /= 2;
    }
    fsync(fd);
    close(fd);
    return true;
}

#endif
