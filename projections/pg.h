/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PG_H
#define CF_PROJECTIONS_PG_H

/*
 * PostgreSQL: the only door to libpq.
 *
 * A `struct cf_pg` is one connection, used by one thread at a time. Statements are named
 * (pg_statement.h), prepared on first use, and take and give binary values. Status tells what to
 * do:
 *
 *   CLOSED       the connection is gone: close it, open another, begin again
 *   RETRY        serialization, deadlock, lock: the transaction may be run again
 *   IO           cannot be reached, or anything else; the detail holds the server's words
 *   UNSUPPORTED  the server is too old, or the database not in UTF-8
 *   DENIED       login refused or a privilege is missing
 *   CONFLICT     a constraint
 *   INVALID      a value that the server does not take
 */

#include "projections/pg_params.h"
#include "projections/pg_rows.h"
#include "projections/pg_statement.h"

struct cf_pg;

/* A libpq connection string; connects within ten seconds or fails. Needs PostgreSQL 15. */
CF_MUST_CHECK enum cf_status cf_pg_open(const char *dsn, struct cf_pg **ret_pg,
                                        struct cf_fault *reterr_fault);

/* Accepts NULL. An open transaction is rolled back by the server. */
void cf_pg_close(struct cf_pg *pg);

/* False once a call has returned CLOSED. */
bool cf_pg_is_open(const struct cf_pg *pg);

/* Runs a script of any number of commands, without parameters or result: migrations, settings. */
CF_MUST_CHECK enum cf_status cf_pg_script(struct cf_pg *pg, const char *script,
                                          struct cf_fault *reterr_fault);

/* Runs one statement. `params` may be NULL for none; `ret_rows` may be NULL when nobody looks. */
CF_MUST_CHECK enum cf_status cf_pg_run(struct cf_pg *pg, const char *statement,
                                       const struct cf_pg_params *params,
                                       struct cf_pg_rows **ret_rows, struct cf_fault *reterr_fault);

/*
 * Pipeline: statements are sent without waiting for each other, answers are read later in the same
 * order. When one fails, those behind it up to the sync are not run. Every sent statement is
 * received exactly once, then the pipeline ends:
 *
 *     begin, send, send, …, sync, receive, receive, …, end
 *
 * cf_pg_pipeline_end receives whatever is left and returns the first failure of the round.
 */
CF_MUST_CHECK enum cf_status cf_pg_pipeline_begin(struct cf_pg *pg, struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_send(struct cf_pg *pg, const char *statement,
                                        const struct cf_pg_params *params,
                                        struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_sync(struct cf_pg *pg, struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_receive(struct cf_pg *pg, struct cf_pg_rows **ret_rows,
                                           struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_pipeline_end(struct cf_pg *pg, struct cf_fault *reterr_fault);

/*
 * COPY … FROM STDIN with binary rows: begin, any number of data, end (which returns how many rows
 * the server took). A failure ends the copy. Bytes are the COPY format's, header and trailer
 * included.
 */
CF_MUST_CHECK enum cf_status cf_pg_copy_in_begin(struct cf_pg *pg, const char *statement,
                                                 struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_copy_in_data(struct cf_pg *pg, struct cf_bytes bytes,
                                                struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_copy_in_end(struct cf_pg *pg, int64_t *ret_rows_count,
                                               struct cf_fault *reterr_fault);

/* COPY … TO STDOUT. Each next gives one row's bytes, borrowed until the next call; NOT_FOUND at the
 * end. */
CF_MUST_CHECK enum cf_status cf_pg_copy_out_begin(struct cf_pg *pg, const char *statement,
                                                  struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_copy_out_next(struct cf_pg *pg, struct cf_bytes *ret_row,
                                                 struct cf_fault *reterr_fault);

/*
 * The runner of transactions: begin, work, commit. Work that returns RETRY (or a commit that does)
 * is rolled back and run again, at most `retries_max` times; any other failure rolls back and
 * returns. `ret_retries` (may be NULL) says how many repeats it took. Work must leave no pipeline
 * or copy open.
 */
typedef enum cf_status cf_pg_work_fn(struct cf_pg *pg, void *user, struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_pg_transaction(struct cf_pg *pg, const char *name, int retries_max,
                                               cf_pg_work_fn *work, void *user, int *ret_retries,
                                               struct cf_fault *reterr_fault);

/* For the statement test: what the server says of a statement's parameters and columns, as a text
 * in the form of the header lines ("uuid, bigint" and "campaign uuid, goal bigint"). */
CF_MUST_CHECK enum cf_status cf_pg_describe(struct cf_pg *pg, const char *statement,
                                            struct cf_buf *params, struct cf_buf *columns,
                                            struct cf_fault *reterr_fault);

#endif
