/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_SPENT_H
#define CF_TOOLS_IMPORT_SPENT_H

/* Where the time went: the processor time that each process of a platform has used so far. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CF_IMPORT_SPENT_MAX 16

struct cf_import_spent {
    char name[32]; /* of the subcommand; what it started itself is its own */
    int64_t milliseconds;
};

/* The children of a supervisor, most time first; how many. */
size_t cf_import_spent_list(pid_t supervisor,
                            struct cf_import_spent ret_spent[CF_IMPORT_SPENT_MAX]);

#endif
