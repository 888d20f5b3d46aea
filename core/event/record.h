/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_EVENT_RECORD_H
#define CF_CORE_EVENT_RECORD_H

/*
 * A record: one event as the log keeps it, and as the tree hashes it. Its bytes are a canonical
 * msgpack array and are never encoded again once stored:
 *
 *     [format version, sequence, time, event number, stream id, stream version, actor id,
 *      idempotency key, [[subject id, sequence of that subject's previous record], …], payload map]
 *
 * The first record of a command has two elements more, the command's number and its fields' tags
 * {field key: tag}, so that idempotency can be rebuilt from the log alone.
 *
 * Decoding checks everything and allocates nothing: a record borrows from the bytes it was decoded
 * from.
 */

#include "core/event/event.h"

#define CF_RECORD_FORMAT 1
#define CF_RECORD_SIZE_MAX 65535
#define CF_IDEMPOTENCY_KEY_SIZE_MAX 255
#define CF_SUBJECTS_MAX 8
#define CF_TAGS_MAX 32
#define CF_TAG_SIZE_MAX 32

/* A person or campaign that the record is about. */
struct cf_subject_link {
    struct cf_id id;
    uint64_t previous; /* sequence of its previous record; 0 where this is the first */
};

/* What a field of the command held, as a digest or MAC. */
struct cf_field_tag {
    uint32_t key;
    struct cf_bytes tag; /* borrowed; 1 to CF_TAG_SIZE_MAX bytes */
};

struct cf_record {
    uint64_t sequence; /* from 1 */
    int64_t time_us;
    uint32_t event_number;
    uint32_t stream_version; /* from 1 */
    struct cf_id stream_id;
    struct cf_id actor_id;
    struct cf_bytes idempotency_key; /* borrowed; UTF-8, 1 to 255 bytes */
    uint32_t subject_count;
    struct cf_subject_link subjects[CF_SUBJECTS_MAX];
    struct cf_bytes payload; /* borrowed; the event's encoded map */

    uint32_t command; /* 0 unless this is the first record of its command */
    uint32_t tag_count;
    struct cf_field_tag tags[CF_TAGS_MAX]; /* keys ascending */
};

/* Writes the record with its payload as it is. The parts are asserted to be in range. */
void cf_record_encode(const struct cf_record *record, struct cf_wire_writer *writer);

/* As cf_record_encode, with this event for number and payload; what the record says of these is not
 * looked at. */
void cf_record_encode_event(const struct cf_record *record, const struct cf_event *event,
                            struct cf_wire_writer *writer);

/*
 * Reads one whole record. CORRUPT with the offset for anything that is not canonical and complete;
 * UNSUPPORTED for another format version. The payload is checked as msgpack, not as an event.
 */
CF_MUST_CHECK enum cf_status cf_record_decode(struct cf_bytes bytes, struct cf_record *ret_record,
                                              struct cf_fault *reterr_fault);

/* The sequence and the event's number alone, for who reads millions of records and knows from elsewhere
 * that they are whole. False where the front is no record's. */
bool cf_record_front(struct cf_bytes bytes, uint64_t *ret_sequence, uint64_t *ret_event_number);

/* Reads the event out of a decoded record; borrows from the same bytes. Offsets in a fault count
 * from the payload's start. UNSUPPORTED for an event that this program does not know. */
CF_MUST_CHECK enum cf_status cf_record_event(const struct cf_record *record,
                                             struct cf_event *ret_event,
                                             struct cf_fault *reterr_fault);

#endif
