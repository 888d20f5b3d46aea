/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: typed values go through PostgreSQL unchanged, singly and in arrays; a pipeline gives
 * its answers in order and survives a failure inside; a transaction is retried a bounded number of
 * times. Shown: on a real server, with the smallest and largest values.
 */
#include "projections/pg.h"

#include "tests/support/cmocka.h"
#include "tests/support/pg.h"

static struct cf_pg *pg;

static int open_database(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    return cf_pg_open(cf_test_pg_database(), &pg, &fault) == CF_OK ? 0 : -1;
}

static int close_database(void **state)
{
    (void)state;
    cf_pg_close(pg);
    return 0;
}

static void add_values(struct cf_pg_params *params, int64_t number)
{
    struct cf_id id = {{1, 2, 3, 255}}, none = {{0}};
    cf_pg_array_begin(params, CF_PG_ID);
    cf_pg_array_id(params, &id);
    cf_pg_array_null(params);
    cf_pg_array_id(params, &none);
    cf_pg_array_end(params);
    cf_pg_array_begin(params, CF_PG_INT64);
    cf_pg_array_int64(params, number);
    cf_pg_array_int64(params, INT64_MIN);
    cf_pg_array_int64(params, INT64_MAX);
    cf_pg_array_end(params);
    cf_pg_array_begin(params, CF_PG_TEXT);
    cf_pg_array_bytes(params, CF_BYTES_LITERAL("{\"a\", b\\}"));
    cf_pg_array_bytes(params, CF_BYTES_LITERAL(""));
    cf_pg_array_null(params);
    cf_pg_array_end(params);
    cf_pg_array_begin(params, CF_PG_BYTES);
    cf_pg_array_bytes(params, cf_bytes_from("\0\xff\0", 3));
    cf_pg_array_null(params);
    cf_pg_array_bytes(params, CF_BYTES_LITERAL(""));
    cf_pg_array_end(params);
    cf_pg_array_begin(params, CF_PG_BOOL);
    cf_pg_array_bool(params, true);
    cf_pg_array_bool(params, false);
    cf_pg_array_null(params);
    cf_pg_array_end(params);
}

static void check_values(const struct cf_pg_rows *rows, int64_t number)
{
    assert_int_equal(cf_pg_rows_count(rows), 3);
    assert_string_equal(cf_pg_rows_unread(rows), "id");
    struct cf_id id = cf_pg_id(rows, 0, "id");
    assert_memory_equal(id.bytes, ((uint8_t[16]){1, 2, 3, 255}), 16);
    assert_true(cf_pg_is_null(rows, 1, "id"));
    assert_true(cf_id_is_zero(cf_pg_id(rows, 1, "id")));
    assert_false(cf_pg_is_null(rows, 2, "id"));
    assert_int_equal(cf_pg_int64(rows, 0, "number"), number);
    assert_true(cf_pg_int64(rows, 1, "number") == INT64_MIN);
    assert_true(cf_pg_int64(rows, 2, "number") == INT64_MAX);
    assert_string_equal(cf_pg_text(rows, 0, "word"), "{\"a\", b\\}");
    assert_string_equal(cf_pg_text(rows, 1, "word"), "");
    assert_false(cf_pg_is_null(rows, 1, "word"));
    assert_true(cf_pg_is_null(rows, 2, "word"));
    assert_true(cf_bytes_equal(cf_pg_bytes(rows, 0, "raw"), cf_bytes_from("\0\xff\0", 3)));
    assert_int_equal(cf_pg_bytes(rows, 2, "raw").size, 0);
    assert_true(cf_pg_bool(rows, 0, "flag"));
    assert_false(cf_pg_bool(rows, 1, "flag"));
    assert_null(cf_pg_rows_unread(rows));
}

static void test_pg__gives_back_what_it_was_given(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    struct cf_pg_params params;
    cf_pg_params_init(&params);
    add_values(&params, 42);
    struct cf_pg_rows *rows = NULL;
    if (cf_pg_run(pg, "probe_types", &params, &rows, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    check_values(rows, 42);
    cf_pg_rows_destroy(rows);

    /* An empty array is an array. */
    cf_pg_params_clear(&params);
    for (enum cf_pg_type type = CF_PG_ID; type <= CF_PG_BOOL; type++) {
        cf_pg_array_begin(&params, type);
        cf_pg_array_end(&params);
    }
    assert_int_equal(cf_pg_run(pg, "probe_types", &params, &rows, &fault), CF_OK);
    assert_int_equal(cf_pg_rows_count(rows), 0);
    cf_pg_rows_destroy(rows);
    cf_pg_params_clean_up(&params);
}

static void test_pipeline__answers_in_order(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    struct cf_pg_params params;
    cf_pg_params_init(&params);
    assert_int_equal(cf_pg_pipeline_begin(pg, &fault), CF_OK);
    for (int64_t i = 0; i < 100; i++) {
        cf_pg_params_clear(&params);
        add_values(&params, i);
        assert_int_equal(cf_pg_send(pg, "probe_types", &params, &fault), CF_OK);
    }
    assert_int_equal(cf_pg_sync(pg, &fault), CF_OK);
    for (int64_t i = 0; i < 100; i++) {
        struct cf_pg_rows *rows = NULL;
        assert_int_equal(cf_pg_receive(pg, &rows, &fault), CF_OK);
        check_values(rows, i);
        cf_pg_rows_destroy(rows);
    }
    assert_int_equal(cf_pg_pipeline_end(pg, &fault), CF_OK);
    cf_pg_params_clean_up(&params);
}

static void test_pipeline__survives_a_failure_inside(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    struct cf_pg_params params, none;
    cf_pg_params_init(&params);
    cf_pg_params_init(&none);
    cf_pg_add_int64(&params, 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(cf_pg_pipeline_begin(pg, &fault), CF_OK);
        assert_int_equal(cf_pg_send(pg, "transaction_begin", &none, &fault), CF_OK);
        assert_int_equal(cf_pg_send(pg, "probe_failure", &params, &fault), CF_OK);
        assert_int_equal(cf_pg_send(pg, "transaction_commit", &none, &fault), CF_OK);
        enum cf_status status = cf_pg_pipeline_end(pg, &fault);
        if (status != CF_INVALID)
            fail_msg("%s: %s", fault.text, fault.detail);
        assert_string_equal(fault.detail, "division by zero");
        assert_true(cf_pg_is_open(pg));
        assert_int_equal(cf_pg_script(pg, "ROLLBACK", &fault), CF_OK);
    }
    cf_pg_params_clear(&params);
    cf_pg_add_int64(&params, 5);
    struct cf_pg_rows *rows = NULL;
    assert_int_equal(cf_pg_run(pg, "probe_failure", &params, &rows, &fault), CF_OK);
    assert_int_equal(cf_pg_int64(rows, 0, "quotient"), 20);
    cf_pg_rows_destroy(rows);
    cf_pg_params_clean_up(&params);
    cf_pg_params_clean_up(&none);
}

struct unlucky {
    int failures_left;
    int calls;
};

static enum cf_status fail_a_few_times(struct cf_pg *connection, void *user,
                                       struct cf_fault *reterr_fault)
{
    struct unlucky *unlucky = user;
    unlucky->calls++;
    CF_TRY(cf_pg_script(connection,
                        "CREATE TABLE IF NOT EXISTS tries (n bigint); "
                        "INSERT INTO tries VALUES (1)",
                        reterr_fault));
    if (unlucky->failures_left-- > 0)
        return cf_pg_script(connection, "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", reterr_fault);
    return CF_OK;
}

static void test_transaction__is_retried_a_bounded_number_of_times(void **state)
{
    (void)state;
    struct cf_fault fault = {0};
    struct unlucky twice = {.failures_left = 2}, always = {.failures_left = 1000};
    int retries = -1;
    assert_int_equal(cf_pg_transaction(pg, "twice", 5, fail_a_few_times, &twice, &retries, &fault),
                     CF_OK);
    assert_int_equal(retries, 2);
    assert_int_equal(
        cf_pg_transaction(pg, "always", 5, fail_a_few_times, &always, &retries, &fault), CF_RETRY);
    assert_int_equal(always.calls, 6);
    assert_string_equal(fault.detail, "always, 5 retries");
    assert_int_equal(
        cf_pg_script(pg, "DO $$ BEGIN ASSERT (SELECT count(*) FROM tries) = 1; END $$", &fault),
        CF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pg__gives_back_what_it_was_given, open_database,
                                        close_database),
        cmocka_unit_test_setup_teardown(test_pipeline__answers_in_order, open_database,
                                        close_database),
        cmocka_unit_test_setup_teardown(test_pipeline__survives_a_failure_inside, open_database,
                                        close_database),
        cmocka_unit_test_setup_teardown(test_transaction__is_retried_a_bounded_number_of_times,
                                        open_database, close_database),
    };
    return cmocka_run_group_tests(tests, cf_test_pg_start, cf_test_pg_stop);
}
