/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_PROJECTIONS_ROWS_H
#define CF_TESTS_PROJECTIONS_ROWS_H

/* What tests of read models share: connecting, following a log, and comparing every row of every table. */

#include "projections/query.h"
#include "projections/rebuild.h"
#include "projections/runner.h"

struct cf_history;

/* Opens, makes the schemas and uses the live ones. Fails the test otherwise. */
void cf_test_open_models(const char *dsn, struct cf_pg **ret_pg);

/* A made-up history as what a rebuild reads; borrowed. */
struct cf_source cf_test_history_source(struct cf_history *history);

/* Rebuilds and switches one model in place, or all where it is NULL. Fails the test if it fails. */
struct cf_rebuild_result cf_test_rebuild(const char *dsn, struct cf_history *history,
                                         const struct cf_model *model,
                                         const struct cf_services *services);

/* All read models in a database of their own, and who asks them. */
struct cf_test_followed {
    const char *dsn;
    struct cf_pg *pg;
    struct cf_runner *runner;
    struct cf_query *query;
};
void cf_test_follow(const struct cf_services *services, struct cf_test_followed *ret_followed);
/* The same in a given database; the connection string is borrowed until the clean-up. */
void cf_test_follow_dsn(const char *dsn, const struct cf_services *services,
                        struct cf_test_followed *ret_followed);
void cf_test_followed_clean_up(struct cf_test_followed *followed);

/* One batch: records first … first + count - 1, of which `records` is the first. Fails the test if it fails. */
void cf_test_followed_apply(struct cf_test_followed *followed, const struct cf_bytes *records,
                            uint64_t first, size_t count);

/* One batch more: this record, in which a subject is erased. */
void cf_test_followed_erase(struct cf_test_followed *followed, struct cf_id subject,
                            uint64_t sequence);

/* Folds the records in memory and compares with what PostgreSQL holds, table by table, row by row.
 */
void cf_test_compare_with_fold(struct cf_pg *pg, const struct cf_bytes *records, size_t count);

#endif
