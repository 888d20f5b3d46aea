/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_PROJECTIONS_BARE_H
#define CF_TOOLS_BENCH_PROJECTIONS_BARE_H

/* What `coffer bench projections` compares live and rebuild with. */

#include "projections/rebuild.h"

/* The same rows, one upsert after the other, each waited for; transactions of `batch` events. */
CF_MUST_CHECK enum cf_status cf_bare_upserts(struct cf_pg *pg, const struct cf_bytes *records,
                                             size_t count, size_t batch, double *ret_rate,
                                             struct cf_fault *reterr_fault);

/* Copies all rows of all live tables into fresh ones, then makes the indexes: rows per second. */
CF_MUST_CHECK enum cf_status cf_bare_copy(const char *dsn, double *ret_rate,
                                          struct cf_fault *reterr_fault);

/* When a rebuild had all rows and indexes: what comes after is the comparison. */
struct cf_bare_clock {
    int64_t built_at_ns;
};
void cf_bare_clock_progress(void *context, enum cf_rebuild_stage stage, uint64_t done,
                            uint64_t total);

#endif
