/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/pg.h"

#include "core/base/assert.h"
#include "projections/pg.h"
#include "tests/support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DIRECTORIES_MAX = 64, DATABASES_MAX = 256, DSN_SIZE = 512 };

static char directories[DIRECTORIES_MAX][64];
static size_t directories_count;
static char dsns[DATABASES_MAX][DSN_SIZE];
static size_t dsns_count;
static struct cf_cluster *cluster;
static struct cf_cluster_options options = {.is_disposable = true};

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_directories(void)
{
    for (size_t i = 0; i < directories_count; i++)
        nftw(directories[i], remove_entry, 32, FTW_DEPTH | FTW_PHYS);
}

const char *cf_test_directory(void)
{
    CF_ASSERT(directories_count < DIRECTORIES_MAX);
    if (directories_count == 0)
        atexit(remove_directories);
    char *directory = directories[directories_count];
    snprintf(directory, sizeof directories[0], "/tmp/cf-test-XXXXXX");
    CF_ASSERT(mkdtemp(directory) != NULL);
    CF_ASSERT(chmod(directory, 0711) == 0);
    directories_count++;
    return directory;
}

void cf_test_pg_restart(void)
{
    struct cf_fault fault = {0};
    cf_cluster_stop(cluster);
    cluster = NULL;
    if (cf_cluster_start(&options, &cluster, &fault) != CF_OK)
        fail_msg("PostgreSQL does not start: %s (%s)", fault.text, fault.detail);
}

int cf_test_pg_start(void **state)
{
    (void)state;
    static char directory[128];
    options.run_directory = cf_test_directory();
    snprintf(directory, sizeof directory, "%s/data", options.run_directory);
    options.directory = directory;
    cf_test_pg_restart();
    return 0;
}

int cf_test_pg_stop(void **state)
{
    (void)state;
    cf_cluster_stop(cluster);
    cluster = NULL;
    return 0;
}

struct cf_cluster *cf_test_pg_cluster(void)
{
    return cluster;
}

const char *cf_test_pg_dsn(const char *login, const char *database)
{
    static char dsn[DSN_SIZE];
    snprintf(dsn, sizeof dsn, "host='%s/pg' port=5432 dbname=%s %s", options.run_directory,
             database, login);
    return dsn;
}

void cf_test_pg_as_owner(const char *database, const char *script)
{
    char login[DSN_SIZE];
    snprintf(login, sizeof login, "user=coffer_owner passfile='%s/password'", options.directory);
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_pg_open(cf_test_pg_dsn(login, database), &pg, &fault);
    if (status == CF_OK)
        status = cf_pg_script(pg, script, &fault);
    if (status != CF_OK)
        fail_msg("%s: %s (%s)", script, fault.text, fault.detail);
    cf_pg_close(pg);
}

const char *cf_test_pg_database(void)
{
    CF_ASSERT(dsns_count < DATABASES_MAX);
    char command[128];
    snprintf(command, sizeof command, "CREATE DATABASE test_%zu OWNER coffer", dsns_count);
    cf_test_pg_as_owner("postgres", command);
    char *dsn = dsns[dsns_count];
    snprintf(dsn, DSN_SIZE,
             "host='%s/pg' port=5432 dbname=test_%zu user=coffer passfile='%s/password'",
             options.run_directory, dsns_count, options.directory);
    dsns_count++;
    return dsn;
}
