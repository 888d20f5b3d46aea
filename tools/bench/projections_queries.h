/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_PROJECTIONS_QUERIES_H
#define CF_TOOLS_BENCH_PROJECTIONS_QUERIES_H

/* The queries that `coffer bench projections` times, as the API asks them, and the texts they search. */

#include "projections/query.h"
#include "projections/services.h"

/* Opens every sealed text as words of a made-up language: 65,000 of them, few of them often. The same
 * ciphertext gives the same text. */
extern const struct cf_services cf_bench_texts;

/* One of the queries; `round` chooses what is asked. */
typedef enum cf_status cf_bench_query_fn(struct cf_query *query, uint64_t round,
                                         struct cf_fault *reterr_fault);

cf_bench_query_fn cf_bench_query_listing;
cf_bench_query_fn cf_bench_query_campaign;
/* Two words as they stand in the texts; one with two neighbouring letters swapped; one with two letters wrong. */
cf_bench_query_fn cf_bench_query_search;

/* Picks the campaigns whose pages are asked for. Before the queries. */
CF_MUST_CHECK enum cf_status cf_bench_queries_prepare(struct cf_query *query,
                                                      struct cf_fault *reterr_fault);

#endif
