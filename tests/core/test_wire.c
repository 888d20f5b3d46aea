/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: msgpack as the specification writes it, shortest forms; hostile bytes are CORRUPT with
 * an offset and never make anything reserve memory. Shown: at every width's edge, against
 * msgpack-c's own unpacker, and by hostile messages.
 */
#include "core/wire.h"
#include "tests/support/cmocka.h"

#include <msgpack.h>

static const uint64_t edges[] = {0,   1,     31,    32,         127,        128,       255,
                                 256, 65535, 65536, 4294967295, 4294967296, INT64_MAX, UINT64_MAX};

static void test_wire__integers_are_shortest_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        for (int negative = 0; negative < 2; negative++) {
            uint8_t memory[16];
            struct cf_wire_writer writer = cf_wire_writer_fixed(memory, sizeof memory);
            int64_t value = (int64_t)~edges[i]; /* -1, -2, -32, -33, … */
            if (negative)
                cf_wire_write_signed(&writer, value);
            else
                cf_wire_write_unsigned(&writer, edges[i]);
            assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);

            msgpack_unpacked theirs;
            msgpack_unpacked_init(&theirs);
            assert_int_equal(msgpack_unpack_next(&theirs, (const char *)memory, writer.size, NULL),
                             MSGPACK_UNPACK_SUCCESS);
            struct cf_wire_cursor cursor =
                cf_wire_cursor_over(cf_bytes_from(memory, writer.size), CF_WIRE_CANONICAL);
            if (negative && value < 0) {
                int64_t number;
                assert_int_equal(cf_wire_read_signed(&cursor, &number, NULL), CF_OK);
                assert_int_equal(number, value);
                assert_int_equal(theirs.data.type, MSGPACK_OBJECT_NEGATIVE_INTEGER);
                assert_int_equal(theirs.data.via.i64, value);
            } else if (!negative) {
                uint64_t number;
                assert_int_equal(cf_wire_read_unsigned(&cursor, UINT64_MAX, &number, NULL), CF_OK);
                assert_true(number == edges[i]);
                assert_true(theirs.data.via.u64 == edges[i]);
            }
            msgpack_unpacked_destroy(&theirs);
        }
    }
}

static void test_wire__refuses_what_is_not_shortest(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } longer[] = {
        {"\xcc\x7f", 2},
        {"\xcd\x00\xff", 3},
        {"\xce\x00\x00\xff\xff", 5},
        {"\xcf\x00\x00\x00\x00\xff\xff\xff\xff", 9},
        {"\xd0\xe0", 2},
        {"\xd0\x05", 2},
        {"\xd1\xff\x80", 3},
        {"\xd2\xff\xff\x80\x00", 5},
        {"\xd3\xff\xff\xff\xff\x80\x00\x00\x00", 9},
        {"\xd9\x01x", 3},
        {"\xda\x00\x01x", 4},
        {"\xc5\x00\x01x", 4},
        {"\xdc\x00\x01\x00", 4},
        {"\xde\x00\x00", 3},
    };
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        struct cf_bytes bytes = cf_bytes_from(longer[i].bytes, longer[i].size);
        struct cf_fault fault = {0};
        assert_int_equal(cf_wire_guard(bytes, CF_WIRE_CANONICAL, &fault), CF_CORRUPT);
        assert_int_equal(fault.offset, 0);
        assert_int_equal(cf_wire_guard(bytes, CF_WIRE_LENIENT, NULL), CF_OK);
    }
}

static void test_wire__believes_no_declared_length(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        int64_t offset;
    } hostile[] = {
        {"\xdf\x05\xf5\xe1\x00", 5, 0}, /* a map of 100 million pairs in five bytes */
        {"\xdd\xff\xff\xff\xff", 5, 0},
        {"\xc6\xff\xff\xff\xff", 5, 0},
        {"\x92\x01\xdb\x7f\xff\xff\xff", 7, 2},
        {"\x92\x01", 2, 0},
        {"\x81\x01", 2, 0},
        {"\xa3xy", 3, 0},
        {"\xcb\x00\x00\x00\x00\x00\x00\x00\x00", 9, 0},
        {"\xc1", 1, 0},
        {"\xd4\x00\x00", 3, 0},
        {"\xa2\xc3\x28", 3, 0}, /* not UTF-8 */
        {"\xa2\xc0\x80", 3, 0}, /* overlong */
        {"\x01\x01", 2, 1},     /* something behind the end */
        {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct cf_fault fault = {0};
        assert_int_equal(cf_wire_guard(cf_bytes_from(hostile[i].bytes, hostile[i].size),
                                       CF_WIRE_LENIENT, &fault),
                         CF_CORRUPT);
        assert_int_equal(fault.offset, hostile[i].offset);
    }
}

static void test_wire__bounds_depth_and_nodes(void **state)
{
    (void)state;
    uint8_t deep[64];
    memset(deep, 0x91, sizeof deep);
    deep[CF_WIRE_DEPTH_MAX] = 0x00;
    assert_int_equal(
        cf_wire_guard(cf_bytes_from(deep, CF_WIRE_DEPTH_MAX + 1), CF_WIRE_CANONICAL, NULL), CF_OK);
    deep[CF_WIRE_DEPTH_MAX] = 0x91;
    deep[CF_WIRE_DEPTH_MAX + 1] = 0x00;
    assert_int_equal(
        cf_wire_guard(cf_bytes_from(deep, CF_WIRE_DEPTH_MAX + 2), CF_WIRE_CANONICAL, NULL),
        CF_CORRUPT);

    static uint8_t many[5 + CF_WIRE_NODE_MAX] = {0xdd, 0x00, 0x01, 0x00, 0x00};
    assert_int_equal(cf_wire_guard(cf_bytes_from(many, sizeof many), CF_WIRE_CANONICAL, NULL),
                     CF_CORRUPT);
    many[2] = 0x00;
    many[3] = 0xff;
    many[4] = 0xff;
    assert_int_equal(cf_wire_guard(cf_bytes_from(many, sizeof many), CF_WIRE_LENIENT, NULL),
                     CF_CORRUPT); /* one byte is left over */
    assert_int_equal(cf_wire_guard(cf_bytes_from(many, sizeof many - 1), CF_WIRE_LENIENT, NULL),
                     CF_OK);
}

static void test_wire__a_full_writer_stays_failed(void **state)
{
    (void)state;
    uint8_t memory[4];
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, sizeof memory);
    cf_wire_write_text(&writer, CF_BYTES_LITERAL("abc"));
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    cf_wire_write_nil(&writer);
    cf_wire_write_raw(&writer, CF_BYTES_LITERAL(""));
    assert_int_equal(cf_wire_writer_finish(&writer), CF_NO_SPACE);

    struct cf_buf buf;
    cf_buf_init(&buf, 100);
    writer = cf_wire_writer_to(&buf);
    cf_wire_write_map(&writer, 1);
    cf_wire_write_bool(&writer, true);
    cf_wire_write_bytes(&writer, CF_BYTES_LITERAL("xyz"));
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&buf), CF_BYTES_LITERAL("\x81\xc3\xc4\x03xyz")));
    cf_buf_clean_up(&buf);
}

static void test_wire__a_failed_read_moves_nothing(void **state)
{
    (void)state;
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(CF_BYTES_LITERAL("\xa1x\xc0"), CF_WIRE_CANONICAL);
    uint64_t number;
    struct cf_bytes text;
    uint32_t count;
    assert_int_equal(cf_wire_peek(&cursor), CF_WIRE_TEXT);
    assert_int_equal(cf_wire_read_unsigned(&cursor, 9, &number, NULL), CF_CORRUPT);
    assert_int_equal(cf_wire_read_map(&cursor, 9, &count, NULL), CF_CORRUPT);
    assert_int_equal(cf_wire_read_text(&cursor, 0, &text, NULL), CF_CORRUPT);
    assert_int_equal(cf_wire_offset(&cursor), 0);
    assert_int_equal(cf_wire_read_text(&cursor, 1, &text, NULL), CF_OK);
    assert_int_equal(cf_wire_peek(&cursor), CF_WIRE_NIL);
    assert_int_equal(cf_wire_read_nil(&cursor, NULL), CF_OK);
    assert_int_equal(cf_wire_peek(&cursor), CF_WIRE_END);
    assert_int_equal(cf_wire_finish(&cursor, NULL), CF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire__integers_are_shortest_and_read_back),
        cmocka_unit_test(test_wire__refuses_what_is_not_shortest),
        cmocka_unit_test(test_wire__believes_no_declared_length),
        cmocka_unit_test(test_wire__bounds_depth_and_nodes),
        cmocka_unit_test(test_wire__a_full_writer_stays_failed),
        cmocka_unit_test(test_wire__a_failed_read_moves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
