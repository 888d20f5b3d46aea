/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PG_PARAMS_H
#define CF_PROJECTIONS_PG_PARAMS_H

/*
 * Parameters of one statement, in order, in PostgreSQL's binary format.
 *
 *     struct cf_pg_params params;
 *     cf_pg_params_init(&params);
 *     cf_pg_add_id(&params, campaign);
 *     cf_pg_array_begin(&params, CF_PG_INT64);
 *     cf_pg_array_int64(&params, 7);
 *     cf_pg_array_end(&params);
 *
 * Adding never fails to the caller's face: the first failure is kept in `status` and reported when
 * the parameters are used. Everything added is copied.
 */

#include "core/base/bytes.h"

#define CF_PG_PARAMS_MAX 40

/* The types that columns and parameters have. The words are PostgreSQL's. */
enum cf_pg_type {
    CF_PG_ID,    /* uuid */
    CF_PG_INT64, /* bigint */
    CF_PG_TEXT,  /* text */
    CF_PG_BYTES, /* bytea */
    CF_PG_BOOL,  /* boolean */
};

struct cf_id;

struct cf_pg_params {
    struct cf_buf bytes;
    size_t count;
    size_t offsets[CF_PG_PARAMS_MAX];
    int sizes[CF_PG_PARAMS_MAX]; /* -1 for NULL */
    size_t array_count;          /* elements so far of the array being built */
    bool array_open;
    enum cf_status status; /* OK, or the first failure */
};

void cf_pg_params_init(struct cf_pg_params *params);
void cf_pg_params_clean_up(struct cf_pg_params *params);

/* No parameters again; keeps the memory. */
void cf_pg_params_clear(struct cf_pg_params *params);

void cf_pg_add_null(struct cf_pg_params *params);
void cf_pg_add_id(struct cf_pg_params *params, const struct cf_id *id);
void cf_pg_add_int64(struct cf_pg_params *params, int64_t value);
void cf_pg_add_bool(struct cf_pg_params *params, bool value);
/* Text and bytea look alike on the wire. */
void cf_pg_add_bytes(struct cf_pg_params *params, struct cf_bytes bytes);
void cf_pg_add_text(struct cf_pg_params *params, const char *text);

/* One array parameter: begin, its elements, end. All elements are of the type given at the start.
 */
void cf_pg_array_begin(struct cf_pg_params *params, enum cf_pg_type type);
void cf_pg_array_null(struct cf_pg_params *params);
void cf_pg_array_id(struct cf_pg_params *params, const struct cf_id *id);
void cf_pg_array_int64(struct cf_pg_params *params, int64_t value);
void cf_pg_array_bool(struct cf_pg_params *params, bool value);
void cf_pg_array_bytes(struct cf_pg_params *params, struct cf_bytes bytes);
void cf_pg_array_end(struct cf_pg_params *params);

#endif
