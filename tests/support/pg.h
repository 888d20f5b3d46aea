/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_PG_H
#define CF_TESTS_SUPPORT_PG_H

/*
 * PostgreSQL for tests: one private cluster per test program, one database per test.
 *
 *     int main(void)
 *     {
 *         …
 *         return cmocka_run_group_tests(tests, cf_test_pg_start, cf_test_pg_stop);
 *     }
 *
 * The cluster lives in a directory of its own below /tmp and never waits for the disk.
 */

#include "projections/cluster.h"

/* Group fixtures. */
int cf_test_pg_start(void **state);
int cf_test_pg_stop(void **state);

/* A new, empty database of the cluster; the connection string lives until the program ends. */
const char *cf_test_pg_database(void);

/* Runs a script as the cluster's superuser. Fails the test if it fails. */
void cf_test_pg_as_owner(const char *database, const char *script);

/* A connection string: `login` is "user=… password=…". Static, until the next call. */
const char *cf_test_pg_dsn(const char *login, const char *database);

/* The cluster's server was killed or stopped by the test: start it again on the same data. */
void cf_test_pg_restart(void);

struct cf_cluster *cf_test_pg_cluster(void);

/* A new directory below /tmp that the user postgres can pass; removed when the program ends. */
const char *cf_test_directory(void);

#endif
