/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_FILES_H
#define CF_TOOLS_CLI_FILES_H

/* Small files and scratch directories of subcommands. */

#include "core/base/bytes.h"

/* Reads a whole file into the buffer; NO_SPACE when it is larger than the buffer may grow. */
CF_MUST_CHECK enum cf_status cf_cli_read_file(const char *path, struct cf_buf *ret_bytes,
                                              struct cf_fault *reterr_fault);

#define CF_CLI_SCRATCH_SIZE 64

/* A fresh empty directory on a real disk, and its end with all that is in it. */
CF_MUST_CHECK enum cf_status cf_cli_scratch_make(char ret_path[CF_CLI_SCRATCH_SIZE],
                                                 struct cf_fault *reterr_fault);
void cf_cli_scratch_remove(const char *path);

#endif
