/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a record prints as one JSON object, whether its event is known or not; a payload that
 * is not what its event says is CORRUPT and prints nothing. Shown: by the exact text of a small
 * record, of an unknown one and of a damaged one.
 */
#include "core/event/record_json.h"
#include "tests/support/cmocka.h"

static struct cf_record sample(uint32_t event_number, struct cf_bytes payload)
{
    return (struct cf_record){
        .sequence = 7,
        .time_us = INT64_C(1795215786000000),
        .event_number = event_number,
        .stream_version = 2,
        .stream_id = {{0x01}},
        .actor_id = {{0x02}},
        .idempotency_key = CF_BYTES_LITERAL("k\"1"),
        .subject_count = 1,
        .subjects = {{{{0x02}}, 3}},
        .payload = payload,
        .command = 12,
    };
}

#define HEAD                                                                                       \
    ",\"stream\":\"01000000-0000-0000-0000-000000000000\",\"version\":2,"                          \
    "\"actor\":\"02000000-0000-0000-0000-000000000000\",\"key\":\"k\\\"1\","                       \
    "\"subjects\":[{\"id\":\"02000000-0000-0000-0000-000000000000\",\"previous\":3}],"             \
    "\"command\":12,"

static void prints(uint32_t event_number, struct cf_bytes payload, const char *expected)
{
    struct cf_record record = sample(event_number, payload);
    struct cf_buf buf;
    cf_buf_init(&buf, 4096);
    struct cf_json_writer writer = cf_json_writer_to(&buf);
    assert_int_equal(cf_record_write_json(&record, &writer, NULL), CF_OK);
    assert_int_equal(cf_json_writer_finish(&writer), CF_OK);
    assert_int_equal(cf_buf_terminate(&buf), CF_OK);
    assert_string_equal((const char *)buf.data, expected);
    cf_buf_clean_up(&buf);
}

static void test_record_json__prints_the_events_fields(void **state)
{
    (void)state;
    prints(
        CF_EVENT_USER_EMAIL_VERIFIED,
        CF_BYTES_LITERAL("\x81\x01\xc4\x10\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        "{\"sequence\":7,\"time\":\"2026-11-20T23:03:06Z\",\"event\":\"user_email_verified\"" HEAD
        "\"fields\":{\"user_id\":\"02000000-0000-0000-0000-000000000000\"}}");
}

static void test_record_json__prints_an_unknown_event_as_bytes(void **state)
{
    (void)state;
    prints(60000, CF_BYTES_LITERAL("\x81\x01\x02"),
           "{\"sequence\":7,\"time\":\"2026-11-20T23:03:06Z\",\"event\":60000" HEAD
           "\"payload\":\"810102\"}");
}

static void test_record_json__a_damaged_payload_prints_nothing(void **state)
{
    (void)state;
    struct cf_record record = sample(CF_EVENT_USER_EMAIL_VERIFIED, CF_BYTES_LITERAL("\x80"));
    struct cf_buf buf;
    cf_buf_init(&buf, 4096);
    struct cf_json_writer writer = cf_json_writer_to(&buf);
    struct cf_fault fault = {0};
    assert_int_equal(cf_record_write_json(&record, &writer, &fault), CF_CORRUPT);
    assert_string_equal(fault.detail, "user_email_verified.user_id");
    assert_int_equal(buf.size, 0);
    cf_buf_clean_up(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_json__prints_the_events_fields),
        cmocka_unit_test(test_record_json__prints_an_unknown_event_as_bytes),
        cmocka_unit_test(test_record_json__a_damaged_payload_prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
