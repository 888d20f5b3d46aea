/* SPDX-License-Identifier: Apache-2.0 */
#include "core/wire.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"

#include <endian.h>

struct cf_wire_cursor cf_wire_cursor_over(struct cf_bytes bytes, enum cf_wire_strictness strictness)
{
    return (struct cf_wire_cursor){.start = bytes.data,
                                   .next = bytes.data,
                                   .end = bytes.size == 0 ? bytes.data : bytes.data + bytes.size,
                                   .strictness = strictness};
}

/* A value's first bytes: what it is, and its number, or the length or count that it declares. */
struct head {
    enum cf_wire_kind kind;
    bool negative; /* an integer below 0, in two's complement */
    size_t size;   /* bytes of the head itself */
    uint64_t number;
};

enum width { FIXED = 0, ONE = 1, TWO = 2, FOUR = 4, EIGHT = 8 };

/* What each first byte from 0xc0 to 0xdf announces. */
static const struct {
    uint8_t kind, width, is_signed;
} announced[32] = {
    [0x00] = {CF_WIRE_NIL, FIXED, 0},     [0x01] = {CF_WIRE_REFUSED, FIXED, 0},
    [0x02] = {CF_WIRE_BOOL, FIXED, 0},    [0x03] = {CF_WIRE_BOOL, FIXED, 0},
    [0x04] = {CF_WIRE_BYTES, ONE, 0},     [0x05] = {CF_WIRE_BYTES, TWO, 0},
    [0x06] = {CF_WIRE_BYTES, FOUR, 0},    [0x07] = {CF_WIRE_REFUSED, FIXED, 0},
    [0x08] = {CF_WIRE_REFUSED, FIXED, 0}, [0x09] = {CF_WIRE_REFUSED, FIXED, 0},
    [0x0a] = {CF_WIRE_REFUSED, FIXED, 0}, [0x0b] = {CF_WIRE_REFUSED, FIXED, 0},
    [0x0c] = {CF_WIRE_INTEGER, ONE, 0},   [0x0d] = {CF_WIRE_INTEGER, TWO, 0},
    [0x0e] = {CF_WIRE_INTEGER, FOUR, 0},  [0x0f] = {CF_WIRE_INTEGER, EIGHT, 0},
    [0x10] = {CF_WIRE_INTEGER, ONE, 1},   [0x11] = {CF_WIRE_INTEGER, TWO, 1},
    [0x12] = {CF_WIRE_INTEGER, FOUR, 1},  [0x13] = {CF_WIRE_INTEGER, EIGHT, 1},
    [0x14] = {CF_WIRE_REFUSED, FIXED, 0}, [0x15] = {CF_WIRE_REFUSED, FIXED, 0},
    [0x16] = {CF_WIRE_REFUSED, FIXED, 0}, [0x17] = {CF_WIRE_REFUSED, FIXED, 0},
    [0x18] = {CF_WIRE_REFUSED, FIXED, 0}, [0x19] = {CF_WIRE_TEXT, ONE, 0},
    [0x1a] = {CF_WIRE_TEXT, TWO, 0},      [0x1b] = {CF_WIRE_TEXT, FOUR, 0},
    [0x1c] = {CF_WIRE_ARRAY, TWO, 0},     [0x1d] = {CF_WIRE_ARRAY, FOUR, 0},
    [0x1e] = {CF_WIRE_MAP, TWO, 0},       [0x1f] = {CF_WIRE_MAP, FOUR, 0},
};

/* Bytes of the shortest head. */
static size_t shortest(enum cf_wire_kind kind, bool negative, uint64_t number)
{
    if (negative) {
        int64_t value = (int64_t)number;
        return value >= -32         ? 1
               : value >= INT8_MIN  ? 2
               : value >= INT16_MIN ? 3
               : value >= INT32_MIN ? 5
                                    : 9;
    }
    uint64_t fixed_max = kind == CF_WIRE_INTEGER ? 0x7f : kind == CF_WIRE_TEXT ? 31 : 15;
    if (kind != CF_WIRE_BYTES && number <= fixed_max)
        return 1;
    if (number <= UINT8_MAX && kind != CF_WIRE_ARRAY && kind != CF_WIRE_MAP)
        return 2;
    return number <= UINT16_MAX ? 3 : number <= UINT32_MAX ? 5 : 9;
}

static uint64_t big_endian(const uint8_t *bytes, size_t width)
{
    if (width == ONE)
        return bytes[0];
    if (width == TWO)
        return (uint64_t)bytes[0] << 8 | bytes[1];
    uint32_t high, low;
    memcpy(&high, bytes, sizeof high);
    if (width == FOUR)
        return be32toh(high);
    memcpy(&low, bytes + sizeof high, sizeof low);
    return (uint64_t)be32toh(high) << 32 | be32toh(low);
}

static int64_t sign_extend(uint64_t number, size_t width)
{
    unsigned unused = 64 - 8 * (unsigned)width;
    return (int64_t)(number << unused) >> unused;
}

/* The head of a byte that holds its own number. */
static inline bool fixed_head(uint8_t first, struct head *ret_head)
{
    *ret_head = (struct head){.size = 1};
    if (first <= 0x7f) {
        ret_head->kind = CF_WIRE_INTEGER;
        ret_head->number = first;
    } else if (first <= 0x8f) {
        ret_head->kind = CF_WIRE_MAP;
        ret_head->number = first & 0x0f;
    } else if (first <= 0x9f) {
        ret_head->kind = CF_WIRE_ARRAY;
        ret_head->number = first & 0x0f;
    } else if (first <= 0xbf) {
        ret_head->kind = CF_WIRE_TEXT;
        ret_head->number = first & 0x1f;
    } else if (first >= 0xe0) {
        ret_head->kind = CF_WIRE_INTEGER;
        ret_head->negative = true;
        ret_head->number = (uint64_t)(int64_t)(int8_t)first;
    } else {
        return false;
    }
    return true;
}

enum cf_wire_kind cf_wire_peek(const struct cf_wire_cursor *cursor)
{
    struct head head;
    if (cursor->next == cursor->end)
        return CF_WIRE_END;
    if (fixed_head(*cursor->next, &head))
        return head.kind;
    return (enum cf_wire_kind)announced[*cursor->next - 0xc0].kind;
}

/* The head of a byte that is followed by its number. */
static enum cf_status wide_head(const struct cf_wire_cursor *cursor, struct head *ret_head,
                                struct cf_fault *reterr_fault)
{
    uint8_t first = *cursor->next;
    size_t width = announced[first - 0xc0].width;
    bool is_signed = announced[first - 0xc0].is_signed;
    struct head head = {.kind = (enum cf_wire_kind)announced[first - 0xc0].kind, .size = 1 + width};
    if (head.kind == CF_WIRE_REFUSED)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "floats and extensions are not used",
                   cf_wire_offset(cursor));
    if (head.size > (size_t)(cursor->end - cursor->next))
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "the bytes end early", cf_wire_offset(cursor));
    if (width == FIXED) {
        head.number = first & 1; /* nil, false, true */
        *ret_head = head;
        return CF_OK;
    }
    head.number = big_endian(cursor->next + 1, width);
    if (is_signed) {
        head.number = (uint64_t)sign_extend(head.number, width);
        head.negative = (int64_t)head.number < 0;
    }
    if (cursor->strictness == CF_WIRE_CANONICAL &&
        ((is_signed && !head.negative) ||
         head.size != shortest(head.kind, head.negative, head.number)))
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "not the shortest form", cf_wire_offset(cursor));
    *ret_head = head;
    return CF_OK;
}

static enum cf_status read_head(const struct cf_wire_cursor *cursor, struct head *ret_head,
                                struct cf_fault *reterr_fault)
{
    size_t left = (size_t)(cursor->end - cursor->next);
    if (left == 0)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "the bytes end early", cf_wire_offset(cursor));
    if (!fixed_head(*cursor->next, ret_head))
        CF_TRY(wide_head(cursor, ret_head, reterr_fault));

    /* Every element takes a byte at least, a pair two. */
    if (ret_head->kind < CF_WIRE_TEXT)
        return CF_OK;
    uint64_t needed = ret_head->kind == CF_WIRE_MAP ? 2 * ret_head->number : ret_head->number;
    if (needed > left - ret_head->size)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "declares more than there is", cf_wire_offset(cursor));
    return CF_OK;
}

static enum cf_status read_kind(const struct cf_wire_cursor *cursor, enum cf_wire_kind kind,
                                uint64_t number_max, struct head *ret_head,
                                struct cf_fault *reterr_fault)
{
    CF_TRY(read_head(cursor, ret_head, reterr_fault));
    if (ret_head->kind != kind)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "another kind of value", cf_wire_offset(cursor));
    if (ret_head->number > number_max)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "too large", cf_wire_offset(cursor));
    return CF_OK;
}

enum cf_status cf_wire_read_nil(struct cf_wire_cursor *cursor, struct cf_fault *reterr_fault)
{
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_NIL, UINT64_MAX, &head, reterr_fault));
    cursor->next += head.size;
    return CF_OK;
}

enum cf_status cf_wire_read_bool(struct cf_wire_cursor *cursor, bool *ret_value,
                                 struct cf_fault *reterr_fault)
{
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_BOOL, UINT64_MAX, &head, reterr_fault));
    cursor->next += head.size;
    *ret_value = head.number != 0;
    return CF_OK;
}

enum cf_status cf_wire_read_unsigned(struct cf_wire_cursor *cursor, uint64_t value_max,
                                     uint64_t *ret_value, struct cf_fault *reterr_fault)
{
    /* Keys and small numbers, which most are. */
    if (cursor->next < cursor->end && *cursor->next <= 0x7f && *cursor->next <= value_max) {
        *ret_value = *cursor->next++;
        return CF_OK;
    }
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_INTEGER, UINT64_MAX, &head, reterr_fault));
    if (head.negative || head.number > value_max)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a number is out of range", cf_wire_offset(cursor));
    cursor->next += head.size;
    *ret_value = head.number;
    return CF_OK;
}

enum cf_status cf_wire_read_signed(struct cf_wire_cursor *cursor, int64_t *ret_value,
                                   struct cf_fault *reterr_fault)
{
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_INTEGER, UINT64_MAX, &head, reterr_fault));
    if (!head.negative && head.number > INT64_MAX)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a number is out of range", cf_wire_offset(cursor));
    cursor->next += head.size;
    *ret_value = (int64_t)head.number;
    return CF_OK;
}

enum cf_status cf_wire_read_text(struct cf_wire_cursor *cursor, size_t size_max,
                                 struct cf_bytes *ret_text, struct cf_fault *reterr_fault)
{
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_TEXT, size_max, &head, reterr_fault));
    struct cf_bytes text = cf_bytes_from(cursor->next + head.size, (size_t)head.number);
    if (!cf_utf8_is_valid(text))
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "not UTF-8", cf_wire_offset(cursor));
    cursor->next += head.size + text.size;
    *ret_text = text;
    return CF_OK;
}

enum cf_status cf_wire_read_bytes(struct cf_wire_cursor *cursor, size_t size_max,
                                  struct cf_bytes *ret_bytes, struct cf_fault *reterr_fault)
{
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_BYTES, size_max, &head, reterr_fault));
    *ret_bytes = cf_bytes_from(cursor->next + head.size, (size_t)head.number);
    cursor->next += head.size + ret_bytes->size;
    return CF_OK;
}

enum cf_status cf_wire_read_fixed(struct cf_wire_cursor *cursor, size_t size, uint8_t *ret_bytes,
                                  struct cf_fault *reterr_fault)
{
    /* The canonical head of a short size, which is what stands there unless something is wrong. */
    size_t left = (size_t)(cursor->end - cursor->next);
    if (left >= 2 + size && cursor->next[0] == 0xc4 && cursor->next[1] == size) {
        memcpy(ret_bytes, cursor->next + 2, size);
        cursor->next += 2 + size;
        return CF_OK;
    }
    struct cf_wire_cursor here = *cursor;
    struct cf_bytes bytes;
    CF_TRY(cf_wire_read_bytes(&here, size, &bytes, reterr_fault));
    if (bytes.size != size)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "too short", cf_wire_offset(cursor));
    memcpy(ret_bytes, bytes.data, size);
    *cursor = here;
    return CF_OK;
}

enum cf_status cf_wire_read_array(struct cf_wire_cursor *cursor, uint32_t count_max,
                                  uint32_t *ret_count, struct cf_fault *reterr_fault)
{
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_ARRAY, count_max, &head, reterr_fault));
    cursor->next += head.size;
    *ret_count = (uint32_t)head.number;
    return CF_OK;
}

enum cf_status cf_wire_read_map(struct cf_wire_cursor *cursor, uint32_t count_max,
                                uint32_t *ret_pair_count, struct cf_fault *reterr_fault)
{
    struct head head;
    CF_TRY(read_kind(cursor, CF_WIRE_MAP, count_max, &head, reterr_fault));
    cursor->next += head.size;
    *ret_pair_count = (uint32_t)head.number;
    return CF_OK;
}

enum cf_status cf_wire_expect_array(struct cf_wire_cursor *cursor, uint32_t count,
                                    struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor here = *cursor;
    uint32_t found;
    CF_TRY(cf_wire_read_array(&here, count, &found, reterr_fault));
    if (found != count)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "too few elements", cf_wire_offset(cursor));
    *cursor = here;
    return CF_OK;
}

enum cf_status cf_wire_skip(struct cf_wire_cursor *cursor, struct cf_bytes *ret_encoded,
                            struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor here = *cursor;
    uint64_t waiting[CF_WIRE_DEPTH_MAX + 1] = {1}; /* values still to come, by depth */
    size_t depth = 0;
    for (uint32_t nodes = 0; depth > 0 || waiting[0] > 0; nodes++) {
        struct head head;
        if (nodes == CF_WIRE_NODE_MAX)
            CF_FAIL_AT(reterr_fault, CF_CORRUPT, "too many values", cf_wire_offset(&here));
        CF_TRY(read_head(&here, &head, reterr_fault));
        if (head.kind == CF_WIRE_TEXT || head.kind == CF_WIRE_BYTES) {
            struct cf_bytes bytes = cf_bytes_from(here.next + head.size, (size_t)head.number);
            if (head.kind == CF_WIRE_TEXT && !cf_utf8_is_valid(bytes))
                CF_FAIL_AT(reterr_fault, CF_CORRUPT, "not UTF-8", cf_wire_offset(&here));
            here.next += bytes.size;
        }
        here.next += head.size;
        waiting[depth]--;
        if (head.kind == CF_WIRE_ARRAY || head.kind == CF_WIRE_MAP) {
            if (depth == CF_WIRE_DEPTH_MAX)
                CF_FAIL_AT(reterr_fault, CF_CORRUPT, "nested too deep", cf_wire_offset(&here));
            waiting[++depth] = head.kind == CF_WIRE_MAP ? 2 * head.number : head.number;
        }
        while (depth > 0 && waiting[depth] == 0)
            depth--;
    }
    CF_ASSERT(here.next <= here.end);
    if (ret_encoded != NULL)
        *ret_encoded = cf_bytes_from(cursor->next, (size_t)(here.next - cursor->next));
    *cursor = here;
    return CF_OK;
}

enum cf_status cf_wire_finish(const struct cf_wire_cursor *cursor, struct cf_fault *reterr_fault)
{
    if (cursor->next != cursor->end)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "bytes behind the end", cf_wire_offset(cursor));
    return CF_OK;
}

enum cf_status cf_wire_guard(struct cf_bytes message, enum cf_wire_strictness strictness,
                             struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(message, strictness);
    CF_TRY(cf_wire_skip(&cursor, NULL, reterr_fault));
    return cf_wire_finish(&cursor, reterr_fault);
}
