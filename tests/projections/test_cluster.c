/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the private cluster is made once, starts after any crash, is reached by password
 * through a socket alone, and its role is no superuser. Shown: on a real server that is killed,
 * whose pid file is falsified, whose making is cut short, and that an earlier process left running.
 */
#include "projections/cluster.h"

#include "core/base/bytes.h"
#include "projections/pg.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct cf_pg *open_pg(void)
{
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    if (cf_pg_open(cf_cluster_dsn(cf_test_pg_cluster()), &pg, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    return pg;
}

static void test_cluster__keeps_its_rows_over_kill_9(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    struct cf_pg *pg = open_pg();
    assert_int_equal(
        cf_pg_script(pg, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)", &fault), CF_OK);
    for (int round = 0; round < 3; round++) {
        kill(cf_cluster_pid(cf_test_pg_cluster()), SIGKILL);
        /* The connection notices, and says that another one is needed. */
        enum cf_status status = CF_OK;
        while (status == CF_OK)
            status = cf_pg_script(pg, "SELECT 1", &fault);
        assert_int_equal(status, CF_CLOSED);
        assert_false(cf_pg_is_open(pg));
        cf_pg_close(pg);
        while (cf_cluster_health(cf_test_pg_cluster(), &fault) == CF_OK)
            continue;
        cf_test_pg_restart();
        pg = open_pg();
        assert_int_equal(
            cf_pg_script(pg, "DO $$ BEGIN ASSERT (SELECT n FROM kept) = 7; END $$", &fault), CF_OK);
    }
    cf_pg_close(pg);
}

static void test_cluster__ignores_a_pid_file_that_is_not_its_own(void **state)
{
    (void)state;
    struct cf_cluster *cluster = cf_test_pg_cluster();
    char path[256];
    const char *passfile = strstr(cf_cluster_dsn(cluster), "passfile='") + strlen("passfile='");
    snprintf(path, sizeof path, "%.*s/cluster/postmaster.pid",
             (int)(strstr(passfile, "/password") - passfile), passfile);
    kill(cf_cluster_pid(cluster), SIGKILL);
    struct cf_fault fault = {0};
    while (cf_cluster_health(cluster, &fault) == CF_OK)
        continue;
    /* A process that lives and is no server of this directory: this one. */
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%d\n/nowhere\n", (int)getpid());
    fclose(file);
    cf_test_pg_restart();
    assert_int_equal(cf_cluster_health(cf_test_pg_cluster(), &fault), CF_OK);
}

static void test_cluster__its_role_is_no_superuser_and_needs_its_password(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    struct cf_pg *pg = open_pg();
    assert_int_equal(cf_pg_script(pg, "CREATE ROLE somebody SUPERUSER", &fault), CF_DENIED);
    assert_int_equal(cf_pg_script(pg, "CREATE EXTENSION pg_trgm", &fault), CF_OK);
    cf_pg_close(pg);

    char dsn[256];
    const char *ours = cf_cluster_dsn(cf_test_pg_cluster());
    snprintf(dsn, sizeof dsn, "%.*s passfile=/dev/null password=wrong",
             (int)(strstr(ours, " passfile") - ours), ours);
    assert_int_equal(cf_pg_open(dsn, &pg, &fault), CF_DENIED);
    assert_string_equal(fault.text, "PostgreSQL refuses the login");
    assert_int_equal(cf_pg_open("host=/nonexistent dbname=x", &pg, &fault), CF_IO);
    assert_string_equal(fault.text, "PostgreSQL cannot be reached");
    assert_non_null(strstr(fault.detail, "/nonexistent"));
}

static void test_cluster__starts_where_a_making_was_cut_short_or_a_server_was_left(void **state)
{
    (void)state;
    const char *run = cf_test_directory();
    char directory[128], half[160], file_path[192];
    snprintf(directory, sizeof directory, "%s/data", run);
    snprintf(half, sizeof half, "%s/cluster.new", directory);
    snprintf(file_path, sizeof file_path, "%s/half-written", half);
    assert_int_equal(mkdir(directory, 0711), 0);
    assert_int_equal(mkdir(half, 0700), 0);
    FILE *file = fopen(file_path, "w");
    assert_non_null(file);
    fclose(file);
    struct cf_cluster_options options = {
        .directory = directory, .run_directory = run, .is_disposable = true};

    /* An earlier process starts it and goes away without a word. */
    pid_t earlier = fork();
    if (earlier == 0) {
        struct cf_cluster *left = NULL;
        _exit(cf_cluster_start(&options, &left, NULL) == CF_OK ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(earlier, &result, 0), earlier);
    assert_int_equal(result, 0);

    struct cf_fault fault = {0};
    struct cf_cluster *cluster = NULL;
    enum cf_status status = cf_cluster_start(&options, &cluster, &fault);
    if (status != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    assert_int_equal(cf_cluster_health(cluster, &fault), CF_OK);
    pid_t pid = cf_cluster_pid(cluster);
    cf_cluster_stop(cluster);
    assert_int_equal(kill(pid, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cluster__keeps_its_rows_over_kill_9),
        cmocka_unit_test(test_cluster__ignores_a_pid_file_that_is_not_its_own),
        cmocka_unit_test(test_cluster__its_role_is_no_superuser_and_needs_its_password),
        cmocka_unit_test(test_cluster__starts_where_a_making_was_cut_short_or_a_server_was_left),
    };
    return cmocka_run_group_tests(tests, cf_test_pg_start, cf_test_pg_stop);
}
