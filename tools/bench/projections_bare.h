/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_PROJECTIONS_BARE_H
#define CF_TOOLS_BENCH_PROJECTIONS_BARE_H

/* What `coffer bench projections` compares with, and the queries that it times. */

#include "projections/rebuild.h"
#include "projections/services.h"

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

/* Opens every sealed text as some words, the same for the same ciphertext. */
extern const struct cf_services cf_bare_services;

enum cf_bare_query {
    CF_BARE_LISTING,
    CF_BARE_SEARCH,
    CF_BARE_CAMPAIGN,
};

/* Remembers some campaigns, and lets PostgreSQL plan as the API does. */
CF_MUST_CHECK enum cf_status cf_bare_queries_prepare(struct cf_pg *pg,
                                                     struct cf_fault *reterr_fault);

/* Runs one query; `round` chooses its parameters. */
CF_MUST_CHECK enum cf_status cf_bare_query(struct cf_pg *pg, enum cf_bare_query query, int round,
                                           struct cf_fault *reterr_fault);

#endif
