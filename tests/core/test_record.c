/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a record has one encoding, checked whole when read, borrowed and without allocation.
 * Shown: with and without a command's tags, by cutting, and by flipping every bit of both.
 */
#include "core/event/record.h"
#include "tests/support/cmocka.h"
#include "tests/support/samples.h"

static struct cf_record sample(bool first)
{
    struct cf_record record = {
        .sequence = 70000,
        .time_us = INT64_C(1795215786000000),
        .event_number = CF_EVENT_PLEDGE_PLACED,
        .stream_version = 3,
        .stream_id = {{1, 2, 3}},
        .actor_id = {{9}},
        .idempotency_key = CF_BYTES_LITERAL("Schlüssel-1"),
        .subject_count = 2,
        .subjects = {{{{9}}, 69999}, {{{8}}, 0}},
        .command = first ? 12 : 0,
        .tag_count = first ? 2 : 0,
        .tags = {{1, CF_BYTES_LITERAL("\x01\x02")}, {5, CF_BYTES_LITERAL("tag")}},
    };
    return record;
}

static struct cf_bytes encode(const struct cf_record *record, const struct cf_event *event,
                              uint8_t memory[CF_RECORD_SIZE_MAX])
{
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, CF_RECORD_SIZE_MAX);
    cf_record_encode_event(record, event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    return cf_bytes_from(memory, writer.size);
}

static uint8_t memory[CF_RECORD_SIZE_MAX + 1], back[CF_RECORD_SIZE_MAX];

static void test_record__reads_what_it_wrote(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct cf_record record = sample(first), again;
        struct cf_event event = cf_sample_event(CF_EVENT_PLEDGE_PLACED, 1, false), event_again;
        struct cf_bytes bytes = encode(&record, &event, memory);
        assert_int_equal(cf_record_decode(bytes, &again, NULL), CF_OK);
        assert_int_equal(again.sequence, 70000);
        assert_int_equal(again.time_us, record.time_us);
        assert_int_equal(again.stream_version, 3);
        assert_true(cf_id_equal(again.stream_id, record.stream_id));
        assert_true(cf_id_equal(again.actor_id, record.actor_id));
        assert_true(cf_bytes_equal(again.idempotency_key, record.idempotency_key));
        assert_int_equal(again.subject_count, 2);
        assert_int_equal(again.subjects[0].previous, 69999);
        assert_int_equal(again.subjects[1].previous, 0);
        assert_int_equal(again.command, record.command);
        assert_int_equal(again.tag_count, record.tag_count);
        assert_int_equal(cf_record_event(&again, &event_again, NULL), CF_OK);
        assert_true(cf_event_equal(&event, &event_again));

        struct cf_wire_writer writer = cf_wire_writer_fixed(back, sizeof back);
        cf_record_encode(&again, &writer);
        assert_true(cf_bytes_equal(cf_bytes_from(back, writer.size), bytes));
    }
}

static void test_record__has_one_encoding_only(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct cf_record record = sample(first), again;
        struct cf_event event = cf_sample_event(CF_EVENT_PLEDGE_PLACED, 1, false);
        struct cf_bytes bytes = encode(&record, &event, memory);
        for (size_t cut = 0; cut < bytes.size; cut++) {
            struct cf_fault fault = {0};
            assert_int_equal(cf_record_decode(cf_bytes_from(memory, cut), &again, &fault),
                             CF_CORRUPT);
            assert_true(fault.offset >= 0 && fault.offset <= (int64_t)cut);
        }
        for (size_t bit = 0; bit < bytes.size * 8; bit++) {
            memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (cf_record_decode(bytes, &again, NULL) == CF_OK) {
                struct cf_wire_writer writer = cf_wire_writer_fixed(back, sizeof back);
                cf_record_encode(&again, &writer);
                assert_true(cf_bytes_equal(cf_bytes_from(back, writer.size), bytes));
            }
            memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        memory[bytes.size] = 0xc0;
        assert_int_equal(cf_record_decode(cf_bytes_from(memory, bytes.size + 1), &again, NULL),
                         CF_CORRUPT);
    }
}

static void test_record__front_is_what_the_whole_says(void **state)
{
    (void)state;
    static const uint64_t sequences[] = {1,     127,   128,        255,       256,
                                         65535, 65536, 1ull << 32, 1ull << 62};
    struct cf_event event = cf_sample_event(CF_EVENT_PLEDGE_PLACED, 1, false);
    for (size_t i = 0; i < 2 * sizeof sequences / sizeof sequences[0]; i++) {
        struct cf_record record = sample(i % 2 == 0);
        uint64_t sequence, number;
        record.sequence = sequences[i / 2];
        record.subject_count = 0;
        struct cf_bytes bytes = encode(&record, &event, memory);
        assert_true(cf_record_front(bytes, &sequence, &number));
        assert_int_equal(sequence, record.sequence);
        assert_int_equal(number, record.event_number);
        /* Array, format, sequence, time (nine bytes), number: not one less. */
        size_t cut = 0;
        while (!cf_record_front(cf_bytes_from(memory, cut), &sequence, &number))
            cut++;
        struct cf_wire_writer writer = cf_wire_writer_fixed(back, sizeof back);
        cf_wire_write_unsigned(&writer, record.sequence);
        cf_wire_write_unsigned(&writer, record.event_number);
        assert_int_equal(cut, 2 + 9 + writer.size);
        memory[0] ^= 1;
        assert_false(cf_record_front(bytes, &sequence, &number));
    }
}

static void test_record__another_format_is_unsupported(void **state)
{
    (void)state;
    struct cf_record record = sample(false), again;
    struct cf_event event = cf_sample_event(CF_EVENT_PLEDGE_PLACED, 1, false);
    struct cf_bytes bytes = encode(&record, &event, memory);
    assert_int_equal(memory[1], CF_RECORD_FORMAT);
    memory[1] = CF_RECORD_FORMAT + 1;
    struct cf_fault fault = {0};
    assert_int_equal(cf_record_decode(bytes, &again, &fault), CF_UNSUPPORTED);
    assert_int_equal(fault.offset, 1);
}

static void test_record__is_bounded(void **state)
{
    (void)state;
    struct cf_record again;
    assert_int_equal(cf_record_decode(cf_bytes_from(memory, CF_RECORD_SIZE_MAX + 1), &again, NULL),
                     CF_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record__reads_what_it_wrote),
        cmocka_unit_test(test_record__has_one_encoding_only),
        cmocka_unit_test(test_record__front_is_what_the_whole_says),
        cmocka_unit_test(test_record__another_format_is_unsupported),
        cmocka_unit_test(test_record__is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
