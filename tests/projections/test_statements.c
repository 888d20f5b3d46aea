/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: every SQL statement of the program takes and gives what its header lines say, and every
 * table has the columns that its list says.
 * Shown: by preparing each one on a real server with all migrations applied, and comparing.
 */
#include "core/base/scope.h"
#include "projections/pg.h"
#include "projections/position.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"

#include <stdio.h>
#include <stdlib.h>

static struct cf_pg *pg;

static int open_database(void **state)
{
    if (cf_test_pg_start(state) != 0)
        return -1;
    struct cf_fault fault = {0};
    enum cf_status status = cf_pg_open(cf_test_pg_database(), &pg, &fault);
    if (status == CF_OK)
        status = cf_schema_make(pg, &fault);
    if (status == CF_OK)
        status = cf_schema_use(pg, CF_SCHEMA_LIVE, &fault);
    if (status != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    return 0;
}

static int close_database(void **state)
{
    cf_pg_close(pg);
    return cf_test_pg_stop(state);
}

/* PostgreSQL's number of a type's word (pg_type.dat). */
static unsigned type_number(const char *word)
{
    static const struct {
        const char *word;
        unsigned number;
    } types[] = {
        {"uuid", 2950},   {"bigint", 20},    {"text", 25},        {"bytea", 17},
        {"boolean", 16},  {"json", 114},     {"uuid[]", 2951},    {"bigint[]", 1016},
        {"text[]", 1009}, {"bytea[]", 1001}, {"boolean[]", 1000},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].word, word) == 0)
            return types[i].number;
    }
    fail_msg("no such type: %s", word);
    return 0;
}

/* "campaign uuid, goal bigint" as the server describes it: with names or without. */
static void expected(const struct cf_pg_statement *statement, const char *key, bool with_names,
                     struct cf_buf *text)
{
    struct cf_bytes header = cf_pg_statement_header(statement, key);
    char line[4096];
    assert_true(header.size < sizeof line);
    snprintf(line, sizeof line, "%.*s", (int)header.size, (const char *)header.data);
    char *rest = line, *part = NULL;
    bool is_first = true;
    while (*rest != '\0') {
        part = rest;
        rest += strcspn(rest, ",");
        if (*rest == ',')
            *rest++ = '\0';
        char name[64], type[64];
        if (sscanf(part, " %63s %63s", name, type) != 2)
            fail_msg("%s: not `name type`: %s", statement->name, part);
        assert_int_equal(cf_buf_append_text(text, is_first ? "" : ", "), CF_OK);
        if (with_names)
            assert_int_equal(cf_buf_append_format(text, "%s ", name), CF_OK);
        assert_int_equal(cf_buf_append_format(text, "%u", type_number(type)), CF_OK);
        is_first = false;
    }
    assert_int_equal(cf_buf_terminate(text), CF_OK);
}

static void check_statement(const struct cf_pg_statement *statement)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf params, columns, said_params, said_columns;
    cf_buf_init(&params, 8192);
    cf_buf_init(&columns, 8192);
    cf_buf_init(&said_params, 8192);
    cf_buf_init(&said_columns, 8192);
    struct cf_fault fault = {0};
    if (cf_pg_describe(pg, statement->name, &params, &columns, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    assert_int_equal(cf_buf_terminate(&params), CF_OK);
    assert_int_equal(cf_buf_terminate(&columns), CF_OK);
    expected(statement, "params", false, &said_params);
    expected(statement, "returns", true, &said_columns);
    if (strcmp((char *)params.data, (char *)said_params.data) != 0)
        fail_msg("%s takes (%s), its header says (%s)", statement->name, (char *)params.data,
                 (char *)said_params.data);
    if (strcmp((char *)columns.data, (char *)said_columns.data) != 0)
        fail_msg("%s gives (%s), its header says (%s)", statement->name, (char *)columns.data,
                 (char *)said_columns.data);
}

/* COPY cannot be prepared: it is run, and gives or takes nothing. */
static void check_copy(const struct cf_pg_statement *statement)
{
    struct cf_fault fault = {0};
    if (strstr(statement->text, "FROM STDIN") != NULL) {
        static const uint8_t nothing[21] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\377\377";
        int64_t rows = -1;
        enum cf_status status = cf_pg_copy_in_begin(pg, statement->name, &fault);
        if (status != CF_OK)
            fail_msg("%s: %s", fault.text, fault.detail);
        assert_int_equal(cf_pg_copy_in_data(pg, cf_bytes_from(nothing, sizeof nothing), &fault),
                         CF_OK);
        assert_int_equal(cf_pg_copy_in_end(pg, &rows, &fault), CF_OK);
        assert_int_equal(rows, 0);
        return;
    }
    if (cf_pg_copy_out_begin(pg, statement->name, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    struct cf_bytes row;
    enum cf_status status = CF_OK;
    while (status == CF_OK)
        status = cf_pg_copy_out_next(pg, &row, &fault);
    assert_int_equal(status, CF_NOT_FOUND);
}

static void test_statements__take_and_give_what_their_headers_say(void **state)
{
    (void)state;
    size_t count = cf_pg_statement_count();
    assert_true(count > 30);
    for (size_t i = 0; i < count; i++) {
        const struct cf_pg_statement *statement = cf_pg_statement_at(i);
        struct cf_bytes name = cf_pg_statement_header(statement, "name");
        if (!cf_bytes_equal(name, cf_bytes_from_text(statement->name)))
            fail_msg("%s.sql says another name", statement->name);
        if (strstr(statement->text, "\nCOPY ") != NULL)
            check_copy(statement);
        else
            check_statement(statement);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements__take_and_give_what_their_headers_say),
    };
    return cmocka_run_group_tests(tests, open_database, close_database);
}
