/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what one end of the link writes, the other reads; another version, too many commands and
 * malformed keys are refused; tags name the first field that differs, and leave out what is new.
 * Shown by writing and reading, and by spoiling what was written.
 */
#include "tests/support/cmocka.h"

#include "commands/link_wire.h"
#include "commands/tags.h"

static struct cf_id id_of(uint8_t number)
{
    return (struct cf_id){{0x01, 0x90, [6] = 0x70, [8] = 0x80, [15] = number}};
}

static void fill(struct cf_command_input *input, uint8_t pledge, int64_t amount)
{
    cf_command_input_init(input, CF_COMMAND_pledge_start_checkout);
    cf_command_set_id(input, "pledge_id", id_of(pledge));
    cf_command_set_id(input, "campaign_id", id_of(2));
    cf_command_set_id(input, "backer_id", id_of(3));
    cf_command_set_signed(input, "currency", CF_CURRENCY_EUR);
    cf_command_set_signed(input, "amount", amount);
}

static void test_link_wire__an_entry_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct cf_command_input input;
    struct cf_link_request request;
    struct cf_link_entry entry;
    const struct cf_sealed_tag tag = {.field = 12, .tag = CF_BYTES_LITERAL("mac")};
    fill(&input, 1, 1000);
    const struct cf_link_command command = {.input = &input,
                                            .actor = id_of(3),
                                            .key = CF_BYTES_LITERAL("key"),
                                            .sealed_tags = &tag,
                                            .sealed_tag_count = 1};
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_link_write_request_head(&writer, 1);
    assert_int_equal(cf_link_write_entry(&writer, &command, 77, NULL), CF_OK);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(cf_bytes_from(bytes, writer.size), CF_WIRE_CANONICAL);
    assert_int_equal(cf_link_read_request_head(&cursor, &request, NULL), CF_OK);
    assert_int_equal(request.command_count, 1);
    assert_int_equal(request.timers_max, 0);
    assert_int_equal(cf_link_read_entry(&cursor, &entry, NULL), CF_OK);
    assert_int_equal(cf_wire_finish(&cursor, NULL), CF_OK);
    assert_int_equal(entry.number, CF_COMMAND_pledge_start_checkout);
    assert_true(cf_id_equal(entry.actor, command.actor));
    assert_true(cf_bytes_equal(entry.key, command.key));
    assert_int_equal(entry.deadline_us, 77);
    assert_int_equal(entry.sealed_tag_count, 1);
    assert_true(cf_bytes_equal(entry.sealed_tags[0].tag, tag.tag));
    bytes[1] = CF_LINK_VERSION + 1;
    cursor = cf_wire_cursor_over(cf_bytes_from(bytes, writer.size), CF_WIRE_CANONICAL);
    assert_int_equal(cf_link_read_request_head(&cursor, &request, NULL), CF_UNSUPPORTED);
}

static enum cf_status read_head(struct cf_bytes bytes, struct cf_link_request *ret_request)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_CANONICAL);
    CF_TRY(cf_link_read_request_head(&cursor, ret_request, NULL));
    return cf_wire_finish(&cursor, NULL);
}

static void test_link_wire__what_is_no_command_comes_back_too(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct cf_link_request request;
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_link_write_cosigned(&writer, CF_BYTES_LITERAL("a note"));
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    assert_int_equal(read_head(cf_bytes_from(bytes, writer.size), &request), CF_OK);
    assert_true(cf_bytes_equal(request.cosigned, CF_BYTES_LITERAL("a note")));
    assert_false(request.rotate);

    writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_link_write_rotate(&writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    assert_int_equal(read_head(cf_bytes_from(bytes, writer.size), &request), CF_OK);
    assert_true(request.rotate);
    assert_int_equal(request.cosigned.size, 0);

    /* An empty note, another word, no timers at all. */
    assert_int_equal(read_head(CF_BYTES_LITERAL("\x92\x01\xc4\x00"), &request), CF_CORRUPT);
    assert_int_equal(read_head(CF_BYTES_LITERAL("\x92\x01\xa6revoke"), &request), CF_CORRUPT);
    assert_int_equal(read_head(CF_BYTES_LITERAL("\x92\x01\x00"), &request), CF_CORRUPT);
}

static void test_link_wire__keys_and_fields_are_checked_before_they_leave(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct cf_command_input input;
    struct cf_fault fault = {0};
    char long_key[257] = {0};
    memset(long_key, 'k', 256);
    fill(&input, 1, 1000);
    struct cf_link_command command = {.input = &input, .actor = id_of(3)};
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    assert_int_equal(cf_link_write_entry(&writer, &command, 1, NULL), CF_INVALID);
    command.key = cf_bytes_from_text(long_key);
    assert_int_equal(cf_link_write_entry(&writer, &command, 1, NULL), CF_INVALID);
    command.key = CF_BYTES_LITERAL("\xff");
    assert_int_equal(cf_link_write_entry(&writer, &command, 1, NULL), CF_INVALID);
    command.key = CF_BYTES_LITERAL("key");
    fill(&input, 1, -1);
    assert_int_equal(cf_link_write_entry(&writer, &command, 1, &fault), CF_INVALID);
    assert_non_null(strstr(fault.detail, "amount"));
}

static void test_link_wire__too_many_commands_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[16];
    struct cf_link_request request;
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_link_write_request_head(&writer, CF_LINK_BATCH_MAX + 1);
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(cf_bytes_from(bytes, writer.size), CF_WIRE_CANONICAL);
    assert_int_equal(cf_link_read_request_head(&cursor, &request, NULL), CF_CORRUPT);
}

static void test_link_wire__every_kind_of_reply_comes_back(void **state)
{
    (void)state;
    const struct cf_reply replies[] = {
        {.kind = CF_REPLY_ACCEPTED, .first_sequence = 7, .last_sequence = 9, .stream_id = id_of(4)},
        {.kind = CF_REPLY_REFUSED, .verdict = 3},
        {.kind = CF_REPLY_CONFLICT, .conflict_field = 5},
        {.kind = CF_REPLY_BUSY, .retry_after_ms = 50},
        {.kind = CF_REPLY_FAILED, .text = "its deadline had passed"},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        uint8_t bytes[256];
        struct cf_reply back;
        struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
        cf_link_write_reply(&writer, &replies[i]);
        struct cf_wire_cursor cursor =
            cf_wire_cursor_over(cf_bytes_from(bytes, writer.size), CF_WIRE_CANONICAL);
        assert_int_equal(cf_link_read_reply(&cursor, &back, NULL), CF_OK);
        assert_int_equal(back.kind, replies[i].kind);
        assert_int_equal(back.first_sequence, replies[i].first_sequence);
        assert_int_equal(back.last_sequence, replies[i].last_sequence);
        assert_int_equal(back.verdict, replies[i].verdict);
        assert_int_equal(back.conflict_field, replies[i].conflict_field);
        assert_int_equal(back.retry_after_ms, replies[i].retry_after_ms);
        assert_true(cf_id_equal(back.stream_id, replies[i].stream_id));
        assert_string_equal(back.text, replies[i].text);
    }
}

static uint32_t compare(const struct cf_command_input *a, const struct cf_command_input *b)
{
    struct cf_record left = {0}, right = {0};
    uint8_t left_bytes[CF_TAGS_MAX][CF_TAG_SIZE_MAX], right_bytes[CF_TAGS_MAX][CF_TAG_SIZE_MAX];
    cf_tags_make(a->spec, a->bytes, NULL, 0, &left, left_bytes);
    cf_tags_make(b->spec, b->bytes, NULL, 0, &right, right_bytes);
    return cf_tags_compare(a->spec, left.tags, left.tag_count, right.tags, right.tag_count);
}

static void test_link_wire__tags_name_the_field_that_differs(void **state)
{
    (void)state;
    struct cf_command_input a, b;
    fill(&a, 1, 1000);
    fill(&b, 1, 1000);
    assert_int_equal(compare(&a, &b), 0);
    fill(&b, 9, 1000); /* the id of what is made */
    assert_int_equal(compare(&a, &b), 0);
    fill(&b, 1, 1001);
    assert_int_equal(compare(&a, &b), 5);
    fill(&b, 1, 1000);
    cf_command_set_text(&b, "country", CF_BYTES_LITERAL("DE")); /* there, and not there */
    assert_int_equal(compare(&a, &b), 11);
    assert_int_equal(compare(&b, &a), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link_wire__an_entry_comes_back),
        cmocka_unit_test(test_link_wire__what_is_no_command_comes_back_too),
        cmocka_unit_test(test_link_wire__keys_and_fields_are_checked_before_they_leave),
        cmocka_unit_test(test_link_wire__too_many_commands_are_refused),
        cmocka_unit_test(test_link_wire__every_kind_of_reply_comes_back),
        cmocka_unit_test(test_link_wire__tags_name_the_field_that_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
