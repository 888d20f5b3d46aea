/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JSON_WRITER_H
#define CF_CORE_JSON_WRITER_H

/*
 * Writing JSON, compact and in the order of the calls, into a buffer. The first failure sticks:
 * write on, look once at the end.
 *
 *     cf_json_begin_object(&writer);
 *     cf_json_name(&writer, "id");
 *     cf_json_write_id(&writer, id);
 *     cf_json_end_object(&writer);
 */

#include "core/base/bytes.h"
#include "core/id.h"

struct cf_json_writer {
    struct cf_buf *buf; /* borrowed from the caller */
    bool needs_comma;
    enum cf_status status;
};

struct cf_json_writer cf_json_writer_to(struct cf_buf *buf);

void cf_json_begin_object(struct cf_json_writer *writer);
void cf_json_end_object(struct cf_json_writer *writer);
void cf_json_begin_array(struct cf_json_writer *writer);
void cf_json_end_array(struct cf_json_writer *writer);

/* The name of the member whose value comes next. */
void cf_json_name(struct cf_json_writer *writer, const char *name);

void cf_json_write_null(struct cf_json_writer *writer);
void cf_json_write_bool(struct cf_json_writer *writer, bool value);
void cf_json_write_integer(struct cf_json_writer *writer, int64_t value);

/* UTF-8, escaped so that it may also stand inside an HTML page. Bytes that are no UTF-8 fail with
 * INVALID. */
void cf_json_write_text(struct cf_json_writer *writer, struct cf_bytes text);

/* As texts: a UUID, RFC 3339, base64, lower-case hex. */
void cf_json_write_id(struct cf_json_writer *writer, struct cf_id id);
void cf_json_write_time(struct cf_json_writer *writer, int64_t time_us);
void cf_json_write_base64(struct cf_json_writer *writer, struct cf_bytes bytes);
void cf_json_write_hex(struct cf_json_writer *writer, struct cf_bytes bytes);

/* A value that is JSON already. */
void cf_json_write_raw(struct cf_json_writer *writer, struct cf_bytes json);

/* OK, or the first failure of all the writes. */
CF_MUST_CHECK enum cf_status cf_json_writer_finish(const struct cf_json_writer *writer);

#endif
