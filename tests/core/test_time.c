/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: RFC 3339 both ways, exactly or refused; civil time as the C library computes it.
 * Shown: by text cases, and day by day against gmtime_r over our years.
 */
#include "core/time.h"
#include "tests/support/cmocka.h"

#include <time.h>

static void test_time__parses_rfc_3339_or_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum cf_status status;
        int64_t time_us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", CF_OK, 0},
        {"2026-11-20T23:03:06Z", CF_OK, INT64_C(1795215786000000)},
        {"2026-11-20T23:03:06.5Z", CF_OK, INT64_C(1795215786500000)},
        {"2026-11-20T23:03:06.000001Z", CF_OK, INT64_C(1795215786000001)},
        {"2026-11-21T01:03:06+02:00", CF_OK, INT64_C(1795215786000000)},
        {"2026-11-20t18:03:06-05:00", CF_OK, INT64_C(1795215786000000)},
        {"2024-02-29T00:00:00z", CF_OK, INT64_C(1709164800000000)},
        {"9999-12-31T23:59:59.999999Z", CF_OK, CF_TIME_MAX_US},
        {"9999-12-31T23:59:59-00:01", CF_RANGE, 0},
        {"1969-12-31T23:59:59Z", CF_RANGE, 0},
        {"1970-01-01T00:00:00+00:01", CF_RANGE, 0},
        {"2023-02-29T00:00:00Z", CF_INVALID, 0},
        {"2100-02-29T00:00:00Z", CF_INVALID, 0},
        {"2026-13-01T00:00:00Z", CF_INVALID, 0},
        {"2026-00-01T00:00:00Z", CF_INVALID, 0},
        {"2026-01-00T00:00:00Z", CF_INVALID, 0},
        {"2026-01-01T24:00:00Z", CF_INVALID, 0},
        {"2026-06-30T23:59:60Z", CF_INVALID, 0},
        {"2026-01-01T00:00:00", CF_INVALID, 0},
        {"2026-01-01T00:00:00.Z", CF_INVALID, 0},
        {"2026-01-01T00:00:00.1234567Z", CF_INVALID, 0},
        {"2026-01-01 00:00:00Z", CF_INVALID, 0},
        {"2026-1-1T00:00:00Z", CF_INVALID, 0},
        {"2026-01-01T00:00:00Zx", CF_INVALID, 0},
        {"2026-01-01T00:00:00+2:00", CF_INVALID, 0},
        {"2026-01-01T00:00:00+24:00", CF_INVALID, 0},
        {"", CF_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t time_us = 0;
        assert_int_equal(cf_time_parse(cf_bytes_from_text(cases[i].text), &time_us),
                         cases[i].status);
        assert_int_equal(time_us, cases[i].time_us);
    }
}

static void test_time__prints_what_it_parses(void **state)
{
    (void)state;
    char text[CF_TIME_TEXT_SIZE];
    cf_time_print(INT64_C(1795215786000001), text);
    assert_string_equal(text, "2026-11-20T23:03:06.000001Z");
    cf_time_print(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    cf_time_print(CF_TIME_MAX_US, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void test_time__agrees_with_the_c_library_on_every_day(void **state)
{
    (void)state;
    for (int64_t day = 0; day * CF_DAY_US <= CF_TIME_MAX_US; day++) {
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        struct tm tm;
        gmtime_r(&seconds, &tm);
        struct cf_civil_time civil = cf_time_to_civil(seconds * CF_SECOND_US + 7);
        assert_true(civil.year == tm.tm_year + 1900 && civil.month == tm.tm_mon + 1 &&
                    civil.day == tm.tm_mday && civil.hour == tm.tm_hour &&
                    civil.minute == tm.tm_min && civil.second == tm.tm_sec);
        int64_t back;
        assert_int_equal(cf_time_from_civil(civil, &back), CF_OK);
        assert_int_equal(back, seconds * CF_SECOND_US + 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time__parses_rfc_3339_or_refuses),
        cmocka_unit_test(test_time__prints_what_it_parses),
        cmocka_unit_test(test_time__agrees_with_the_c_library_on_every_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
