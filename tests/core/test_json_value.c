/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a document is read whole or refused; looking never fails hard; what is printed reads
 * back equal. Shown: with documents good and bad, paths that lead somewhere and nowhere, and
 * buffers too small.
 */
#include "core/json_value.h"
#include "tests/support/cmocka.h"

static const char document[] =
    "{\"id\":\"pi_1\",\"amount\":-5,\"live\":false,\"paid\":true,\"rate\":0.5,\"none\":null,"
    "\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"metadata\":{}}";

static void test_json_value__finds_what_is_there_and_nothing_else(void **state)
{
    (void)state;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    assert_int_equal(cf_json_parse(cf_bytes_from_text(document), &json, NULL), CF_OK);
    assert_string_equal(cf_json_text_at(json, "id"), "pi_1");
    assert_string_equal(cf_json_text_at(json, "data.1.id"), "b");
    assert_null(cf_json_at(json, "data.2.id"));
    assert_null(cf_json_at(json, "data.x"));
    assert_null(cf_json_at(json, "data.99999999999999999999999"));
    assert_null(cf_json_at(json, "id.deeper"));
    assert_null(cf_json_at(NULL, "id"));
    assert_null(cf_json_text_at(json, "amount"));
    assert_int_equal(cf_json_integer_at(json, "amount", 7), -5);
    assert_int_equal(cf_json_integer_at(json, "rate", 7), 7);
    assert_int_equal(cf_json_kind(cf_json_get(json, "rate")), CF_JSON_FRACTION);
    assert_int_equal(cf_json_kind(cf_json_get(json, "nowhere")), CF_JSON_NULL);
    assert_true(cf_json_is_true(cf_json_get(json, "paid")));
    assert_false(cf_json_is_true(cf_json_get(json, "live")));
    assert_false(cf_json_is_true(NULL));
    assert_int_equal(cf_json_size(cf_json_get(json, "data")), 2);
    assert_int_equal(cf_json_size(cf_json_get(json, "id")), 0);
}

static void test_json_value__prints_what_it_read(void **state)
{
    (void)state;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    assert_int_equal(cf_json_parse(cf_bytes_from_text(document), &json, NULL), CF_OK);
    struct cf_buf buf;
    cf_buf_init(&buf, sizeof document - 1);
    assert_int_equal(cf_json_print(json, &buf), CF_OK);
    assert_int_equal(buf.size, sizeof document - 1);
    assert_memory_equal(buf.data, document, buf.size);
    assert_int_equal(cf_json_print(json, &buf), CF_NO_SPACE);
    assert_int_equal(buf.size, sizeof document - 1);
    cf_buf_clean_up(&buf);
}

static void test_json_value__builds_and_changes(void **state)
{
    (void)state;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "b", "x");
    cf_json_set_integer(json, "a", INT64_MIN);
    cf_json_set_text(json, "b", NULL);
    cf_json_set(json, "list", cf_json_array());
    cf_json_append(cf_json_get(json, "list"), cf_json_from_bool(true));
    cf_json_replace(cf_json_get(json, "list"), 0, cf_json_from_integer(1));
    cf_json_set_bool(json, "gone", true);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *copy = cf_json_copy(json);
    cf_json_remove(json, "gone");
    assert_false(cf_json_equal(json, copy));
    char keys[16] = "";
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *value = NULL;
    while (cf_json_next(json, &iterator, &key, &value))
        strncat(keys, key, sizeof keys - strlen(keys) - 1);
    assert_string_equal(keys, "balist");
}

static void test_json_value__refuses_what_is_not_a_document(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "1",
        "\"text\"",
        "{",
        "{}x",
        "{\"a\":1,\"a\":2}",
        "[1,]",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":99999999999999999999}",
        "nul",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cf_json *json = NULL;
        struct cf_fault fault = {0};
        assert_int_equal(cf_json_parse(cf_bytes_from_text(bad[i]), &json, &fault), CF_INVALID);
        assert_null(json);
        assert_string_not_equal(fault.detail, "");
    }
}

static void test_json_value__bounds_the_depth(void **state)
{
    (void)state;
    char text[2 * CF_JSON_DEPTH_MAX + 2];
    for (size_t depth = CF_JSON_DEPTH_MAX; depth <= CF_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
        assert_int_equal(cf_json_parse(cf_bytes_from(text, 2 * depth), &json, NULL),
                         depth <= CF_JSON_DEPTH_MAX ? CF_OK : CF_INVALID);
    }
    static const char brackets[] = "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[\"]";
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    assert_int_equal(cf_json_parse(cf_bytes_from_text(brackets), &json, NULL), CF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_value__finds_what_is_there_and_nothing_else),
        cmocka_unit_test(test_json_value__prints_what_it_read),
        cmocka_unit_test(test_json_value__builds_and_changes),
        cmocka_unit_test(test_json_value__refuses_what_is_not_a_document),
        cmocka_unit_test(test_json_value__bounds_the_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
