/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_EVENT_RECORD_JSON_H
#define CF_CORE_EVENT_RECORD_JSON_H

/*
 * A record as a JSON object, for people and for other programs:
 *
 *     {"sequence":7,"time":"…","event":"pledge_placed","stream":"…","version":1,"actor":"…","key":"…",
 *      "subjects":[{"id":"…","previous":3}],"command":12,"fields":{"pledge_id":"…",…}}
 *
 * "command" is there in the first record of a command. Ciphertexts are base64. An event that this
 * program does not know has its number for a name and its payload as hex instead of fields.
 */

#include "core/event/record.h"
#include "core/shape_json.h"

/* CORRUPT where the payload is not what its event says; then nothing was written. */
CF_MUST_CHECK enum cf_status cf_record_write_json(const struct cf_record *record,
                                                  struct cf_json_writer *writer,
                                                  struct cf_fault *reterr_fault);

/* The event's fields alone, as an object. */
void cf_event_write_json(const struct cf_event *event, struct cf_json_writer *writer);

#endif
