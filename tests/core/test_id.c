/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: ids are UUIDv7, grow within a process whatever the clock does, and read back from text.
 * Shown: against RFC 9562's own example, and by a generator whose clock stands still and steps
 * back.
 */
#include "core/id.h"
#include "tests/support/cmocka.h"

static void test_id__is_a_uuid_of_version_7(void **state)
{
    (void)state;
    /* RFC 9562 appendix A.6: 2022-02-22 14:22:22 -05:00. */
    const uint8_t random[] = {0xfc, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    struct cf_id id = cf_id_make(INT64_C(1645557742000000), random);
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(cf_id_time_us(id), INT64_C(1645557742000000));
}

static void test_id__reads_its_own_text(void **state)
{
    (void)state;
    struct cf_id id, again;
    assert_int_equal(cf_id_parse(CF_BYTES_LITERAL("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &id),
                     CF_OK);
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(id, text);
    assert_int_equal(cf_id_parse(cf_bytes_from_text(text), &again), CF_OK);
    assert_true(cf_id_equal(id, again));

    static const char *const malformed[] = {
        "",
        "017f22e2",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(cf_id_parse(cf_bytes_from_text(malformed[i]), &again), CF_INVALID);
    assert_true(cf_id_equal(id, again));
    assert_false(cf_id_is_zero(id));
    assert_true(cf_id_is_zero((struct cf_id){{0}}));
}

static void test_id_generator__only_grows(void **state)
{
    (void)state;
    struct cf_id_generator generator = {0};
    struct cf_id last = {{0}};
    uint8_t random[CF_ID_RANDOM_SIZE];
    for (int i = 0; i < 100000; i++) {
        memset(random, i % 3 == 0 ? 0xff : i % 251, sizeof random);
        int64_t time_us = INT64_C(1700000000000000) + (i / 1000 % 2 == 0 ? i : -i) * INT64_C(100);
        struct cf_id id = cf_id_generator_next(&generator, time_us, random);
        assert_true(cf_id_compare(id, last) > 0);
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        last = id;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id__is_a_uuid_of_version_7),
        cmocka_unit_test(test_id__reads_its_own_text),
        cmocka_unit_test(test_id_generator__only_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
