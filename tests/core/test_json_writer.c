/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what is written is JSON, safe inside a page, and the first failure sticks.
 * Shown: by a document with everything that needs care, and by a buffer that is too small.
 */
#include "core/json_writer.h"
#include "tests/support/cmocka.h"

static void test_json_writer__escapes_and_separates(void **state)
{
    (void)state;
    struct cf_buf buf;
    cf_buf_init(&buf, 1000);
    struct cf_json_writer writer = cf_json_writer_to(&buf);
    cf_json_begin_object(&writer);
    cf_json_name(&writer, "a\"b");
    cf_json_begin_array(&writer);
    cf_json_write_integer(&writer, INT64_MIN);
    cf_json_write_bool(&writer, false);
    cf_json_write_null(&writer);
    cf_json_begin_object(&writer);
    cf_json_end_object(&writer);
    cf_json_end_array(&writer);
    cf_json_name(&writer, "t");
    cf_json_write_text(&writer, CF_BYTES_LITERAL("</script>\n\t\x01\\é"));
    cf_json_name(&writer, "h");
    cf_json_write_hex(&writer, CF_BYTES_LITERAL("\x00\xff"));
    cf_json_name(&writer, "s");
    cf_json_write_base64(&writer, CF_BYTES_LITERAL("\xff\xfe"));
    cf_json_name(&writer, "w");
    cf_json_write_time(&writer, 0);
    cf_json_end_object(&writer);
    assert_int_equal(cf_json_writer_finish(&writer), CF_OK);
    assert_int_equal(cf_buf_terminate(&buf), CF_OK);
    assert_string_equal((char *)buf.data,
                        "{\"a\\\"b\":[-9223372036854775808,false,null,{}],"
                        "\"t\":\"\\u003c/script\\u003e\\n\\t\\u0001\\\\é\",\"h\":\"00ff\","
                        "\"s\":\"//4=\",\"w\":\"1970-01-01T00:00:00Z\"}");
    cf_json_write_text(&writer, CF_BYTES_LITERAL("\xff"));
    assert_int_equal(cf_json_writer_finish(&writer), CF_INVALID);
    cf_buf_clean_up(&buf);

    cf_buf_init(&buf, 10);
    writer = cf_json_writer_to(&buf);
    cf_json_write_base64(&writer, CF_BYTES_LITERAL("123456789012345"));
    assert_int_equal(cf_json_writer_finish(&writer), CF_NO_SPACE);
    cf_buf_clean_up(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_writer__escapes_and_separates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
