/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_PROJECTIONS_LAG_H
#define CF_TOOLS_BENCH_PROJECTIONS_LAG_H

/* How long a record takes from the moment when it is to be appended until everybody sees its rows. */

#include "tools/bench/history.h"

struct cf_lag_options {
    const char *dsn;       /* of a database without read models */
    const char *directory; /* for the log and the sockets */
    const struct cf_history *history;
    size_t count;    /* records */
    int64_t step_ns; /* from one to the next */
};

/*
 * The whole way: a log that waits for the disk, the range service, a projector, rows and position in one
 * transaction. Gives each record's lag in nanoseconds; `ret_lags_ns` has room for `count`. TIMEOUT when the
 * rows do not come.
 */
CF_MUST_CHECK enum cf_status cf_lag_measure(const struct cf_lag_options *options,
                                            int64_t *ret_lags_ns, struct cf_fault *reterr_fault);

#endif
