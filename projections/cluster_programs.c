/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which PostgreSQL is on this machine. Debian keeps each version in a directory of its own and out
 * of PATH; elsewhere it is in PATH.
 */
#include "core/base/scope.h"
#include "projections/cluster_private.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION_MIN = 15 };

#define PROGRAMS_ROOT "/usr/lib/postgresql"

static bool has_programs(const char *directory)
{
    char initdb[PATH_MAX], postgres[PATH_MAX];
    snprintf(initdb, sizeof initdb, "%s/initdb", directory);
    snprintf(postgres, sizeof postgres, "%s/postgres", directory);
    return access(initdb, X_OK) == 0 && access(postgres, X_OK) == 0;
}

/* The newest version below PROGRAMS_ROOT, or exactly `wanted` if that is not 0; 0 if there is none.
 */
static long installed_version(long wanted)
{
    DIR *root = opendir(PROGRAMS_ROOT);
    if (root == NULL)
        return 0;
    long newest = 0;
    for (struct dirent *entry = readdir(root); entry != NULL; entry = readdir(root)) {
        char directory[PATH_MAX];
        snprintf(directory, sizeof directory, PROGRAMS_ROOT "/%s/bin", entry->d_name);
        long version = strtol(entry->d_name, NULL, 10);
        if (version > newest && (wanted == 0 || version == wanted) && has_programs(directory))
            newest = version;
    }
    closedir(root);
    return newest;
}

static enum cf_status find_in_path(struct cf_buf *directory)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t size = strcspn(path, ":");
        cf_buf_clear(directory);
        CF_TRY(cf_buf_append(directory, cf_bytes_from(path, size)));
        CF_TRY(cf_buf_terminate(directory));
        if (size > 0 && has_programs((const char *)directory->data))
            return CF_OK;
        path += size + (path[size] == ':');
    }
    return CF_NOT_FOUND;
}

enum cf_status cf_cluster__find_programs(long wanted, struct cf_buf *directory,
                                         struct cf_fault *reterr_fault)
{
    long version = installed_version(wanted);
    if (version >= VERSION_MIN) {
        CF_TRY(cf_buf_append_format(directory, PROGRAMS_ROOT "/%ld/bin", version));
        return cf_buf_terminate(directory);
    }
    if (find_in_path(directory) == CF_OK)
        return CF_OK;
    CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "PostgreSQL is not installed",
               "version %ld%s was looked for in " PROGRAMS_ROOT " and PATH",
               wanted == 0 ? (long)VERSION_MIN : wanted, wanted == 0 ? " or later" : "");
}
