/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_STREAMS_H
#define CF_TOOLS_BENCH_STREAMS_H

/*
 * Live streams: CF_STREAMS_COUNT viewers of one campaign that is pledged to at a steady rate, and how long
 * it takes from a record's time to its arrival at a viewer.
 */

#include "tools/bench/platform.h"

#define CF_STREAMS_COUNT 2000
#define CF_STREAMS_PLEDGES_PER_SECOND 200

CF_MUST_CHECK enum cf_status cf_streams_measure(struct cf_bench *bench,
                                                const struct cf_platform *platform,
                                                struct cf_fault *reterr_fault);

#endif
