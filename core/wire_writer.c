/* SPDX-License-Identifier: Apache-2.0 */
/* Writing goes through msgpack-c's packers, which always take the shortest form. */
#include "core/wire.h"

#include <msgpack/pack.h>

struct cf_wire_writer cf_wire_writer_fixed(void *memory, size_t capacity)
{
    return (struct cf_wire_writer){.data = memory, .capacity = capacity};
}

struct cf_wire_writer cf_wire_writer_to(struct cf_buf *buf)
{
    return (struct cf_wire_writer){.buf = buf};
}

static int append(void *context, const char *data, size_t size)
{
    struct cf_wire_writer *writer = context;
    if (writer->status != CF_OK)
        return -1;
    if (writer->buf != NULL)
        writer->status = cf_buf_append(writer->buf, cf_bytes_from(data, size));
    else if (size > writer->capacity - writer->size)
        writer->status = CF_NO_SPACE;
    else if (size > 0)
        memcpy(writer->data + writer->size, data, size);
    if (writer->status != CF_OK)
        return -1;
    writer->size += size;
    return 0;
}

static msgpack_packer packer_of(struct cf_wire_writer *writer)
{
    return (msgpack_packer){.data = writer, .callback = append};
}

void cf_wire_write_nil(struct cf_wire_writer *writer)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_nil(&packer);
}

void cf_wire_write_bool(struct cf_wire_writer *writer, bool value)
{
    msgpack_packer packer = packer_of(writer);
    (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void cf_wire_write_unsigned(struct cf_wire_writer *writer, uint64_t value)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_uint64(&packer, value);
}

void cf_wire_write_signed(struct cf_wire_writer *writer, int64_t value)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_int64(&packer, value);
}

void cf_wire_write_text(struct cf_wire_writer *writer, struct cf_bytes text)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_str(&packer, text.size);
    append(writer, (const char *)text.data, text.size);
}

void cf_wire_write_bytes(struct cf_wire_writer *writer, struct cf_bytes bytes)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_bin(&packer, bytes.size);
    append(writer, (const char *)bytes.data, bytes.size);
}

void cf_wire_write_array(struct cf_wire_writer *writer, uint32_t count)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_array(&packer, count);
}

void cf_wire_write_map(struct cf_wire_writer *writer, uint32_t pair_count)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_map(&packer, pair_count);
}

void cf_wire_write_raw(struct cf_wire_writer *writer, struct cf_bytes encoded)
{
    append(writer, (const char *)encoded.data, encoded.size);
}

enum cf_status cf_wire_writer_finish(const struct cf_wire_writer *writer)
{
    return writer->status;
}
