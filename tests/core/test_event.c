/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: every event of the catalogue encodes to canonical bytes and back; bytes that are not
 * exactly one value's one encoding are CORRUPT, with the offset. Shown: for every event, full and
 * sparse, over seeds; by cutting, and by flipping every byte, where what still decodes must encode
 * to the very bytes it came from.
 */
#include "tests/support/cmocka.h"
#include "tests/support/samples.h"

#define ENCODED_SIZE_MAX 8192

static struct cf_bytes encode(const struct cf_event *event, uint8_t memory[ENCODED_SIZE_MAX])
{
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, ENCODED_SIZE_MAX);
    cf_event_encode(event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    return cf_bytes_from(memory, writer.size);
}

static enum cf_status decode(enum cf_event_type type, struct cf_bytes bytes,
                             struct cf_event *ret_event, struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_CANONICAL);
    CF_TRY(cf_event_decode(type, &cursor, ret_event, reterr_fault));
    return cf_wire_finish(&cursor, reterr_fault);
}

static void test_event__reads_what_it_wrote(void **state)
{
    (void)state;
    static uint8_t memory[ENCODED_SIZE_MAX];
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        for (uint32_t seed = 0; seed < 20; seed++) {
            struct cf_event event = cf_sample_event(cf_event_type_at(i), seed, seed % 2), again;
            struct cf_bytes bytes = encode(&event, memory);
            struct cf_fault fault = {0};
            if (decode(event.type, bytes, &again, &fault) != CF_OK)
                fail_msg("%s: %s at %d", fault.detail, fault.text, (int)fault.offset);
            assert_true(cf_event_equal(&event, &again));
            struct cf_event other = cf_sample_event(event.type, seed + 7, false);
            assert_false(cf_event_equal(&event, &other));
            assert_int_equal(cf_wire_guard(bytes, CF_WIRE_CANONICAL, NULL), CF_OK);
        }
    }
}

static void test_event__has_one_encoding_only(void **state)
{
    (void)state;
    static uint8_t memory[ENCODED_SIZE_MAX], copy[ENCODED_SIZE_MAX], back[ENCODED_SIZE_MAX];
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        struct cf_event event = cf_sample_event(cf_event_type_at(i), 1, false), again;
        struct cf_bytes bytes = encode(&event, memory);
        for (size_t cut = 0; cut < bytes.size; cut++) {
            struct cf_fault fault = {0};
            assert_int_equal(decode(event.type, cf_bytes_from(memory, cut), &again, &fault),
                             CF_CORRUPT);
            assert_true(fault.offset >= 0 && fault.offset <= (int64_t)cut);
        }
        for (size_t at = 0; at < bytes.size; at++) {
            for (int mask = 1; mask < 256; mask++) {
                memcpy(copy, memory, bytes.size);
                copy[at] ^= (uint8_t)mask;
                struct cf_bytes changed = cf_bytes_from(copy, bytes.size);
                struct cf_fault fault = {0};
                if (decode(event.type, changed, &again, &fault) == CF_OK)
                    assert_true(cf_bytes_equal(encode(&again, back), changed));
                else
                    assert_true(fault.offset >= 0);
            }
        }
    }
}

static void test_event__is_found_by_number_and_name(void **state)
{
    (void)state;
    enum cf_event_type type;
    assert_int_equal(cf_event_type_parse(CF_BYTES_LITERAL("pledge_placed"), &type), CF_OK);
    assert_int_equal(type, CF_EVENT_PLEDGE_PLACED);
    assert_int_equal(cf_event_stream(type), CF_STREAM_PLEDGE);
    assert_string_equal(cf_event_name(CF_EVENT_LEDGER_OPENED), "ledger_opened");
    assert_null(cf_event_name(0));
    assert_null(cf_event_name(UINT32_MAX));
    assert_int_equal(cf_event_type_parse(CF_BYTES_LITERAL("pledge"), &type), CF_NOT_FOUND);

    struct cf_event event;
    struct cf_wire_cursor cursor = cf_wire_cursor_over(CF_BYTES_LITERAL("\x80"), CF_WIRE_CANONICAL);
    assert_int_equal(cf_event_decode(99999, &cursor, &event, NULL), CF_UNSUPPORTED);
}

static void test_event__tables_are_sorted(void **state)
{
    (void)state;
    uint32_t previous = 0;
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        const struct cf_shape *shape = cf_event_shape(cf_event_type_at(i));
        assert_true(shape->number > previous);
        previous = shape->number;
        for (uint32_t j = 0; j < shape->field_count; j++)
            assert_true(shape->fields[j].key > (j == 0 ? 0 : shape->fields[j - 1].key));
    }
}

static void test_event__members_are_found_by_name_and_type(void **state)
{
    (void)state;
    struct cf_event event = cf_sample_event(CF_EVENT_PLEDGE_PLACED, 3, false);
    const struct cf_shape *shape = cf_event_shape(event.type);
    struct cf_money *amount =
        cf_shape_member(shape, &event.pledge_placed, "amount", CF_TYPE_amount);
    assert_ptr_equal(amount, &event.pledge_placed.amount);
    assert_null(cf_shape_member(shape, &event.pledge_placed, "amount", CF_TYPE_time));
    assert_null(cf_shape_member(shape, &event.pledge_placed, "amounts", CF_TYPE_amount));
    const struct cf_field *address = cf_shape_field(shape, CF_BYTES_LITERAL("network_address"));
    assert_true(cf_field_is_sealed(address));
    assert_false(cf_field_is_absent(address, &event.pledge_placed));

    *amount = cf_money_of(-1);
    struct cf_fault fault = {0};
    assert_int_equal(cf_shape_check(shape, &event.pledge_placed, &fault), CF_INVALID);
    assert_string_equal(fault.detail, "pledge_placed.amount");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__reads_what_it_wrote),
        cmocka_unit_test(test_event__has_one_encoding_only),
        cmocka_unit_test(test_event__is_found_by_number_and_name),
        cmocka_unit_test(test_event__tables_are_sorted),
        cmocka_unit_test(test_event__members_are_found_by_name_and_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
