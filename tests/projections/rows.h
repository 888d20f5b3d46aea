/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_PROJECTIONS_ROWS_H
#define CF_TESTS_PROJECTIONS_ROWS_H

/* What tests of read models share: connecting, and comparing every row of every table. */

#include "projections/pg.h"

/* Opens, makes the schemas and uses the live ones. Fails the test otherwise. */
void cf_test_open_models(const char *dsn, struct cf_pg **ret_pg);

/* Folds the records in memory and compares with what PostgreSQL holds, table by table, row by row.
 */
void cf_test_compare_with_fold(struct cf_pg *pg, const struct cf_bytes *records, size_t count);

#endif
