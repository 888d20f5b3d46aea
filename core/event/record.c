/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/record.h"

#include "core/base/assert.h"

#define ELEMENTS 10
#define ELEMENTS_OF_FIRST 12

static void write_id(struct cf_id id, struct cf_wire_writer *writer)
{
    CF_ASSERT(!cf_id_is_zero(id));
    cf_wire_write_bytes(writer, cf_id_bytes(&id));
}

/* Everything up to the payload. */
static void write_head(const struct cf_record *record, uint32_t event_number,
                       struct cf_wire_writer *writer)
{
    CF_ASSERT(record->sequence > 0 && record->time_us > 0 && record->stream_version > 0);
    CF_ASSERT(record->idempotency_key.size > 0 &&
              record->idempotency_key.size <= CF_IDEMPOTENCY_KEY_SIZE_MAX);
    CF_ASSERT(record->subject_count <= CF_SUBJECTS_MAX);

    cf_wire_write_array(writer, record->command == 0 ? ELEMENTS : ELEMENTS_OF_FIRST);
    cf_wire_write_unsigned(writer, CF_RECORD_FORMAT);
    cf_wire_write_unsigned(writer, record->sequence);
    cf_wire_write_signed(writer, record->time_us);
    cf_wire_write_unsigned(writer, event_number);
    write_id(record->stream_id, writer);
    cf_wire_write_unsigned(writer, record->stream_version);
    write_id(record->actor_id, writer);
    cf_wire_write_text(writer, record->idempotency_key);
    cf_wire_write_array(writer, record->subject_count);
    for (uint32_t i = 0; i < record->subject_count; i++) {
        CF_ASSERT(record->subjects[i].previous < record->sequence);
        cf_wire_write_array(writer, 2);
        write_id(record->subjects[i].id, writer);
        cf_wire_write_unsigned(writer, record->subjects[i].previous);
    }
}

/* What the first record of a command has behind its payload. */
static void write_command(const struct cf_record *record, struct cf_wire_writer *writer)
{
    if (record->command == 0)
        return;
    CF_ASSERT(record->tag_count <= CF_TAGS_MAX);
    cf_wire_write_unsigned(writer, record->command);
    cf_wire_write_map(writer, record->tag_count);
    for (uint32_t i = 0; i < record->tag_count; i++) {
        const struct cf_field_tag *tag = &record->tags[i];
        CF_ASSERT(i == 0 || tag->key > record->tags[i - 1].key);
        CF_ASSERT(tag->tag.size > 0 && tag->tag.size <= CF_TAG_SIZE_MAX);
        cf_wire_write_unsigned(writer, tag->key);
        cf_wire_write_bytes(writer, tag->tag);
    }
}

void cf_record_encode(const struct cf_record *record, struct cf_wire_writer *writer)
{
    write_head(record, record->event_number, writer);
    cf_wire_write_raw(writer, record->payload);
    write_command(record, writer);
}

void cf_record_encode_event(const struct cf_record *record, const struct cf_event *event,
                            struct cf_wire_writer *writer)
{
    write_head(record, event->type, writer);
    cf_event_encode(event, writer);
    write_command(record, writer);
}

/* A number from 1. */
static enum cf_status read_count(struct cf_wire_cursor *cursor, uint64_t max, uint64_t *ret_number,
                                 struct cf_fault *reterr_fault)
{
    size_t at = cf_wire_offset(cursor);
    CF_TRY(cf_wire_read_unsigned(cursor, max, ret_number, reterr_fault));
    if (*ret_number == 0)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "must not be zero", at);
    return CF_OK;
}

static enum cf_status read_count32(struct cf_wire_cursor *cursor, uint32_t *ret_number,
                                   struct cf_fault *reterr_fault)
{
    uint64_t number;
    CF_TRY(read_count(cursor, UINT32_MAX, &number, reterr_fault));
    *ret_number = (uint32_t)number;
    return CF_OK;
}

static enum cf_status read_id(struct cf_wire_cursor *cursor, struct cf_id *ret_id,
                              struct cf_fault *reterr_fault)
{
    size_t at = cf_wire_offset(cursor);
    CF_TRY(cf_wire_read_fixed(cursor, CF_ID_SIZE, ret_id->bytes, reterr_fault));
    if (cf_id_is_zero(*ret_id))
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "an id is zero", at);
    return CF_OK;
}

static enum cf_status read_subjects(struct cf_wire_cursor *cursor, struct cf_record *record,
                                    struct cf_fault *reterr_fault)
{
    CF_TRY(cf_wire_read_array(cursor, CF_SUBJECTS_MAX, &record->subject_count, reterr_fault));
    for (uint32_t i = 0; i < record->subject_count; i++) {
        struct cf_subject_link *link = &record->subjects[i];
        CF_TRY(cf_wire_expect_array(cursor, 2, reterr_fault));
        CF_TRY(read_id(cursor, &link->id, reterr_fault));
        CF_TRY(cf_wire_read_unsigned(cursor, record->sequence - 1, &link->previous, reterr_fault));
    }
    return CF_OK;
}

static enum cf_status read_command(struct cf_wire_cursor *cursor, struct cf_record *record,
                                   struct cf_fault *reterr_fault)
{
    CF_TRY(read_count32(cursor, &record->command, reterr_fault));
    CF_TRY(cf_wire_read_map(cursor, CF_TAGS_MAX, &record->tag_count, reterr_fault));
    for (uint32_t i = 0; i < record->tag_count; i++) {
        struct cf_field_tag *tag = &record->tags[i];
        size_t at = cf_wire_offset(cursor);
        CF_TRY(read_count32(cursor, &tag->key, reterr_fault));
        if (i > 0 && tag->key <= record->tags[i - 1].key)
            CF_FAIL_AT(reterr_fault, CF_CORRUPT, "keys repeat or are out of order", at);
        at = cf_wire_offset(cursor);
        CF_TRY(cf_wire_read_bytes(cursor, CF_TAG_SIZE_MAX, &tag->tag, reterr_fault));
        if (tag->tag.size == 0)
            CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a tag is empty", at);
    }
    return CF_OK;
}

static enum cf_status read_format(struct cf_wire_cursor *cursor, uint32_t *ret_elements,
                                  struct cf_fault *reterr_fault)
{
    uint64_t format;
    CF_TRY(cf_wire_read_array(cursor, ELEMENTS_OF_FIRST, ret_elements, reterr_fault));
    if (*ret_elements != ELEMENTS && *ret_elements != ELEMENTS_OF_FIRST)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "not as many elements as a record has", 0);
    size_t at = cf_wire_offset(cursor);
    CF_TRY(cf_wire_read_unsigned(cursor, UINT64_MAX, &format, reterr_fault));
    if (format != CF_RECORD_FORMAT)
        CF_FAIL_AT(reterr_fault, CF_UNSUPPORTED, "another format version", at);
    return CF_OK;
}

enum cf_status cf_record_decode(struct cf_bytes bytes, struct cf_record *ret_record,
                                struct cf_fault *reterr_fault)
{
    if (bytes.size > CF_RECORD_SIZE_MAX)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "longer than a record can be", CF_RECORD_SIZE_MAX);
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_CANONICAL);
    uint32_t elements;
    CF_TRY(read_format(&cursor, &elements, reterr_fault));

    CF_TRY(read_count(&cursor, INT64_MAX, &ret_record->sequence, reterr_fault));
    uint64_t time_us;
    CF_TRY(read_count(&cursor, (uint64_t)CF_TIME_MAX_US, &time_us, reterr_fault));
    ret_record->time_us = (int64_t)time_us;
    CF_TRY(read_count32(&cursor, &ret_record->event_number, reterr_fault));
    CF_TRY(read_id(&cursor, &ret_record->stream_id, reterr_fault));
    CF_TRY(read_count32(&cursor, &ret_record->stream_version, reterr_fault));
    CF_TRY(read_id(&cursor, &ret_record->actor_id, reterr_fault));
    size_t at = cf_wire_offset(&cursor);
    CF_TRY(cf_wire_read_text(&cursor, CF_IDEMPOTENCY_KEY_SIZE_MAX, &ret_record->idempotency_key,
                             reterr_fault));
    if (ret_record->idempotency_key.size == 0)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "the idempotency key is empty", at);
    CF_TRY(read_subjects(&cursor, ret_record, reterr_fault));
    if (cf_wire_peek(&cursor) != CF_WIRE_MAP)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "the payload is no map", cf_wire_offset(&cursor));
    CF_TRY(cf_wire_skip(&cursor, &ret_record->payload, reterr_fault));

    ret_record->command = 0;
    ret_record->tag_count = 0;
    if (elements == ELEMENTS_OF_FIRST)
        CF_TRY(read_command(&cursor, ret_record, reterr_fault));
    return cf_wire_finish(&cursor, reterr_fault);
}

/* An unsigned number in msgpack; returns what is behind it, or NULL. */
static const uint8_t *number_read(const uint8_t *at, const uint8_t *end, uint64_t *ret_number)
{
    if (at == NULL || at == end)
        return NULL;
    uint8_t kind = *at++;
    *ret_number = kind;
    if (kind < 0x80)
        return at;
    size_t size = (size_t)1 << (kind & 3);
    if (kind < 0xcc || kind > 0xcf || (size_t)(end - at) < size)
        return NULL;
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    *ret_number = number;
    return at + size;
}

bool cf_record_front(struct cf_bytes bytes, uint64_t *ret_sequence, uint64_t *ret_event_number)
{
    uint64_t time_us;
    if (bytes.size < 2 ||
        (bytes.data[0] != (0x90 | ELEMENTS) && bytes.data[0] != (0x90 | ELEMENTS_OF_FIRST)) ||
        bytes.data[1] != CF_RECORD_FORMAT)
        return false;
    const uint8_t *end = bytes.data + bytes.size;
    const uint8_t *at = number_read(bytes.data + 2, end, ret_sequence);
    at = number_read(at, end, &time_us);
    return number_read(at, end, ret_event_number) != NULL;
}

enum cf_status cf_record_event(const struct cf_record *record, struct cf_event *ret_event,
                               struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(record->payload, CF_WIRE_CANONICAL);
    CF_TRY(cf_event_decode(record->event_number, &cursor, ret_event, reterr_fault));
    return cf_wire_finish(&cursor, reterr_fault);
}
