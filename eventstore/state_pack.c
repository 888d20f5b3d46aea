/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/state_pack.h"

#define WORD sizeof(uint64_t)

/* The size of the word at `at`: the last one may be short. */
static size_t word_size(size_t at, size_t size)
{
    return size - at < WORD ? size - at : WORD;
}

size_t cf_pack(struct cf_bytes value, uint8_t *ret_packed)
{
    size_t packed_size = (value.size + 8 * WORD - 1) / (8 * WORD);
    memset(ret_packed, 0, packed_size);
    for (size_t at = 0; at < value.size; at += WORD) {
        uint64_t word = 0;
        size_t size = word_size(at, value.size);
        memcpy(&word, value.data + at, size);
        if (word == 0)
            continue;
        ret_packed[at / WORD / 8] |= (uint8_t)(1u << (at / WORD % 8));
        memcpy(ret_packed + packed_size, &word, size);
        packed_size += size;
    }
    return packed_size;
}

bool cf_unpack(struct cf_bytes packed, void *ret_value, size_t size)
{
    uint8_t *value = ret_value;
    size_t from = (size + 8 * WORD - 1) / (8 * WORD);
    if (packed.size < from)
        return false;
    memset(value, 0, size);
    for (size_t at = 0; at < size; at += WORD) {
        if ((packed.data[at / WORD / 8] >> (at / WORD % 8) & 1) == 0)
            continue;
        size_t part = word_size(at, size);
        if (packed.size - from < part)
            return false;
        memcpy(value + at, packed.data + from, part);
        from += part;
    }
    return from == packed.size;
}
