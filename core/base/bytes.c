/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/bytes.h"

#include "core/base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int cf_bytes_compare(struct cf_bytes a, struct cf_bytes b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

void cf_buf_init(struct cf_buf *buf, size_t size_max)
{
    *buf = (struct cf_buf){.size_max = size_max};
}

void cf_buf_clean_up(struct cf_buf *buf)
{
    free(buf->data);
    cf_buf_init(buf, buf->size_max);
}

void cf_buf_clear(struct cf_buf *buf)
{
    buf->size = 0;
}

enum cf_status cf_buf_reserve(struct cf_buf *buf, size_t more)
{
    CF_ASSERT(buf->size <= buf->size_max);
    if (more > buf->size_max - buf->size)
        return CF_NO_SPACE;
    size_t needed = buf->size + more;
    if (needed <= buf->capacity)
        return CF_OK;

    size_t capacity = buf->capacity == 0 ? 64 : buf->capacity;
    while (capacity < needed)
        capacity = capacity > buf->size_max / 2 ? buf->size_max : capacity * 2;
    uint8_t *data = realloc(buf->data, capacity);
    if (data == NULL)
        return CF_NO_MEMORY;
    buf->data = data;
    buf->capacity = capacity;
    return CF_OK;
}

enum cf_status cf_buf_append(struct cf_buf *buf, struct cf_bytes bytes)
{
    if (bytes.size == 0)
        return CF_OK;
    CF_TRY(cf_buf_reserve(buf, bytes.size));
    memcpy(buf->data + buf->size, bytes.data, bytes.size);
    buf->size += bytes.size;
    return CF_OK;
}

enum cf_status cf_buf_append_text(struct cf_buf *buf, const char *text)
{
    return cf_buf_append(buf, cf_bytes_from_text(text));
}

enum cf_status cf_buf_append_byte(struct cf_buf *buf, uint8_t byte)
{
    return cf_buf_append(buf, cf_bytes_from(&byte, 1));
}

enum cf_status cf_buf_append_format(struct cf_buf *buf, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CF_ASSERT(length >= 0);

    /* vsnprintf writes a NUL behind the text, which is room we need but do not keep. */
    enum cf_status status = cf_buf_reserve(buf, (size_t)length + 1);
    if (status == CF_OK) {
        vsnprintf((char *)buf->data + buf->size, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
    return status;
}

enum cf_status cf_buf_terminate(struct cf_buf *buf)
{
    CF_TRY(cf_buf_reserve(buf, 1));
    buf->data[buf->size] = '\0';
    return CF_OK;
}
