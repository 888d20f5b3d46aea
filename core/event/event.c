/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/event.h"

#include "core/base/assert.h"

/* The field tables, one an event. */
#define CF_STRUCT_OF_(name) struct cf_event_##name
#define CF_STRUCT_OF(name) CF_STRUCT_OF_(name)
#define CF_FIELD_STRUCT CF_STRUCT_OF(CF_SHAPE)
/* clang-format off */
#define CF_SHAPE_BEGIN(number, name, NAME, stream) static const struct cf_field fields_of_##name[] = {
#define CF_FIELD CF_FIELD_ROW
#define CF_SHAPE_END(number, name, NAME, stream) };
/* clang-format on */
#include "core/event/event_fields.h"
#undef CF_SHAPE_BEGIN
#undef CF_FIELD
#undef CF_SHAPE_END

static const struct cf_shape shapes[CF_EVENT_NUMBER_LIMIT] = {
#define CF_EVENT(number, name, stream)                                                             \
    [number] = {#name, number, sizeof fields_of_##name / sizeof fields_of_##name[0],               \
                sizeof(struct cf_event_##name), fields_of_##name},
#include "core/event/events.def"
#undef CF_EVENT
};

/* In the list's order, which is that of the numbers. */
static const uint16_t numbers[] = {
#define CF_EVENT(number, name, stream) number,
#include "core/event/events.def"
#undef CF_EVENT
};

#define CF_STREAM_OF_user CF_STREAM_USER
#define CF_STREAM_OF_campaign CF_STREAM_CAMPAIGN
#define CF_STREAM_OF_pledge CF_STREAM_PLEDGE
#define CF_STREAM_OF_payout CF_STREAM_PAYOUT
#define CF_STREAM_OF_provider CF_STREAM_PROVIDER
#define CF_STREAM_OF_ledger CF_STREAM_LEDGER

static const uint8_t streams[CF_EVENT_NUMBER_LIMIT] = {
#define CF_EVENT(number, name, stream) [number] = CF_STREAM_OF_##stream,
#include "core/event/events.def"
#undef CF_EVENT
};

const struct cf_shape *cf_event_shape(uint32_t number)
{
    if (number >= CF_EVENT_NUMBER_LIMIT || shapes[number].name == NULL)
        return NULL;
    return &shapes[number];
}

size_t cf_event_type_count(void)
{
    return sizeof numbers / sizeof numbers[0];
}

enum cf_event_type cf_event_type_at(size_t index)
{
    CF_ASSERT(index < cf_event_type_count());
    return (enum cf_event_type)numbers[index];
}

const char *cf_event_name(uint32_t number)
{
    const struct cf_shape *shape = cf_event_shape(number);
    return shape == NULL ? NULL : shape->name;
}

enum cf_status cf_event_type_parse(struct cf_bytes name, enum cf_event_type *ret_type)
{
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        if (cf_bytes_equal(name, cf_bytes_from_text(shapes[numbers[i]].name))) {
            *ret_type = cf_event_type_at(i);
            return CF_OK;
        }
    }
    return CF_NOT_FOUND;
}

enum cf_stream_kind cf_event_stream(enum cf_event_type type)
{
    CF_ASSERT(cf_event_shape(type) != NULL);
    return (enum cf_stream_kind)streams[type];
}

void cf_event_encode(const struct cf_event *event, struct cf_wire_writer *writer)
{
    const struct cf_shape *shape = cf_event_shape(event->type);
    CF_ASSERT(shape != NULL);
    cf_shape_encode(shape, cf_event_value(event), writer);
}

enum cf_status cf_event_decode(uint32_t number, struct cf_wire_cursor *cursor,
                               struct cf_event *ret_event, struct cf_fault *reterr_fault)
{
    const struct cf_shape *shape = cf_event_shape(number);
    if (shape == NULL)
        CF_FAIL_ON(reterr_fault, CF_UNSUPPORTED, "no such event", "event number %u", number);
    ret_event->type = (enum cf_event_type)number;
    return cf_shape_decode(shape, cursor, &ret_event->ledger_opened, reterr_fault);
}

bool cf_event_equal(const struct cf_event *a, const struct cf_event *b)
{
    return a->type == b->type &&
           cf_shape_equal(cf_event_shape(a->type), cf_event_value(a), cf_event_value(b));
}
