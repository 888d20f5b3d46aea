/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a server of the operator's own serves as well as the private one: a role that may connect to one
 * database and make schemas in it is enough for everything, migrations to roll-back. What does not do is
 * said in words: a role that may not, a server that is too old, away, or a database not in UTF-8.
 * Shown: with such roles, and with something that speaks as an old server does.
 */
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS_COUNT = 3000 };

static struct cf_history *history;

static void test_privileges__to_connect_and_make_schemas_are_enough(void **state)
{
    (void)state;
    cf_test_pg_as_owner("postgres", "CREATE ROLE narrow LOGIN PASSWORD 'narrow'");
    cf_test_pg_as_owner("postgres", "CREATE DATABASE narrow");
    cf_test_pg_as_owner("narrow", "REVOKE ALL ON DATABASE narrow FROM PUBLIC;"
                                  "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
                                  "GRANT CONNECT, CREATE ON DATABASE narrow TO narrow");
    char dsn[256];
    snprintf(dsn, sizeof dsn, "%s", cf_test_pg_dsn("user=narrow password=narrow", "narrow"));
    struct cf_test_followed followed;
    cf_test_follow_dsn(dsn, NULL, &followed);
    cf_test_followed_apply(&followed, cf_history_records(history, 1), 1, cf_history_count(history));
    cf_test_compare_with_fold(followed.pg, cf_history_records(history, 1),
                              cf_history_count(history));
    struct cf_rebuild_result result = cf_test_rebuild(dsn, history, NULL, NULL);
    assert_int_equal(result.rows_changed + result.rows_extra + result.rows_missing, 0);
    for (size_t i = 0; i < cf_model_count(); i++)
        assert_int_equal(cf_rebuild_roll_back(followed.pg, cf_model_at(i), NULL), CF_OK);
    int64_t reached = 0;
    assert_int_equal(cf_query_position(followed.query, &reached, NULL), CF_OK);
    assert_int_equal(reached, cf_history_count(history));
    cf_test_followed_clean_up(&followed);
}

static void test_privileges__a_role_without_them_is_told(void **state)
{
    (void)state;
    cf_test_pg_as_owner("postgres", "CREATE ROLE guest LOGIN PASSWORD 'guest'");
    cf_test_pg_as_owner("postgres", "CREATE DATABASE guests");
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_open(cf_test_pg_dsn("user=guest password=guest", "guests"), &pg, &fault),
                     CF_OK);
    assert_int_equal(cf_schema_make(pg, &fault), CF_DENIED);
    assert_non_null(strstr(fault.text, "grant it CREATE on the database"));
    assert_non_null(strstr(fault.detail, "permission denied for database guests"));
    cf_pg_close(pg);
}

static void test_open__refuses_a_database_that_is_not_utf8(void **state)
{
    (void)state;
    cf_test_pg_as_owner("postgres", "CREATE DATABASE latin OWNER coffer ENCODING 'LATIN1' "
                                    "LOCALE 'C' TEMPLATE template0");
    cf_test_pg_as_owner("postgres", "CREATE ROLE latin LOGIN PASSWORD 'latin'");
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_open(cf_test_pg_dsn("user=latin password=latin", "latin"), &pg, &fault),
                     CF_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "UTF8"));
    assert_string_equal(fault.detail, "it is LATIN1");
}

/* -- An old server -------------------------------------------------------------------------- */

/* Takes one connection and says what a server of version 14 says to a good login. */
static void *be_old(void *user)
{
    static const char hello[] = "R\0\0\0\x08\0\0\0\0"
                                "S\0\0\0\x18server_version\00014.9\0"
                                "S\0\0\0\x19server_encoding\0UTF8\0"
                                "Z\0\0\0\x05I";
    uint8_t startup[1024];
    int connection = accept(*(int *)user, NULL, NULL);
    assert_true(connection >= 0);
    assert_true(read(connection, startup, sizeof startup) > 8);
    assert_int_equal(write(connection, hello, sizeof hello - 1), sizeof hello - 1);
    while (read(connection, startup, sizeof startup) > 0)
        ;
    close(connection);
    return NULL;
}

static void test_open__refuses_an_old_server_and_says_so(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *directory = cf_test_directory();
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", directory);
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 1), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, be_old, &listening), 0);

    char dsn[128];
    snprintf(dsn, sizeof dsn, "host=%s port=5432 user=x dbname=x", directory);
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_open(dsn, &pg, &fault), CF_UNSUPPORTED);
    assert_string_equal(fault.text, "PostgreSQL is too old: 15 or later is needed");
    assert_string_equal(fault.detail, "this server is version 14.9");
    pthread_join(thread, NULL);
    close(listening);
}

static void test_open__says_who_is_away(void **state)
{
    (void)state;
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_open("host=127.0.0.1 port=1 user=x dbname=x", &pg, &fault), CF_IO);
    assert_string_equal(fault.text, "PostgreSQL cannot be reached");
    assert_non_null(strstr(fault.detail, "127.0.0.1"));
    assert_int_equal(cf_pg_open("no connection string", &pg, &fault), CF_IO);
    assert_int_equal(cf_pg_open(cf_test_pg_dsn("user=nobody password=x", "postgres"), &pg, &fault),
                     CF_DENIED);
}

static int make_history(void **state)
{
    const struct cf_history_options options = {
        .seed = 7, .events_count = EVENTS_COUNT, .campaigns_count = 20, .users_count = 60};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    return cf_test_pg_start(state);
}

static int drop_history(void **state)
{
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_privileges__to_connect_and_make_schemas_are_enough),
        cmocka_unit_test(test_privileges__a_role_without_them_is_told),
        cmocka_unit_test(test_open__refuses_a_database_that_is_not_utf8),
        cmocka_unit_test(test_open__refuses_an_old_server_and_says_so),
        cmocka_unit_test(test_open__says_who_is_away),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
