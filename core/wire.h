/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_WIRE_H
#define CF_CORE_WIRE_H

/*
 * msgpack, the only door to it. We use nil, booleans, 64-bit integers, strings (UTF-8), bytes,
 * arrays and maps; floats and extensions are refused.
 *
 * Writing is canonical: every integer and length in its shortest form. Reading trusts nothing: no
 * declared length is believed beyond the bytes that are left, so five bytes cannot make anybody
 * reserve gigabytes, and nothing here allocates.
 */

#include "core/base/bytes.h"

/* -- Writing ------------------------------------------------------------------------------- */

/* Appends to fixed memory or to a cf_buf. The first failure sticks: write on, look once at the end.
 */
struct cf_wire_writer {
    uint8_t *data; /* fixed memory, borrowed from the caller; NULL when a buffer is written */
    size_t size;   /* bytes written by this writer */
    size_t capacity;
    struct cf_buf *buf; /* borrowed from the caller; NULL when fixed memory is written */
    enum cf_status status;
};

struct cf_wire_writer cf_wire_writer_fixed(void *memory, size_t capacity);
struct cf_wire_writer cf_wire_writer_to(struct cf_buf *buf);

void cf_wire_write_nil(struct cf_wire_writer *writer);
void cf_wire_write_bool(struct cf_wire_writer *writer, bool value);
void cf_wire_write_unsigned(struct cf_wire_writer *writer, uint64_t value);
void cf_wire_write_signed(struct cf_wire_writer *writer, int64_t value);
void cf_wire_write_text(struct cf_wire_writer *writer, struct cf_bytes text);
void cf_wire_write_bytes(struct cf_wire_writer *writer, struct cf_bytes bytes);
void cf_wire_write_array(struct cf_wire_writer *writer, uint32_t count);
void cf_wire_write_map(struct cf_wire_writer *writer, uint32_t pair_count);

/* Appends bytes that are msgpack already. */
void cf_wire_write_raw(struct cf_wire_writer *writer, struct cf_bytes encoded);

/* OK, NO_SPACE or NO_MEMORY: the first failure of all the writes. */
CF_MUST_CHECK enum cf_status cf_wire_writer_finish(const struct cf_wire_writer *writer);

/* -- Reading ------------------------------------------------------------------------------- */

enum cf_wire_strictness {
    CF_WIRE_CANONICAL, /* shortest forms only: stored bytes */
    CF_WIRE_LENIENT,   /* any form of the same value: messages from others */
};

enum cf_wire_kind {
    CF_WIRE_NIL,
    CF_WIRE_BOOL,
    CF_WIRE_INTEGER,
    CF_WIRE_TEXT,
    CF_WIRE_BYTES,
    CF_WIRE_ARRAY,
    CF_WIRE_MAP,
    CF_WIRE_REFUSED, /* a float, an extension, or the byte that msgpack never uses */
    CF_WIRE_END,     /* no bytes are left */
};

/* A place in borrowed bytes; what it hands out is borrowed from the same bytes. */
struct cf_wire_cursor {
    const uint8_t *start;
    const uint8_t *next;
    const uint8_t *end;
    enum cf_wire_strictness strictness;
};

struct cf_wire_cursor cf_wire_cursor_over(struct cf_bytes bytes,
                                          enum cf_wire_strictness strictness);

/* Bytes read so far. */
static inline size_t cf_wire_offset(const struct cf_wire_cursor *cursor)
{
    return (size_t)(cursor->next - cursor->start);
}

/* What comes next; moves nothing. */
enum cf_wire_kind cf_wire_peek(const struct cf_wire_cursor *cursor);

/*
 * Each reads one value and moves behind it; on failure the cursor stays and the fault says at which
 * byte. CORRUPT where something else stands there, where it is cut short, or where the form is not
 * canonical. Maxima are inclusive.
 */
CF_MUST_CHECK enum cf_status cf_wire_read_nil(struct cf_wire_cursor *cursor,
                                              struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_wire_read_bool(struct cf_wire_cursor *cursor, bool *ret_value,
                                               struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_wire_read_unsigned(struct cf_wire_cursor *cursor,
                                                   uint64_t value_max, uint64_t *ret_value,
                                                   struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_wire_read_signed(struct cf_wire_cursor *cursor, int64_t *ret_value,
                                                 struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_wire_read_text(struct cf_wire_cursor *cursor, size_t size_max,
                                               struct cf_bytes *ret_text,
                                               struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_wire_read_bytes(struct cf_wire_cursor *cursor, size_t size_max,
                                                struct cf_bytes *ret_bytes,
                                                struct cf_fault *reterr_fault);

/* Bytes of exactly this size, copied out: ids and hashes. */
CF_MUST_CHECK enum cf_status cf_wire_read_fixed(struct cf_wire_cursor *cursor, size_t size,
                                                uint8_t *ret_bytes, struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_wire_read_array(struct cf_wire_cursor *cursor, uint32_t count_max,
                                                uint32_t *ret_count, struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_wire_read_map(struct cf_wire_cursor *cursor, uint32_t count_max,
                                              uint32_t *ret_pair_count,
                                              struct cf_fault *reterr_fault);

/* Reads an array's head whose count must be exactly this. */
CF_MUST_CHECK enum cf_status cf_wire_expect_array(struct cf_wire_cursor *cursor, uint32_t count,
                                                  struct cf_fault *reterr_fault);

/* Moves behind one whole value, whatever it holds, within the guard's limits. `ret_encoded` may be
 * NULL; it is the value's bytes, borrowed from the cursor's. */
CF_MUST_CHECK enum cf_status cf_wire_skip(struct cf_wire_cursor *cursor,
                                          struct cf_bytes *ret_encoded,
                                          struct cf_fault *reterr_fault);

/* CORRUPT unless every byte was read. */
CF_MUST_CHECK enum cf_status cf_wire_finish(const struct cf_wire_cursor *cursor,
                                            struct cf_fault *reterr_fault);

/* -- The guard ----------------------------------------------------------------------------- */

#define CF_WIRE_DEPTH_MAX 16
#define CF_WIRE_NODE_MAX 65536

/* Walks one whole message without believing it: depth, node count, lengths, UTF-8, strictness,
 * nothing behind it. OK or CORRUPT. Whoever hands bytes to somebody else's decoder calls this
 * first. */
CF_MUST_CHECK enum cf_status cf_wire_guard(struct cf_bytes message,
                                           enum cf_wire_strictness strictness,
                                           struct cf_fault *reterr_fault);

#endif
