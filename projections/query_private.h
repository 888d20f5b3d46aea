/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_QUERY_PRIVATE_H
#define CF_PROJECTIONS_QUERY_PRIVATE_H

/* What the query_*.c files share. */

#include "core/id.h"
#include "projections/pg.h"
#include "projections/query.h"

/* One answer opens at most this many texts: a page of 100 cards, or a campaign with its rewards. */
#define CF_QUERY_TEXTS_MAX 256

struct cf_query {
    const char *dsn; /* borrowed */
    struct cf_pg *pg;
    struct cf_pg_params params;
};

struct cf_query_texts {
    size_t count;
    struct cf_query_sealed sealed[CF_QUERY_TEXTS_MAX];
};

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

/* The query's parameters, empty. */
struct cf_pg_params *cf_query_params__(struct cf_query *query);

/* Runs a statement with them; connects where needed. */
CF_MUST_CHECK enum cf_status cf_query_run__(struct cf_query *query, const char *statement,
                                            struct cf_pg_rows **ret_rows,
                                            struct cf_fault *reterr_fault);

/* A column as the member of the same name. NULL is null. */
void cf_query_set_text__(struct cf_json *object, const char *member, const struct cf_pg_rows *rows,
                         size_t row);
void cf_query_set_number__(struct cf_json *object, const char *member,
                           const struct cf_pg_rows *rows, size_t row);
void cf_query_set_id__(struct cf_json *object, const char *member, const struct cf_id *id);
void cf_query_set_time__(struct cf_json *object, const char *member, int64_t time_us);
void cf_query_set_percent__(struct cf_json *object, int64_t pledged, int64_t goal);
/* currency, goal, pledged, held, collected, backers, percent_bps */
void cf_query_set_totals__(struct cf_json *object, const struct cf_pg_rows *rows, size_t row);

/* Notes a sealed text of the answer; the member is null until it is opened. */
void cf_query_seal_add__(struct cf_query_texts *texts, const struct cf_query_sealed *sealed);
CF_MUST_CHECK enum cf_status cf_query_unseal__(const struct cf_query_texts *texts,
                                               const struct cf_query_unsealer *unsealer,
                                               struct cf_fault *reterr_fault);

#endif
