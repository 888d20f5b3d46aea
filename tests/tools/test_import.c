/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a file of campaigns is read as RFC 4180 says; a row that makes no sense is skipped, an oddity is mended,
 * ids are the same each time and do not depend on the order of rows.
 * Shown: on a small file with every oddity that is known from real ones, also upside down.
 */
#include "core/time.h"
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"
#include "tools/import/campaigns.h"
#include "tools/import/csv.h"

#include <stdio.h>

#define HEADER                                                                                     \
    "ID,name,category,main_category,currency,deadline,goal,launched,pledged,state,backers,"        \
    "country\n"
#define GOOD                                                                                       \
    "1,\"A \"\"big\"\" lamp, lit\",Lamps,Design,EUR,2015-10-09,1000.0,2015-08-11 12:12:28,19.99,"  \
    "failed,2,DE\n"
#define UNSET                                                                                      \
    "2,Älter,Lamps,Design,JPY,2010-09-15,5000.0,1970-01-01 01:00:00,0.0,live,0,\"N,0\"\"\"\n"

static struct cf_import_rows read_rows(const char *text)
{
    struct cf_import_rows rows;
    cf_sodium_init();
    assert_int_equal(cf_import_rows_read(cf_bytes_from_text(text), &rows, NULL), CF_OK);
    return rows;
}

static void test_csv__reads_quotes_and_line_ends(void **state)
{
    (void)state;
    static struct cf_csv_record record;
    struct cf_csv csv = cf_csv_over(CF_BYTES_LITERAL("a,\"b,\"\"c\r\nd\",\r\n\n\"x\"y\nlast"));
    assert_int_equal(cf_csv_read(&csv, &record), CF_OK);
    assert_int_equal(record.count, 3);
    assert_true(cf_bytes_equal(record.fields[1], CF_BYTES_LITERAL("b,\"c\r\nd")));
    assert_int_equal(record.fields[2].size, 0);
    assert_int_equal(cf_csv_read(&csv, &record), CF_INVALID);
    assert_int_equal(record.line, 4);
    assert_int_equal(cf_csv_read(&csv, &record), CF_OK);
    assert_int_equal(record.line, 5);
    assert_true(cf_bytes_equal(record.fields[0], CF_BYTES_LITERAL("last")));
    assert_int_equal(cf_csv_read(&csv, &record), CF_NOT_FOUND);
    csv = cf_csv_over(CF_BYTES_LITERAL("\"never closed"));
    assert_int_equal(cf_csv_read(&csv, &record), CF_INVALID);
    assert_int_equal(cf_csv_read(&csv, &record), CF_NOT_FOUND);
}

static void test_import__reads_rows_and_mends_oddities(void **state)
{
    (void)state;
    struct cf_import_rows rows = read_rows(HEADER GOOD UNSET);
    assert_int_equal(rows.count, 2);
    const struct cf_import_row *unset = &rows.rows[0], *good = &rows.rows[1];
    assert_true(cf_bytes_equal(good->name, CF_BYTES_LITERAL("A \"big\" lamp, lit")));
    assert_int_equal(cf_money_minor(good->goal), 100000);
    assert_int_equal(cf_money_minor(good->pledged), 1999);
    assert_int_equal(good->backers, 2);
    assert_int_equal(good->state, CF_IMPORT_FAILED);
    assert_int_equal(good->launched_us, INT64_C(1439295148000000));
    assert_int_equal(good->deadline_us, INT64_C(1444435199000000));
    assert_int_equal(cf_money_minor(unset->goal), 5000);
    assert_string_equal(unset->country, "JP");
    assert_int_equal(unset->deadline_us - unset->launched_us, 30 * CF_DAY_US);
    cf_import_rows_clean_up(&rows);
}

static void test_import__takes_other_columns_dates_and_line_ends(void **state)
{
    (void)state;
    struct cf_import_rows rows = read_rows(
        "\xef\xbb\xbf"
        "country ,Backers,extra,name,state,pledged,goal,launched,deadline,currency,"
        "main_category,category,ID\r\n"
        "DE,3,x,\"Two\r\nlines\",failed,20.00,1000.0,2015-08-11T12:12:28Z,"
        "2015-10-09 11:00:00,EUR,Design,Lamps,1\r\n"
        "DE,3,x,lost \"quote,failed,20.00,1000.0,2015-08-11,2015-10-09,EUR,Design,Lamps,2\r\n"
        "DE,3,x,\"open,failed,20.00,1000.0,2015-08-11,2015-10-09,EUR,Design,Lamps,3\r\n"
        "DE,3,x,y,failed,20.00,1000.0,2015-08-11,2015-10-09,EUR,Design,Lamps,1\r\n");
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.skipped, 2);
    const struct cf_import_row *dated = &rows.rows[0], *timed = &rows.rows[1];
    assert_int_equal(dated->line, 4);
    assert_int_equal(dated->launched_us, INT64_C(1439251200000000));
    assert_int_equal(dated->deadline_us, INT64_C(1444435199000000));
    assert_true(cf_bytes_equal(timed->name, CF_BYTES_LITERAL("Two  lines")));
    assert_int_equal(timed->launched_us, INT64_C(1439295148000000));
    assert_int_equal(timed->deadline_us, INT64_C(1444388400000000));
    cf_import_rows_clean_up(&rows);
}

static void test_import__shares_add_up_in_units_that_can_be_charged(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        int64_t first_minor, last_minor, sum_minor;
    } cases[] = {
        {"1,x,a,b,EUR,2015-10-09,1.0,2015-08-11,10.00,failed,3,DE\n", 334, 333, 1000},
        {"1,x,a,b,JPY,2015-10-09,1.0,2015-08-11,1000.0,failed,3,JP\n", 334, 333, 1000},
        {"1,x,a,b,KWD,2015-10-09,1.0,2015-08-11,1.000,failed,3,KW\n", 340, 330, 1000},
        {"1,x,a,b,EUR,2015-10-09,1.0,2015-08-11,0.03,failed,3,DE\n", 1, 1, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        int64_t sum_minor = 0;
        snprintf(text, sizeof text, "%s%s", HEADER, cases[i].row);
        struct cf_import_rows rows = read_rows(text);
        assert_int_equal(rows.count, 1);
        for (uint32_t backer = 0; backer < 3; backer++)
            sum_minor += cf_money_minor(cf_import_share(&rows.rows[0], backer));
        assert_int_equal(sum_minor, cases[i].sum_minor);
        assert_int_equal(cf_money_minor(cf_import_share(&rows.rows[0], 0)), cases[i].first_minor);
        assert_int_equal(cf_money_minor(cf_import_share(&rows.rows[0], 2)), cases[i].last_minor);
        cf_import_rows_clean_up(&rows);
    }
}

static void test_import__skips_what_makes_no_sense(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "3,x,a,b,XXX,2015-10-09,1.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,EUR,2015-13-09,1.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.005,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,EUR,2015-10-09,0.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,-1.0,failed,0,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,0.0,won,0,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,0.0,failed,many,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2016-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,0.01,failed,2,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,,failed,0,DE\n",
        "3,x,a,b,EUR,,1.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        ",x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,KWD,2015-10-09,1.0,2015-08-11 12:12:28,0.001,failed,0,KW\n",
        "3,\xff,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3, \t,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,EUR,1969-12-31,1.0,1969-11-11 12:12:28,0.0,failed,0,DE\n",
        "3,x,a,b,EUR,9999-12-31,1.0,2015-08-11 12:12:28,0.0,live,0,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,42949672.95,failed,4294967295,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,1000000.00,failed,1,DE\n",
        "3,x,a,b,EUR,2015-10-09,0.9,2015-08-11 12:12:28,0.90,successful,2,DE\n",
        "3,x,a,b,EUR,2015-10-09,1.0,2015-08-11 12:12:28,92233720368547758.07,failed,2,DE\n",
        "3,x,a,b\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s%s", HEADER, bad[i], GOOD);
        struct cf_import_rows rows = read_rows(text);
        assert_int_equal(rows.count, 1);
        assert_int_equal(rows.skipped, 1);
        assert_int_equal(rows.rows[0].line, 3);
        cf_import_rows_clean_up(&rows);
    }
    struct cf_import_rows rows;
    struct cf_fault fault = {0};
    assert_int_equal(cf_import_rows_read(CF_BYTES_LITERAL("ID,name\n1,x\n"), &rows, &fault),
                     CF_INVALID);
    assert_string_equal(fault.detail, "category");
    cf_import_rows_clean_up(&rows);
}

static void test_import__takes_pledges_below_the_least_that_are_never_charged(void **state)
{
    (void)state;
    struct cf_import_rows rows =
        read_rows(HEADER "1,x,a,b,SEK,2015-10-09,90.0,2015-08-11 12:12:28,8.99,failed,3,SE\n"
                         "2,x,a,b,SEK,2015-10-09,90.0,2015-08-11 12:12:29,9.00,failed,3,SE\n"
                         "3,x,a,b,SEK,2015-10-09,1.0,2015-08-11 12:12:30,2.00,canceled,1,SE\n");
    assert_int_equal(rows.count, 3);
    assert_true(cf_import_is_below_least(&rows.rows[0]));
    assert_false(cf_import_is_below_least(&rows.rows[1]));
    assert_true(cf_import_is_below_least(&rows.rows[2]));
    cf_import_rows_clean_up(&rows);
}

static void test_import__the_order_of_rows_changes_nothing(void **state)
{
    (void)state;
    struct cf_import_rows one = read_rows(HEADER GOOD UNSET), other = read_rows(HEADER UNSET GOOD);
    for (size_t i = 0; i < 2; i++)
        assert_true(cf_id_equal(one.rows[i].campaign_id, other.rows[i].campaign_id));
    cf_import_rows_clean_up(&one);
    cf_import_rows_clean_up(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv__reads_quotes_and_line_ends),
        cmocka_unit_test(test_import__reads_rows_and_mends_oddities),
        cmocka_unit_test(test_import__takes_other_columns_dates_and_line_ends),
        cmocka_unit_test(test_import__shares_add_up_in_units_that_can_be_charged),
        cmocka_unit_test(test_import__skips_what_makes_no_sense),
        cmocka_unit_test(test_import__takes_pledges_below_the_least_that_are_never_charged),
        cmocka_unit_test(test_import__the_order_of_rows_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
