/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_PROGRAM_H
#define CF_TOOLS_BENCH_PROGRAM_H

/* Runs a program that measures for us: pgbench, h2load. */

#include "core/base/status.h"

/* Runs argv (ends with NULL; argv[0] is looked up on the PATH), its output to a file or, with NULL, away;
 * its complaints away. Waits. NOT_FOUND when it is not installed, IO when it fails; the detail says which. */
CF_MUST_CHECK enum cf_status cf_bench_program(const char *const *argv, const char *output_path,
                                              struct cf_fault *reterr_fault);

#endif
