/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_RIVALS_H
#define CF_TOOLS_BENCH_RIVALS_H

/*
 * What PostgreSQL makes of pledges on the same disk in the same run: pgbench, 64 connections, durable
 * commits, a private server of its own.
 */

#include "tools/bench/figure.h"

/* Transactions a second. */
struct cf_rivals {
    double insert_and_update; /* inserts the pledge and its key, updates the campaign's total */
    double insert_only;       /* without the total */
};

CF_MUST_CHECK enum cf_status cf_rivals_measure(struct cf_bench *bench, int seconds,
                                               struct cf_rivals *ret_rivals,
                                               struct cf_fault *reterr_fault);

#endif
