/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json_writer.h"

#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/base/utf8.h"
#include "core/time.h"

#include <stdio.h>

struct cf_json_writer cf_json_writer_to(struct cf_buf *buf)
{
    return (struct cf_json_writer){.buf = buf};
}

static void append(struct cf_json_writer *writer, struct cf_bytes bytes)
{
    if (writer->status == CF_OK)
        writer->status = cf_buf_append(writer->buf, bytes);
}

/* Before a value or a name. */
static void separate(struct cf_json_writer *writer)
{
    if (writer->needs_comma)
        append(writer, CF_BYTES_LITERAL(","));
    writer->needs_comma = true;
}

static void begin(struct cf_json_writer *writer, const char *bracket)
{
    separate(writer);
    append(writer, cf_bytes_from(bracket, 1));
    writer->needs_comma = false;
}

static void end(struct cf_json_writer *writer, const char *bracket)
{
    append(writer, cf_bytes_from(bracket, 1));
    writer->needs_comma = true;
}

void cf_json_begin_object(struct cf_json_writer *writer)
{
    begin(writer, "{");
}

void cf_json_end_object(struct cf_json_writer *writer)
{
    end(writer, "}");
}

void cf_json_begin_array(struct cf_json_writer *writer)
{
    begin(writer, "[");
}

void cf_json_end_array(struct cf_json_writer *writer)
{
    end(writer, "]");
}

void cf_json_name(struct cf_json_writer *writer, const char *name)
{
    cf_json_write_text(writer, cf_bytes_from_text(name));
    append(writer, CF_BYTES_LITERAL(":"));
    writer->needs_comma = false;
}

void cf_json_write_null(struct cf_json_writer *writer)
{
    cf_json_write_raw(writer, CF_BYTES_LITERAL("null"));
}

void cf_json_write_bool(struct cf_json_writer *writer, bool value)
{
    cf_json_write_raw(writer, cf_bytes_from_text(value ? "true" : "false"));
}

void cf_json_write_integer(struct cf_json_writer *writer, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    cf_json_write_raw(writer, cf_bytes_from_text(text));
}

/* Characters that end a text, start an escape, or mean something to HTML. */
static bool needs_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == '<' || byte == '>' ||
           byte == '&' || byte == 0x7f;
}

static void append_escaped(struct cf_json_writer *writer, uint8_t byte)
{
    char text[8] = {'\\', (char)byte, '\0'};
    if (byte == '\n')
        text[1] = 'n';
    else if (byte == '\t')
        text[1] = 't';
    else if (byte != '"' && byte != '\\')
        snprintf(text, sizeof text, "\\u%04x", (unsigned)byte);
    append(writer, cf_bytes_from_text(text));
}

void cf_json_write_text(struct cf_json_writer *writer, struct cf_bytes text)
{
    if (writer->status == CF_OK && !cf_utf8_is_valid(text))
        writer->status = CF_INVALID;
    separate(writer);
    append(writer, CF_BYTES_LITERAL("\""));
    size_t plain = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!needs_escape(text.data[i]))
            continue;
        append(writer, cf_bytes_from(text.data + plain, i - plain));
        append_escaped(writer, text.data[i]);
        plain = i + 1;
    }
    if (plain < text.size)
        append(writer, cf_bytes_from(text.data + plain, text.size - plain));
    append(writer, CF_BYTES_LITERAL("\""));
}

void cf_json_write_id(struct cf_json_writer *writer, struct cf_id id)
{
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(id, text);
    cf_json_write_text(writer, cf_bytes_from_text(text));
}

void cf_json_write_time(struct cf_json_writer *writer, int64_t time_us)
{
    char text[CF_TIME_TEXT_SIZE];
    cf_time_print(time_us, text);
    cf_json_write_text(writer, cf_bytes_from_text(text));
}

/* Room for `size` characters, a NUL and the two quotes around them; NULL on failure. */
static char *open_text(struct cf_json_writer *writer, size_t size)
{
    separate(writer);
    append(writer, CF_BYTES_LITERAL("\""));
    if (writer->status == CF_OK)
        writer->status = cf_buf_reserve(writer->buf, size + 1);
    return writer->status == CF_OK ? (char *)writer->buf->data + writer->buf->size : NULL;
}

static void close_text(struct cf_json_writer *writer, size_t size)
{
    writer->buf->size += size;
    append(writer, CF_BYTES_LITERAL("\""));
}

void cf_json_write_base64(struct cf_json_writer *writer, struct cf_bytes bytes)
{
    char *text = open_text(writer, cf_base64_text_size(bytes.size));
    if (text == NULL)
        return;
    cf_base64_print(bytes, text);
    close_text(writer, cf_base64_text_size(bytes.size));
}

void cf_json_write_hex(struct cf_json_writer *writer, struct cf_bytes bytes)
{
    char *text = open_text(writer, 2 * bytes.size);
    if (text == NULL)
        return;
    cf_hex_print(bytes, text);
    close_text(writer, 2 * bytes.size);
}

void cf_json_write_raw(struct cf_json_writer *writer, struct cf_bytes json)
{
    separate(writer);
    append(writer, json);
}

enum cf_status cf_json_writer_finish(const struct cf_json_writer *writer)
{
    return writer->status;
}
