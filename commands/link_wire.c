/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/link_wire.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"

#include <stdio.h>

#define CF_LINK_ROTATE "rotate"

void cf_link_write_request_head(struct cf_wire_writer *writer, uint32_t count)
{
    cf_wire_write_array(writer, 2);
    cf_wire_write_unsigned(writer, CF_LINK_VERSION);
    cf_wire_write_array(writer, count);
}

enum cf_status cf_link_write_entry(struct cf_wire_writer *writer,
                                   const struct cf_link_command *command, int64_t deadline_us,
                                   struct cf_fault *reterr_fault)
{
    if (command->key.size == 0 || command->key.size > CF_IDEMPOTENCY_KEY_SIZE_MAX ||
        !cf_utf8_is_valid(command->key))
        CF_FAIL(reterr_fault, CF_INVALID, "an idempotency key is 1 to 255 bytes of UTF-8");
    CF_ASSERT(command->sealed_tag_count <= CF_TAGS_MAX);
    cf_wire_write_array(writer, command->sealed_tag_count == 0 ? 5 : 6);
    cf_wire_write_unsigned(writer, command->input->spec->shape.number);
    cf_wire_write_bytes(writer, cf_id_bytes(&command->actor));
    cf_wire_write_text(writer, command->key);
    cf_wire_write_signed(writer, deadline_us);
    CF_TRY(cf_command_encode(command->input, writer, reterr_fault));
    if (command->sealed_tag_count == 0)
        return CF_OK;
    cf_wire_write_map(writer, (uint32_t)command->sealed_tag_count);
    for (size_t i = 0; i < command->sealed_tag_count; i++) {
        cf_wire_write_unsigned(writer, command->sealed_tags[i].field);
        cf_wire_write_bytes(writer, command->sealed_tags[i].tag);
    }
    return CF_OK;
}

static enum cf_status read_id(struct cf_wire_cursor *cursor, struct cf_id *ret_id,
                              struct cf_fault *reterr_fault)
{
    struct cf_bytes bytes;
    CF_TRY(cf_wire_read_bytes(cursor, CF_ID_SIZE, &bytes, reterr_fault));
    if (bytes.size != CF_ID_SIZE)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "an id has sixteen bytes", cf_wire_offset(cursor));
    memcpy(ret_id->bytes, bytes.data, CF_ID_SIZE);
    return CF_OK;
}

static enum cf_status read_version(struct cf_wire_cursor *cursor, struct cf_fault *reterr_fault)
{
    uint64_t version;
    CF_TRY(cf_wire_expect_array(cursor, 2, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &version, reterr_fault));
    if (version != CF_LINK_VERSION)
        CF_FAIL(reterr_fault, CF_UNSUPPORTED, "the other side speaks another version of the link");
    return CF_OK;
}

static enum cf_status read_word(struct cf_wire_cursor *cursor, struct cf_link_request *ret_request,
                                struct cf_fault *reterr_fault)
{
    struct cf_bytes word;
    CF_TRY(cf_wire_read_text(cursor, sizeof CF_LINK_ROTATE - 1, &word, reterr_fault));
    ret_request->rotate = cf_bytes_equal(word, CF_BYTES_LITERAL(CF_LINK_ROTATE));
    return CF_OK;
}

enum cf_status cf_link_read_request_head(struct cf_wire_cursor *cursor,
                                         struct cf_link_request *ret_request,
                                         struct cf_fault *reterr_fault)
{
    uint64_t timers_max = 0;
    *ret_request = (struct cf_link_request){0};
    CF_TRY(read_version(cursor, reterr_fault));
    enum cf_wire_kind kind = cf_wire_peek(cursor);
    if (kind == CF_WIRE_ARRAY)
        return cf_wire_read_array(cursor, CF_LINK_BATCH_MAX, &ret_request->command_count,
                                  reterr_fault);
    if (kind == CF_WIRE_BYTES)
        CF_TRY(cf_wire_read_bytes(cursor, CF_LINK_NOTE_SIZE_MAX, &ret_request->cosigned,
                                  reterr_fault));
    else if (kind == CF_WIRE_TEXT)
        CF_TRY(read_word(cursor, ret_request, reterr_fault));
    else
        CF_TRY(cf_wire_read_unsigned(cursor, CF_LINK_TIMERS_MAX, &timers_max, reterr_fault));
    ret_request->timers_max = (uint32_t)timers_max;
    if (timers_max == 0 && ret_request->cosigned.size == 0 && !ret_request->rotate)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "nothing is asked", cf_wire_offset(cursor));
    return CF_OK;
}

static enum cf_status read_sealed_tags(struct cf_wire_cursor *cursor,
                                       struct cf_link_entry *ret_entry,
                                       struct cf_fault *reterr_fault)
{
    uint32_t count;
    CF_TRY(cf_wire_read_map(cursor, CF_TAGS_MAX, &count, reterr_fault));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t field;
        struct cf_bytes tag;
        CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &field, reterr_fault));
        CF_TRY(cf_wire_read_bytes(cursor, CF_TAG_SIZE_MAX, &tag, reterr_fault));
        if (tag.size == 0)
            CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a tag is empty", cf_wire_offset(cursor));
        ret_entry->sealed_tags[i] = (struct cf_sealed_tag){.field = (uint32_t)field, .tag = tag};
    }
    ret_entry->sealed_tag_count = count;
    return CF_OK;
}

enum cf_status cf_link_read_entry(struct cf_wire_cursor *cursor, struct cf_link_entry *ret_entry,
                                  struct cf_fault *reterr_fault)
{
    uint32_t count;
    uint64_t number;
    CF_TRY(cf_wire_read_array(cursor, 6, &count, reterr_fault));
    if (count < 5)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a command has too few parts", cf_wire_offset(cursor));
    CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &number, reterr_fault));
    ret_entry->number = (uint32_t)number;
    CF_TRY(read_id(cursor, &ret_entry->actor, reterr_fault));
    CF_TRY(cf_wire_read_text(cursor, CF_IDEMPOTENCY_KEY_SIZE_MAX, &ret_entry->key, reterr_fault));
    if (ret_entry->key.size == 0 || cf_id_is_zero(ret_entry->actor))
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a command needs an actor and a key",
                   cf_wire_offset(cursor));
    CF_TRY(cf_wire_read_signed(cursor, &ret_entry->deadline_us, reterr_fault));
    CF_TRY(cf_wire_skip(cursor, &ret_entry->fields, reterr_fault));
    ret_entry->sealed_tag_count = 0;
    return count == 6 ? read_sealed_tags(cursor, ret_entry, reterr_fault) : CF_OK;
}

void cf_link_write_reply_head(struct cf_wire_writer *writer, uint32_t count)
{
    cf_link_write_request_head(writer, count);
}

void cf_link_write_reply(struct cf_wire_writer *writer, const struct cf_reply *reply)
{
    cf_wire_write_array(writer, 4);
    cf_wire_write_unsigned(writer, (uint64_t)reply->kind);
    cf_wire_write_unsigned(writer, reply->first_sequence);
    cf_wire_write_unsigned(writer, reply->last_sequence);
    switch (reply->kind) {
    case CF_REPLY_ACCEPTED:
        cf_wire_write_bytes(writer, cf_id_bytes(&reply->stream_id));
        return;
    case CF_REPLY_REFUSED:
        cf_wire_write_unsigned(writer, reply->verdict);
        return;
    case CF_REPLY_CONFLICT:
        cf_wire_write_unsigned(writer, reply->conflict_field);
        return;
    case CF_REPLY_BUSY:
        cf_wire_write_unsigned(writer, reply->retry_after_ms);
        return;
    case CF_REPLY_FAILED:
        cf_wire_write_text(writer, cf_bytes_from_text(reply->text));
        return;
    }
    CF_UNREACHABLE();
}

enum cf_status cf_link_read_reply_head(struct cf_wire_cursor *cursor, uint32_t count,
                                       struct cf_fault *reterr_fault)
{
    CF_TRY(read_version(cursor, reterr_fault));
    return cf_wire_expect_array(cursor, count, reterr_fault);
}

static enum cf_status read_number(struct cf_wire_cursor *cursor, uint32_t *ret_number,
                                  struct cf_fault *reterr_fault)
{
    uint64_t number;
    CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &number, reterr_fault));
    *ret_number = (uint32_t)number;
    return CF_OK;
}

enum cf_status cf_link_read_reply(struct cf_wire_cursor *cursor, struct cf_reply *ret_reply,
                                  struct cf_fault *reterr_fault)
{
    uint32_t kind;
    struct cf_bytes text;
    *ret_reply = (struct cf_reply){.kind = CF_REPLY_FAILED};
    CF_TRY(cf_wire_expect_array(cursor, 4, reterr_fault));
    CF_TRY(read_number(cursor, &kind, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(cursor, INT64_MAX, &ret_reply->first_sequence, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(cursor, INT64_MAX, &ret_reply->last_sequence, reterr_fault));
    ret_reply->kind = (enum cf_reply_kind)kind;
    switch (ret_reply->kind) {
    case CF_REPLY_ACCEPTED:
        return read_id(cursor, &ret_reply->stream_id, reterr_fault);
    case CF_REPLY_REFUSED:
        return read_number(cursor, &ret_reply->verdict, reterr_fault);
    case CF_REPLY_CONFLICT:
        return read_number(cursor, &ret_reply->conflict_field, reterr_fault);
    case CF_REPLY_BUSY:
        return read_number(cursor, &ret_reply->retry_after_ms, reterr_fault);
    case CF_REPLY_FAILED:
        CF_TRY(cf_wire_read_text(cursor, sizeof ret_reply->text - 1, &text, reterr_fault));
        snprintf(ret_reply->text, sizeof ret_reply->text, "%.*s", (int)text.size,
                 (const char *)text.data);
        return CF_OK;
    }
    CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a reply of an unknown kind", cf_wire_offset(cursor));
}

/* -- Timers --------------------------------------------------------------------------------- */

void cf_link_write_cosigned(struct cf_wire_writer *writer, struct cf_bytes note)
{
    cf_wire_write_array(writer, 2);
    cf_wire_write_unsigned(writer, CF_LINK_VERSION);
    cf_wire_write_bytes(writer, note);
}

void cf_link_write_rotate(struct cf_wire_writer *writer)
{
    cf_wire_write_array(writer, 2);
    cf_wire_write_unsigned(writer, CF_LINK_VERSION);
    cf_wire_write_text(writer, CF_BYTES_LITERAL(CF_LINK_ROTATE));
}

void cf_link_write_timers_question(struct cf_wire_writer *writer, uint32_t timers_max)
{
    cf_wire_write_array(writer, 2);
    cf_wire_write_unsigned(writer, CF_LINK_VERSION);
    cf_wire_write_unsigned(writer, timers_max);
}

void cf_link_write_timers_head(struct cf_wire_writer *writer, int64_t now_us, uint32_t count)
{
    cf_wire_write_array(writer, 2);
    cf_wire_write_unsigned(writer, CF_LINK_VERSION);
    cf_wire_write_array(writer, 2);
    cf_wire_write_signed(writer, now_us);
    cf_wire_write_array(writer, count);
}

void cf_link_write_timer(struct cf_wire_writer *writer, const struct cf_link_timer *timer)
{
    cf_wire_write_array(writer, 3);
    cf_wire_write_signed(writer, timer->due_us);
    cf_wire_write_bytes(writer, cf_id_bytes(&timer->subject));
    cf_wire_write_unsigned(writer, (uint64_t)timer->timer);
}

static enum cf_status read_timer(struct cf_wire_cursor *cursor, struct cf_link_timer *ret_timer,
                                 struct cf_fault *reterr_fault)
{
    uint64_t timer;
    CF_TRY(cf_wire_expect_array(cursor, 3, reterr_fault));
    CF_TRY(cf_wire_read_signed(cursor, &ret_timer->due_us, reterr_fault));
    CF_TRY(read_id(cursor, &ret_timer->subject, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(cursor, UINT8_MAX, &timer, reterr_fault));
    ret_timer->timer = (enum cf_timer)timer;
    return CF_OK;
}

enum cf_status cf_link_read_timers(struct cf_bytes answer, int64_t *ret_now_us,
                                   struct cf_link_timer *ret_timers, size_t count_max,
                                   size_t *ret_count, struct cf_fault *reterr_fault)
{
    uint32_t count;
    struct cf_wire_cursor cursor = cf_wire_cursor_over(answer, CF_WIRE_LENIENT);
    CF_TRY(read_version(&cursor, reterr_fault));
    CF_TRY(cf_wire_expect_array(&cursor, 2, reterr_fault));
    CF_TRY(cf_wire_read_signed(&cursor, ret_now_us, reterr_fault));
    CF_TRY(cf_wire_read_array(&cursor, (uint32_t)count_max, &count, reterr_fault));
    for (uint32_t i = 0; i < count; i++)
        CF_TRY(read_timer(&cursor, &ret_timers[i], reterr_fault));
    *ret_count = count;
    return cf_wire_finish(&cursor, reterr_fault);
}
