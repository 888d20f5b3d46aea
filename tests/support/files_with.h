/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_FILES_WITH_H
#define CF_TESTS_SUPPORT_FILES_WITH_H

/* What is in files: for tests that something is nowhere any more. */

#include "core/base/bytes.h"
#include "tests/support/cmocka.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads what lies between the file's holes (a derived map is mostly holes); free pages are read too. */
static inline bool cf_file_holds(const char *path, struct cf_bytes needle)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    bool found = false;
    for (off_t at = lseek(fd, 0, SEEK_DATA); at >= 0 && !found; at = lseek(fd, at, SEEK_DATA)) {
        size_t size = (size_t)(lseek(fd, at, SEEK_HOLE) - at);
        uint8_t *bytes = malloc(size);
        assert_non_null(bytes);
        assert_int_equal(pread(fd, bytes, size, at), size);
        found = memmem(bytes, size, needle.data, needle.size) != NULL;
        free(bytes);
        at += (off_t)size;
    }
    close(fd);
    return found;
}

/* How many files below the folder hold the bytes. */
static inline int cf_files_with(const char *folder, struct cf_bytes needle)
{
    int found = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[4096];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            lstat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            found += cf_files_with(path, needle);
        else if (S_ISREG(info.st_mode))
            found += cf_file_holds(path, needle);
    }
    closedir(dir);
    return found;
}

#endif
