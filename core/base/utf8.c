/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/utf8.h"

/* Reads one code point that does not start with an ASCII byte; its size in bytes, 0 where
 * malformed. */
static size_t take_wide(const uint8_t *at, size_t left, uint32_t *ret_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] >= 0xc2 && at[0] <= 0xdf   ? 2
                  : at[0] >= 0xe0 && at[0] <= 0xef ? 3
                  : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4
                                                   : 0;
    if (size == 0 || size > left)
        return 0;
    uint32_t point = at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fu);
    }
    if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return size;
}

/* How many of the first bytes are ASCII for certain; looks at eight at a time. */
static size_t ascii_prefix(struct cf_bytes text)
{
    size_t i = 0;
    for (uint64_t eight; text.size - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, text.data + i, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return i;
}

bool cf_utf8_is_valid(struct cf_bytes text)
{
    for (size_t i = ascii_prefix(text); i < text.size;) {
        uint32_t point;
        size_t size = text.data[i] < 0x80 ? 1 : take_wide(text.data + i, text.size - i, &point);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

bool cf_utf8_is_plain(struct cf_bytes text)
{
    for (size_t i = 0; i < text.size;) {
        uint32_t point = text.data[i];
        size_t size = point < 0x80 ? 1 : take_wide(text.data + i, text.size - i, &point);
        if (size == 0)
            return false;
        bool control = point < 0x20 || (point >= 0x7f && point <= 0x9f);
        if (control && point != '\n' && point != '\t')
            return false;
        i += size;
    }
    return true;
}

size_t cf_utf8_count(struct cf_bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

bool cf_ascii_is_token(struct cf_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    }
    return true;
}
