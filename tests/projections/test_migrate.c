/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: migrations run once, in order, each whole or not at all; one that changed after it was
 * applied is refused.
 * Shown: on a real server, with files of the test's own.
 */
#include "projections/migrate.h"

#include "tests/support/cmocka.h"
#include "tests/support/pg.h"

#define SCRIPT(path, text)                                                                         \
    {                                                                                              \
        path,                                                                                      \
        {                                                                                          \
            (const uint8_t *)(text), sizeof(text) - 1                                              \
        }                                                                                          \
    }

static struct cf_pg *open_database(void)
{
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_open(cf_test_pg_database(), &pg, &fault), CF_OK);
    if (cf_migrate_base(pg, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    return pg;
}

static const struct cf_embedded files[] = {
    SCRIPT("projections/some/0002_more.sql", "ALTER TABLE thing ADD COLUMN b bigint"),
    SCRIPT("projections/some/0003_indexes.sql", "-- indexes\nCREATE INDEX thing_b ON thing (b)"),
    SCRIPT("projections/other/0001_other.sql", "CREATE TABLE other (a bigint)"),
    SCRIPT("projections/some/0001_first.sql", "CREATE TABLE thing (a bigint)"),
    SCRIPT("projections/some/thing_get.sql", "not a migration"),
};

static void test_migrate__runs_each_once_and_in_order(void **state)
{
    (void)state;
    struct cf_pg *pg = open_database();
    struct cf_fault fault = {0};
    int count = -1;
    assert_int_equal(
        cf_migrate__files(pg, files, 5, "some", "live", CF_MIGRATE_ALL, &count, &fault), CF_OK);
    assert_int_equal(count, 3);
    assert_int_equal(
        cf_migrate__files(pg, files, 5, "some", "live", CF_MIGRATE_ALL, &count, &fault), CF_OK);
    assert_int_equal(count, 0);
    assert_int_equal(cf_pg_script(pg, "INSERT INTO live.thing (a, b) VALUES (1, 2)", &fault),
                     CF_OK);

    assert_int_equal(
        cf_migrate__files(pg, files, 5, "some", "shadow", CF_MIGRATE_TABLES, &count, &fault),
        CF_OK);
    assert_int_equal(count, 2);
    assert_int_equal(cf_pg_script(pg, "DROP INDEX shadow.thing_b", &fault), CF_IO);
    assert_int_equal(
        cf_migrate__files(pg, files, 5, "some", "shadow", CF_MIGRATE_INDEXES, &count, &fault),
        CF_OK);
    assert_int_equal(count, 1);
    assert_int_equal(cf_pg_script(pg, "DROP INDEX shadow.thing_b", &fault), CF_OK);
    cf_pg_close(pg);
}

static void test_migrate__refuses_a_script_that_changed(void **state)
{
    (void)state;
    struct cf_pg *pg = open_database();
    struct cf_fault fault = {0};
    assert_int_equal(cf_migrate__files(pg, files, 5, "some", "live", CF_MIGRATE_ALL, NULL, &fault),
                     CF_OK);
    const struct cf_embedded changed[] = {
        SCRIPT("projections/some/0001_first.sql", "CREATE TABLE thing (a text)")};
    assert_int_equal(
        cf_migrate__files(pg, changed, 1, "some", "live", CF_MIGRATE_ALL, NULL, &fault),
        CF_CORRUPT);
    assert_string_equal(fault.detail, "live/0001_first.sql");
    cf_pg_close(pg);
}

static void test_migrate__leaves_nothing_of_a_script_that_fails(void **state)
{
    (void)state;
    struct cf_pg *pg = open_database();
    struct cf_fault fault = {0};
    const struct cf_embedded broken[] = {
        SCRIPT("projections/some/0001_broken.sql", "CREATE TABLE thing (a bigint); SELECT 1 / 0")};
    assert_int_equal(cf_migrate__files(pg, broken, 1, "some", "live", CF_MIGRATE_ALL, NULL, &fault),
                     CF_INVALID);
    assert_string_equal(fault.detail, "division by zero");
    int count = 0;
    assert_int_equal(
        cf_migrate__files(pg, files, 5, "some", "live", CF_MIGRATE_ALL, &count, &fault), CF_OK);
    assert_int_equal(count, 3);
    cf_pg_close(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_migrate__runs_each_once_and_in_order),
        cmocka_unit_test(test_migrate__refuses_a_script_that_changed),
        cmocka_unit_test(test_migrate__leaves_nothing_of_a_script_that_fails),
    };
    return cmocka_run_group_tests(tests, cf_test_pg_start, cf_test_pg_stop);
}
