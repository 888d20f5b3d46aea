/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: every type a field can have is encoded, decoded, checked and printed as types.def says;
 * each kind of damage is CORRUPT at its byte, naming the field; coding allocates nothing. Shown:
 * with a shape that has one field of every kind, with hand-made bytes, and with malloc wrapped.
 */
#include "core/shape.h"
#include "core/shape_json.h"
#include "tests/support/allocation_count.h"
#include "tests/support/cmocka.h"
#include "tests/support/samples.h"

#include <stdio.h>

/* clang-format off */
#define FIELDS                        \
    CF_FIELD(1, id, id)               \
    CF_FIELD(2, u32, u32)             \
    CF_FIELD(3, opt_i32, i32)         \
    CF_FIELD(4, u64, u64)             \
    CF_FIELD(5, bool, flag)           \
    CF_FIELD(6, amount, amount)       \
    CF_FIELD(7, delta, delta)         \
    CF_FIELD(8, time, time)           \
    CF_FIELD(9, bps, bps)             \
    CF_FIELD(10, currency, currency)  \
    CF_FIELD(11, text, text)          \
    CF_FIELD(12, token, token)        \
    CF_FIELD(13, hash, hash)          \
    CF_FIELD(14, sealed, sealed)      \
    CF_FIELD(15, items, items)        \
    CF_FIELD(16, ids, ids)            \
    CF_FIELD(17, role, role)          \
    CF_FIELD(18, opt_id, opt_id)      \
    CF_FIELD(19, opt_text, opt_text)  \
    CF_FIELD(200, opt_bool, opt_flag)
/* clang-format on */

struct everything {
#define CF_FIELD CF_FIELD_MEMBER
    FIELDS
#undef CF_FIELD
};

#define CF_FIELD_STRUCT struct everything
static const struct cf_field fields[] = {
#define CF_FIELD CF_FIELD_ROW
    FIELDS
#undef CF_FIELD
};

static const struct cf_shape shape = {
    .name = "everything",
    .number = 1,
    .field_count = sizeof fields / sizeof fields[0],
    .size = sizeof(struct everything),
    .fields = fields,
};

static uint8_t memory[4096];

static struct cf_bytes encode(const struct everything *value)
{
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, sizeof memory);
    cf_shape_encode(&shape, value, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    return cf_bytes_from(memory, writer.size);
}

static void test_shape__every_kind_comes_back(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 50; seed++) {
        static struct everything value, again;
        cf_sample_fill(&shape, seed, seed % 2, &value);
        struct cf_wire_cursor cursor = cf_wire_cursor_over(encode(&value), CF_WIRE_CANONICAL);
        assert_int_equal(cf_shape_decode(&shape, &cursor, &again, NULL), CF_OK);
        assert_int_equal(cf_wire_finish(&cursor, NULL), CF_OK);
        assert_true(cf_shape_equal(&shape, &value, &again));
    }
}

static void test_shape__coding_allocates_nothing(void **state)
{
    (void)state;
    static struct everything value, again;
    cf_sample_fill(&shape, 3, false, &value);
    size_t before = allocation_count;
    struct cf_wire_cursor cursor = cf_wire_cursor_over(encode(&value), CF_WIRE_CANONICAL);
    assert_int_equal(cf_shape_decode(&shape, &cursor, &again, NULL), CF_OK);
    assert_true(cf_shape_equal(&shape, &value, &again));
    assert_int_equal(allocation_count, before);
    struct cf_buf buf;
    cf_buf_init(&buf, 10);
    assert_int_equal(cf_buf_append_byte(&buf, 1), CF_OK);
    cf_buf_clean_up(&buf);
    assert_true(allocation_count > before); /* the count does count */
}

static void test_shape__one_member_changed_is_not_equal(void **state)
{
    (void)state;
    static struct everything value, other, donor;
    cf_sample_fill(&shape, 3, false, &value);
    cf_sample_fill(&shape, 104, false, &donor);
    donor.flag = false;
    donor.opt_flag = false;
    donor.role = CF_ROLE_ADMIN;
    donor.currency = CF_CURRENCY_JPY;
    for (uint32_t i = 0; i < shape.field_count; i++) {
        other = value;
        uint32_t end = i + 1 < shape.field_count ? fields[i + 1].offset : (uint32_t)shape.size;
        memcpy((uint8_t *)&other + fields[i].offset, (uint8_t *)&donor + fields[i].offset,
               end - fields[i].offset);
        if (cf_shape_equal(&shape, &value, &other))
            fail_msg("%s does not count", fields[i].name);
    }
}

static void refuses(const char *field, struct everything *value)
{
    struct cf_fault fault = {0};
    char expected[64];
    snprintf(expected, sizeof expected, "everything.%s", field);
    assert_int_equal(cf_shape_check(&shape, value, &fault), CF_INVALID);
    assert_string_equal(fault.detail, expected);
    cf_sample_fill(&shape, 3, false, value);
}

static void test_shape__check_names_what_is_out_of_range(void **state)
{
    (void)state;
    static struct everything value;
    static const uint8_t long_text[1025] = {[0 ... 1024] = 'x'};
    cf_sample_fill(&shape, 3, false, &value);
    assert_int_equal(cf_shape_check(&shape, &value, NULL), CF_OK);
    value.id = (struct cf_id){{0}};
    refuses("id", &value);
    value.u64 = UINT64_MAX;
    refuses("u64", &value);
    value.amount = cf_money_of(-1);
    refuses("amount", &value);
    value.time = 0;
    refuses("time", &value);
    value.time = CF_TIME_MAX_US + 1;
    refuses("time", &value);
    value.bps = 10001;
    refuses("bps", &value);
    value.currency = (enum cf_currency)1;
    refuses("currency", &value);
    value.text = CF_BYTES_LITERAL("");
    refuses("text", &value);
    value.text = CF_BYTES_LITERAL("\xff");
    refuses("text", &value);
    value.text = CF_BYTES_LITERAL("bell\x07");
    refuses("text", &value);
    value.text = cf_bytes_from(long_text, 513);
    refuses("text", &value);
    value.token = CF_BYTES_LITERAL("a b");
    refuses("token", &value);
    value.token = cf_bytes_from(long_text, 256);
    refuses("token", &value);
    memset(&value.hash, 0, sizeof value.hash);
    refuses("hash", &value);
    value.sealed.ciphertext = cf_bytes_from(long_text, 1025);
    refuses("sealed", &value);
    value.items.count = CF_ITEMS_MAX + 1;
    refuses("items", &value);
    value.items.items[0].quantity = 0;
    refuses("items", &value);
    value.ids.ids[1] = (struct cf_id){{0}};
    refuses("ids", &value);
    value.role = (enum cf_role)99;
    refuses("role", &value);
}

/* A small shape for bytes that are written by hand. */
struct small {
    uint32_t a;
    struct cf_bytes b;
    int32_t c;
};

#undef CF_FIELD_STRUCT
#define CF_FIELD_STRUCT struct small
static const struct cf_field small_fields[] = {CF_FIELD_ROW(1, u32, a) CF_FIELD_ROW(2, opt_text, b)
                                                   CF_FIELD_ROW(4, opt_i32, c)};
static const struct cf_shape small_shape = {"small", 2, 3, sizeof(struct small), small_fields};

static void test_shape__damage_is_corrupt_at_its_byte(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        enum cf_status status;
        int64_t offset;
        const char *detail;
    } cases[] = {
        {"\x81\x01\x05", 3, CF_OK, 0, ""},
        {"\x83\x01\x05\x02\xa1x\x04\xff", 8, CF_OK, 0, ""},
        {"\x80", 1, CF_CORRUPT, 1, "small.a"},                   /* missing */
        {"\x81\x02\xa1x", 4, CF_CORRUPT, 1, "small.a"},          /* missing */
        {"\x82\x01\x05\x03\x05", 5, CF_CORRUPT, 3, ""},          /* unknown */
        {"\x82\x01\x05\x09\x05", 5, CF_CORRUPT, 3, ""},          /* unknown */
        {"\x82\x01\x05\x01\x05", 5, CF_CORRUPT, 3, ""},          /* twice */
        {"\x83\x01\x05\x04\x01\x02\xa1x", 8, CF_CORRUPT, 5, ""}, /* out of order */
        {"\x82\x01\x05\x02\xa0", 5, CF_CORRUPT, 4, "small.b"},   /* empty, and written */
        {"\x82\x01\x05\x04\x00", 5, CF_CORRUPT, 4, "small.c"},   /* zero, and written */
        {"\x82\x01\x05\x02\x01", 5, CF_CORRUPT, 4, "small.b"},   /* another kind */
        {"\x81\x01\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 11, CF_CORRUPT, 2, "small.a"},
        {"\x81\x01\xff", 3, CF_CORRUPT, 2, "small.a"},     /* negative */
        {"\x81\x01\xcc\x05", 4, CF_CORRUPT, 2, "small.a"}, /* not the shortest */
        {"\x81\xcc\x01\x05", 4, CF_CORRUPT, 1, ""},        /* a key that is not the shortest */
        {"\xde\x00\x01\x01\x05", 5, CF_CORRUPT, 0, ""},    /* a count that is not the shortest */
        {"\x84\x01\x05\x02\xa1x\x04\x01\x05\x01", 10, CF_CORRUPT, 0, ""}, /* too many */
        {"\x91\x05", 2, CF_CORRUPT, 0, ""},                               /* no map */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct small value;
        struct cf_fault fault = {0};
        struct cf_wire_cursor cursor =
            cf_wire_cursor_over(cf_bytes_from(cases[i].bytes, cases[i].size), CF_WIRE_CANONICAL);
        assert_int_equal(cf_shape_decode(&small_shape, &cursor, &value, &fault), cases[i].status);
        if (cases[i].status == CF_OK)
            continue;
        assert_int_equal(fault.offset, cases[i].offset);
        assert_string_equal(fault.detail, cases[i].detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape__every_kind_comes_back),
        cmocka_unit_test(test_shape__coding_allocates_nothing),
        cmocka_unit_test(test_shape__one_member_changed_is_not_equal),
        cmocka_unit_test(test_shape__check_names_what_is_out_of_range),
        cmocka_unit_test(test_shape__damage_is_corrupt_at_its_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
