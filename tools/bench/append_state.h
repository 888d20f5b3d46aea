/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_APPEND_STATE_H
#define CF_TOOLS_BENCH_APPEND_STATE_H

#include "eventstore/log.h"
#include "tools/bench/figure.h"

/* append.state.batch64 and 512; a part of `coffer bench append`. */
CF_MUST_CHECK enum cf_status cf_bench_append_state(struct cf_bench *bench,
                                                   struct cf_fault *reterr_fault);

/* A log of at least `count` records in the bench's directory: one campaign, and pledges to it. */
CF_MUST_CHECK enum cf_status cf_bench_pledge_log(struct cf_bench *bench, uint64_t count,
                                                 struct cf_log **ret_log,
                                                 struct cf_fault *reterr_fault);

#endif
