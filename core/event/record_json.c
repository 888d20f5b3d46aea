/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/record_json.h"

void cf_event_write_json(const struct cf_event *event, struct cf_json_writer *writer)
{
    cf_shape_write_json(cf_event_shape(event->type), cf_event_value(event), writer);
}

static void write_subjects(const struct cf_record *record, struct cf_json_writer *writer)
{
    cf_json_name(writer, "subjects");
    cf_json_begin_array(writer);
    for (uint32_t i = 0; i < record->subject_count; i++) {
        cf_json_begin_object(writer);
        cf_json_name(writer, "id");
        cf_json_write_id(writer, record->subjects[i].id);
        cf_json_name(writer, "previous");
        cf_json_write_integer(writer, (int64_t)record->subjects[i].previous);
        cf_json_end_object(writer);
    }
    cf_json_end_array(writer);
}

static void write_head(const struct cf_record *record, struct cf_json_writer *writer)
{
    const char *name = cf_event_name(record->event_number);
    cf_json_name(writer, "sequence");
    cf_json_write_integer(writer, (int64_t)record->sequence);
    cf_json_name(writer, "time");
    cf_json_write_time(writer, record->time_us);
    cf_json_name(writer, "event");
    if (name != NULL)
        cf_json_write_text(writer, cf_bytes_from_text(name));
    else
        cf_json_write_integer(writer, record->event_number);
    cf_json_name(writer, "stream");
    cf_json_write_id(writer, record->stream_id);
    cf_json_name(writer, "version");
    cf_json_write_integer(writer, record->stream_version);
    cf_json_name(writer, "actor");
    cf_json_write_id(writer, record->actor_id);
    cf_json_name(writer, "key");
    cf_json_write_text(writer, record->idempotency_key);
    write_subjects(record, writer);
    if (record->command != 0) {
        cf_json_name(writer, "command");
        cf_json_write_integer(writer, record->command);
    }
}

enum cf_status cf_record_write_json(const struct cf_record *record, struct cf_json_writer *writer,
                                    struct cf_fault *reterr_fault)
{
    struct cf_event event;
    bool known = cf_event_shape(record->event_number) != NULL;
    if (known)
        CF_TRY(cf_record_event(record, &event, reterr_fault));
    cf_json_begin_object(writer);
    write_head(record, writer);
    cf_json_name(writer, known ? "fields" : "payload");
    if (known)
        cf_event_write_json(&event, writer);
    else
        cf_json_write_hex(writer, record->payload);
    cf_json_end_object(writer);
    return CF_OK;
}
