/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_EVENT_EVENT_H
#define CF_CORE_EVENT_EVENT_H

/*
 * Events: what happened. The catalogue is events.def; each event's fields are in its own .def file.
 * `struct cf_event_pledge_placed` and CF_EVENT_PLEDGE_PLACED and everything below derive from these
 * lists.
 */

#include "core/shape.h"

/* The numbers in records. Frozen. */
enum cf_event_type {
    CF_EVENT_NONE = 0,
#define CF_SHAPE_BEGIN(number, name, NAME, stream) CF_EVENT_##NAME = number,
#define CF_FIELD(key, type, name)
#define CF_SHAPE_END(number, name, NAME, stream)
#include "core/event/event_fields.h"
#undef CF_SHAPE_BEGIN
#undef CF_FIELD
#undef CF_SHAPE_END
};

/* Larger than every event's number. */
#define CF_EVENT_NUMBER_LIMIT 256

#define CF_SHAPE_BEGIN(number, name, NAME, stream) struct cf_event_##name {
#define CF_FIELD CF_FIELD_MEMBER
#define CF_SHAPE_END(number, name, NAME, stream)                                                   \
    }                                                                                              \
    ;
#include "core/event/event_fields.h"
#undef CF_SHAPE_BEGIN
#undef CF_FIELD
#undef CF_SHAPE_END

/* One event of any type. Texts in it are borrowed: from the bytes it was decoded from, or from
 * whoever made it. */
struct cf_event {
    enum cf_event_type type;
    union {
#define CF_EVENT(number, name, stream) struct cf_event_##name name;
#include "core/event/events.def"
#undef CF_EVENT
    };
};

/* Whose stream an event belongs to. */
enum cf_stream_kind {
    CF_STREAM_USER,
    CF_STREAM_CAMPAIGN,
    CF_STREAM_PLEDGE,
    CF_STREAM_PAYOUT,
    CF_STREAM_PROVIDER,
    CF_STREAM_LEDGER,
};

/* The shape of a type, or NULL for a number that the catalogue does not have; static. */
const struct cf_shape *cf_event_shape(uint32_t number);

/* Every type's number, ascending: cf_event_type_at(0) to cf_event_type_at(cf_event_type_count() -
 * 1). */
size_t cf_event_type_count(void);
enum cf_event_type cf_event_type_at(size_t index);

/* "pledge_placed", or NULL; static. */
const char *cf_event_name(uint32_t number);

/* The number of a name. NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_event_type_parse(struct cf_bytes name,
                                                 enum cf_event_type *ret_type);

enum cf_stream_kind cf_event_stream(enum cf_event_type type);

/* The event's own struct in the union, to go with its shape. */
static inline const void *cf_event_value(const struct cf_event *event)
{
    return &event->ledger_opened;
}

/* Writes the payload map. */
void cf_event_encode(const struct cf_event *event, struct cf_wire_writer *writer);

/* Reads a payload of this type. UNSUPPORTED for an unknown number; otherwise as cf_shape_decode. */
CF_MUST_CHECK enum cf_status cf_event_decode(uint32_t number, struct cf_wire_cursor *cursor,
                                             struct cf_event *ret_event,
                                             struct cf_fault *reterr_fault);

/* Same type, same fields. */
bool cf_event_equal(const struct cf_event *a, const struct cf_event *b);

#endif
