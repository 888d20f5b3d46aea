/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/state_pack.h"

#include <endian.h>

#define WORD sizeof(uint64_t)
#define GROUP (64 * WORD) /* the words whose bits are one number */

/* Bytes of bits for so many bytes of words. */
static size_t bits_size(size_t size)
{
    return (size + 8 * WORD - 1) / (8 * WORD);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Packs the words of one group, the last of which may be short. Which of them are zero is chance to a
 * processor, so it is not asked: each is written, and the next one over it where it was. */
static size_t pack_group(struct cf_bytes group, uint8_t *ret_words, uint64_t *ret_bits)
{
    size_t packed_size = 0, at = 0;
    uint64_t bits = 0, word = 0;
    for (; at + WORD <= group.size; at += WORD) {
        memcpy(&word, group.data + at, WORD);
        memcpy(ret_words + packed_size, &word, WORD);
        bits |= (uint64_t)(word != 0) << (at / WORD);
        packed_size += word != 0 ? WORD : 0;
    }
    size_t rest = group.size - at;
    if (rest > 0) {
        word = 0;
        memcpy(&word, group.data + at, rest);
        memcpy(ret_words + packed_size, &word, rest);
        bits |= (uint64_t)(word != 0) << (at / WORD);
        packed_size += word != 0 ? rest : 0;
    }
    *ret_bits = htole64(bits);
    return packed_size;
}

size_t cf_pack(struct cf_bytes value, uint8_t *ret_packed)
{
    size_t packed_size = bits_size(value.size);
    for (size_t begin = 0; begin < value.size; begin += GROUP) {
        size_t size = smaller(value.size - begin, GROUP);
        uint64_t bits;
        packed_size +=
            pack_group(cf_bytes_from(value.data + begin, size), ret_packed + packed_size, &bits);
        memcpy(ret_packed + begin / (8 * WORD), &bits, bits_size(size));
    }
    return packed_size;
}

bool cf_unpack(struct cf_bytes packed, void *ret_value, size_t size)
{
    uint8_t *value = ret_value;
    size_t from = bits_size(size);
    if (packed.size < from)
        return false;
    memset(value, 0, size);
    for (size_t begin = 0; begin < size; begin += GROUP) {
        uint64_t bits = 0;
        memcpy(&bits, packed.data + begin / (8 * WORD), bits_size(smaller(size - begin, GROUP)));
        for (bits = le64toh(bits); bits != 0; bits &= bits - 1) {
            size_t at = begin + (size_t)__builtin_ctzll(bits) * WORD;
            size_t part = at < size ? smaller(size - at, WORD) : 0;
            if (part == 0 || packed.size - from < part)
                return false;
            memcpy(value + at, packed.data + from, part);
            from += part;
        }
    }
    return from == packed.size;
}
