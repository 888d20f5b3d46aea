/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_TEMP_DIR_H
#define CF_TESTS_SUPPORT_TEMP_DIR_H

/* A fresh directory for one test, removed with all that is in it. */

#include "core/base/assert.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

struct cf_temp_dir {
    char path[64];
};

static inline void cf_temp_dir_make(struct cf_temp_dir *dir)
{
    snprintf(dir->path, sizeof dir->path, "/tmp/cf-test-XXXXXX");
    CF_ASSERT(mkdtemp(dir->path) != NULL);
}

static inline int cf_temp_dir_remove_one(const char *path, const struct stat *info, int kind,
                                         struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

static inline void cf_temp_dir_remove_path(const char *path)
{
    CF_ASSERT(nftw(path, cf_temp_dir_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static inline void cf_temp_dir_remove(struct cf_temp_dir *dir)
{
    cf_temp_dir_remove_path(dir->path);
}

#endif
