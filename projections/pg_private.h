/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PG_PRIVATE_H
#define CF_PROJECTIONS_PG_PRIVATE_H

/* What the pg_*.c files share; the only place that includes libpq. Nobody else includes this. */

#include "projections/pg.h"

#include <libpq-fe.h>

/* What the server will answer next in a pipeline. */
enum cf_pg_answer {
    CF_PG_ANSWER_PREPARE,
    CF_PG_ANSWER_ROWS,
    CF_PG_ANSWER_SYNC,
};

#define CF_PG_PIPELINE_MAX 256

struct cf_pg {
    PGconn *connection;
    bool *prepared; /* by statement index */
    bool is_open;
    bool is_pipeline;
    size_t answers_first, answers_count; /* a ring */
    enum cf_pg_answer answers[CF_PG_PIPELINE_MAX];
    size_t preparing[CF_PG_PIPELINE_MAX]; /* beside each PREPARE answer: the statement */
    char *copy_bytes;                     /* the borrowed row of a copy out, or NULL */
};

struct cf_pg_rows {
    PGresult *result;
    uint64_t columns_read; /* one bit per column */
};

/* Fills the fault from a result, or from the connection when the result is NULL; returns its
 * status. */
enum cf_status cf_pg__fail(struct cf_pg *pg, const PGresult *result, const char *text,
                           struct cf_fault *reterr_fault);

/* Wraps a result; owns it from here on, also on failure. */
enum cf_status cf_pg__rows_new(PGresult *result, struct cf_pg_rows **ret_rows,
                               struct cf_fault *reterr_fault);

/* The parameters as libpq wants them. */
struct cf_pg__values {
    int count;
    const char *values[CF_PG_PARAMS_MAX];
    int sizes[CF_PG_PARAMS_MAX];
    int formats[CF_PG_PARAMS_MAX];
};
enum cf_status cf_pg__values_of(const struct cf_pg_params *params,
                                struct cf_pg__values *ret_values);

#endif
