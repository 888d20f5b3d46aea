/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: hex, base64 and UTF-8 take exactly what their standards allow.
 * Shown: by the vectors of RFC 4648 and by the classic malformed sequences of RFC 3629.
 */
#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/base/utf8.h"
#include "tests/support/cmocka.h"

static void test_hex__reads_either_case_and_writes_lower(void **state)
{
    (void)state;
    uint8_t bytes[2] = {7, 7};
    char text[5];
    assert_int_equal(cf_hex_parse(CF_BYTES_LITERAL("0aFf"), 2, bytes), CF_OK);
    cf_hex_print(cf_bytes_from(bytes, 2), text);
    assert_string_equal(text, "0aff");
    assert_int_equal(cf_hex_parse(CF_BYTES_LITERAL("0a"), 2, bytes), CF_INVALID);
    assert_int_equal(cf_hex_parse(CF_BYTES_LITERAL("000g"), 2, bytes), CF_INVALID);
    assert_int_equal(cf_hex_parse(CF_BYTES_LITERAL("0x00"), 2, bytes), CF_INVALID);
    assert_int_equal(bytes[1], 0xff);
}

static void test_base64__follows_rfc_4648(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[16];
        uint8_t bytes[16];
        size_t size;
        cf_base64_print(cf_bytes_from_text(vectors[i][0]), text);
        assert_string_equal(text, vectors[i][1]);
        assert_int_equal(strlen(text), cf_base64_text_size(strlen(vectors[i][0])));
        assert_int_equal(cf_base64_parse(cf_bytes_from_text(text), bytes, &size), CF_OK);
        assert_true(cf_bytes_equal(cf_bytes_from(bytes, size), cf_bytes_from_text(vectors[i][0])));
    }
    static const char *const malformed[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9", "Zm9-", "=Zg="};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        uint8_t bytes[16];
        size_t size;
        assert_int_equal(cf_base64_parse(cf_bytes_from_text(malformed[i]), bytes, &size),
                         CF_INVALID);
    }
}

static void test_utf8__is_well_formed_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid, plain;
    } cases[] = {
        {"", true, true},
        {"plain ascii of more than eight bytes", true, true},
        {"Käse € 😀", true, true},
        {"line\nfeed and\ttab", true, true},
        {"bell\x07", true, false},
        {"delete\x7f", true, false},
        {"c1 control \xc2\x85", true, false},
        {"12345678\xff", false, false},
        {"\x80", false, false},
        {"\xc3", false, false},
        {"\xc3(", false, false},
        {"\xc0\xaf", false, false},
        {"\xe0\x9f\xbf", false, false},
        {"\xed\xa0\x80", false, false},
        {"\xf0\x8f\xbf\xbf", false, false},
        {"\xf4\x8f\xbf\xbf", true, true},
        {"\xf4\x90\x80\x80", false, false},
        {"\xf8\x88\x80\x80\x80", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(cf_utf8_is_valid(cf_bytes_from_text(cases[i].text)), cases[i].valid);
        assert_int_equal(cf_utf8_is_plain(cf_bytes_from_text(cases[i].text)), cases[i].plain);
    }
    assert_int_equal(cf_utf8_count(CF_BYTES_LITERAL("Kä😀")), 3);
    assert_true(cf_ascii_is_token(CF_BYTES_LITERAL("pi_3N~!")));
    assert_false(cf_ascii_is_token(CF_BYTES_LITERAL("a b")));
    assert_false(cf_ascii_is_token(CF_BYTES_LITERAL("\xc3\xa4")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex__reads_either_case_and_writes_lower),
        cmocka_unit_test(test_base64__follows_rfc_4648),
        cmocka_unit_test(test_utf8__is_well_formed_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
