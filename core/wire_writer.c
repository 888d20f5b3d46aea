/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing goes through msgpack-c's packers, which always take the shortest form. They are a
 * template over how bytes are appended; with our own append they compile to plain stores.
 */
#include "core/wire.h"

#include <msgpack/pack_define.h>
#include <msgpack/timestamp.h>

static inline int append(struct cf_wire_writer *writer, const void *data, size_t size)
{
    if (writer->status != CF_OK)
        return -1;
    if (writer->buf != NULL) {
        writer->status = cf_buf_reserve(writer->buf, size);
        if (writer->status != CF_OK)
            return -1;
        memcpy(writer->buf->data + writer->buf->size, data, size);
        writer->buf->size += size;
    } else {
        if (size > writer->capacity - writer->size) {
            writer->status = CF_NO_SPACE;
            return -1;
        }
        memcpy(writer->data + writer->size, data, size);
    }
    writer->size += size;
    return 0;
}

/* What the template wants to be told; the `return` is its convention. */
#define msgpack_pack_inline_func(name) __attribute__((unused)) static inline int pack##name
#define msgpack_pack_inline_func_cint msgpack_pack_inline_func
#define msgpack_pack_user struct cf_wire_writer *
#define msgpack_pack_append_buffer(writer, data, size) return append(writer, data, size)
#include <msgpack/pack_template.h>

struct cf_wire_writer cf_wire_writer_fixed(void *memory, size_t capacity)
{
    return (struct cf_wire_writer){.data = memory, .capacity = capacity};
}

struct cf_wire_writer cf_wire_writer_to(struct cf_buf *buf)
{
    return (struct cf_wire_writer){.buf = buf};
}

void cf_wire_write_nil(struct cf_wire_writer *writer)
{
    pack_nil(writer);
}

void cf_wire_write_bool(struct cf_wire_writer *writer, bool value)
{
    (void)(value ? pack_true(writer) : pack_false(writer));
}

void cf_wire_write_unsigned(struct cf_wire_writer *writer, uint64_t value)
{
    pack_uint64(writer, value);
}

void cf_wire_write_signed(struct cf_wire_writer *writer, int64_t value)
{
    pack_int64(writer, value);
}

void cf_wire_write_text(struct cf_wire_writer *writer, struct cf_bytes text)
{
    pack_str(writer, text.size);
    cf_wire_write_raw(writer, text);
}

void cf_wire_write_bytes(struct cf_wire_writer *writer, struct cf_bytes bytes)
{
    pack_bin(writer, bytes.size);
    cf_wire_write_raw(writer, bytes);
}

void cf_wire_write_array(struct cf_wire_writer *writer, uint32_t count)
{
    pack_array(writer, count);
}

void cf_wire_write_map(struct cf_wire_writer *writer, uint32_t pair_count)
{
    pack_map(writer, pair_count);
}

void cf_wire_write_raw(struct cf_wire_writer *writer, struct cf_bytes encoded)
{
    if (encoded.size > 0)
        append(writer, encoded.data, encoded.size);
}

enum cf_status cf_wire_writer_finish(const struct cf_wire_writer *writer)
{
    return writer->status;
}
