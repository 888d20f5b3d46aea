/* SPDX-License-Identifier: Apache-2.0 */
#include "core/id.h"

#include "core/base/assert.h"
#include "core/base/hex.h"

/* RFC 9562 section 5.7: 48 bits of milliseconds, version, 12 bits, variant, 62 bits. */
#define VERSION_BYTE 6
#define VARIANT_BYTE 8

static const uint8_t text_dash_before[] = {4, 6, 8, 10};

struct cf_id cf_id_make(int64_t time_us, const uint8_t random[CF_ID_RANDOM_SIZE])
{
    CF_ASSERT(time_us >= 0);
    uint64_t milliseconds = (uint64_t)time_us / 1000;
    CF_ASSERT(milliseconds >> 48 == 0);

    struct cf_id id;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
    memcpy(id.bytes + VERSION_BYTE, random, CF_ID_RANDOM_SIZE);
    id.bytes[VERSION_BYTE] = (uint8_t)(0x70 | (id.bytes[VERSION_BYTE] & 0x0f));
    id.bytes[VARIANT_BYTE] = (uint8_t)(0x80 | (id.bytes[VARIANT_BYTE] & 0x3f));
    return id;
}

int64_t cf_id_time_us(struct cf_id id)
{
    uint64_t milliseconds = 0;
    for (int i = 0; i < 6; i++)
        milliseconds = milliseconds << 8 | id.bytes[i];
    return (int64_t)(milliseconds * 1000);
}

void cf_id_print(struct cf_id id, char ret_text[CF_ID_TEXT_SIZE])
{
    size_t dash = 0;
    for (size_t i = 0; i < CF_ID_SIZE; i++) {
        if (dash < sizeof text_dash_before && i == text_dash_before[dash]) {
            *ret_text++ = '-';
            dash++;
        }
        cf_hex_print_byte(id.bytes[i], ret_text);
        ret_text += 2;
    }
    *ret_text = '\0';
}

enum cf_status cf_id_parse(struct cf_bytes text, struct cf_id *ret_id)
{
    if (text.size != CF_ID_TEXT_SIZE - 1)
        return CF_INVALID;
    struct cf_id id;
    const uint8_t *next = text.data;
    size_t dash = 0;
    for (size_t i = 0; i < CF_ID_SIZE; i++) {
        if (dash < sizeof text_dash_before && i == text_dash_before[dash]) {
            if (*next++ != '-')
                return CF_INVALID;
            dash++;
        }
        CF_TRY(cf_hex_parse_byte(next, &id.bytes[i]));
        next += 2;
    }
    *ret_id = id;
    return CF_OK;
}

/* Adds to the 74 random bits around version and variant; returns the carry into the time. */
static unsigned increase(struct cf_id *id, uint32_t step)
{
    uint64_t carry = step;
    for (int i = CF_ID_SIZE - 1; i > VARIANT_BYTE; i--) {
        carry += id->bytes[i];
        id->bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
    carry += id->bytes[VARIANT_BYTE] & 0x3f;
    id->bytes[VARIANT_BYTE] = (uint8_t)(0x80 | (carry & 0x3f));
    carry >>= 6;
    carry += id->bytes[7];
    id->bytes[7] = (uint8_t)carry;
    carry >>= 8;
    carry += id->bytes[VERSION_BYTE] & 0x0f;
    id->bytes[VERSION_BYTE] = (uint8_t)(0x70 | (carry & 0x0f));
    return (unsigned)(carry >> 4);
}

struct cf_id cf_id_generator_next(struct cf_id_generator *generator, int64_t time_us,
                                  const uint8_t random[CF_ID_RANDOM_SIZE])
{
    struct cf_id id = cf_id_make(time_us, random);
    if (cf_id_time_us(id) <= cf_id_time_us(generator->last)) {
        /* A random step, so that nobody can count from one id to the next. */
        uint32_t step = (uint32_t)random[0] << 16 | (uint32_t)random[1] << 8 | random[2];
        id = generator->last;
        if (increase(&id, step + 1) != 0)
            id = cf_id_make(cf_id_time_us(generator->last) + 1000, random);
    }
    CF_ASSERT(cf_id_compare(id, generator->last) > 0);
    generator->last = id;
    return id;
}
