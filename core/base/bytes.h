/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_BYTES_H
#define CF_CORE_BASE_BYTES_H

/*
 * Bytes, borrowed and owned.
 *
 * `struct cf_bytes` is a borrowed view, passed by value; whoever hands one out says until when it
 * lives. `struct cf_buf` owns a growing buffer with a maximum that is set when it is made: nothing
 * from outside can make it grow past that. Sizes are bytes.
 */

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cf_bytes {
    const uint8_t *data; /* borrowed; may be NULL when size is 0 */
    size_t size;
};

/* A string literal as bytes, without its NUL. */
#define CF_BYTES_LITERAL(text)                                                                     \
    ((struct cf_bytes){.data = (const uint8_t *)(text), .size = sizeof(text) - 1})

static inline struct cf_bytes cf_bytes_from(const void *data, size_t size)
{
    return (struct cf_bytes){.data = (const uint8_t *)data, .size = size};
}

/* A C string as bytes, without its NUL; borrowed from it. */
static inline struct cf_bytes cf_bytes_from_text(const char *text)
{
    return cf_bytes_from(text, strlen(text));
}

static inline bool cf_bytes_equal(struct cf_bytes a, struct cf_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Order of memcmp, the shorter first among equal prefixes: below 0, 0, above 0. */
int cf_bytes_compare(struct cf_bytes a, struct cf_bytes b);

/* Owned bytes. Made by cf_buf_init, given back by cf_buf_clean_up; `data` moves when it grows. */
struct cf_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t size_max;
};

/* An empty buffer that never grows past size_max. Allocates nothing yet. */
void cf_buf_init(struct cf_buf *buf, size_t size_max);

/* Frees the bytes; the buffer is empty again and may be used on. Accepts an all-zero buffer. */
void cf_buf_clean_up(struct cf_buf *buf);

/* Forgets the content, keeps the memory. */
void cf_buf_clear(struct cf_buf *buf);

/* Makes room for `more` bytes behind the content. NO_SPACE past the maximum, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_buf_reserve(struct cf_buf *buf, size_t more);

/* Appends. On failure the content is as before. */
CF_MUST_CHECK enum cf_status cf_buf_append(struct cf_buf *buf, struct cf_bytes bytes);
CF_MUST_CHECK enum cf_status cf_buf_append_text(struct cf_buf *buf, const char *text);
CF_MUST_CHECK enum cf_status cf_buf_append_byte(struct cf_buf *buf, uint8_t byte);
CF_MUST_CHECK enum cf_status cf_buf_append_format(struct cf_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the content with a NUL that does not count, so that it can be read as a C string. */
CF_MUST_CHECK enum cf_status cf_buf_terminate(struct cf_buf *buf);

/* The content; borrowed until the buffer is next changed. */
static inline struct cf_bytes cf_buf_bytes(const struct cf_buf *buf)
{
    return cf_bytes_from(buf->data, buf->size);
}

#endif
