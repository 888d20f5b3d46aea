/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_CORE_EVOLVE_H
#define CF_TOOLS_BENCH_CORE_EVOLVE_H

#include "tools/bench/figure.h"

/* The second half of `coffer bench core`: evolve and postings over a book in memory. */
CF_MUST_CHECK enum cf_status cf_bench_core_evolve(struct cf_bench *bench,
                                                  struct cf_fault *reterr_fault);

#endif
