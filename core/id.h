/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_ID_H
#define CF_CORE_ID_H

/*
 * Ids: UUIDv7 (RFC 9562), sixteen bytes whose order is the order of making. As text: lower-case
 * UUID. The all-zero id means "absent". Time and randomness come from the caller.
 */

#include "core/base/bytes.h"

#define CF_ID_SIZE 16
#define CF_ID_TEXT_SIZE 37 /* with the NUL */
#define CF_ID_RANDOM_SIZE 10

struct cf_id {
    uint8_t bytes[CF_ID_SIZE];
};

static inline bool cf_id_is_zero(struct cf_id id)
{
    uint64_t halves[2];
    memcpy(halves, id.bytes, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

static inline bool cf_id_equal(struct cf_id a, struct cf_id b)
{
    return memcmp(a.bytes, b.bytes, CF_ID_SIZE) == 0;
}

static inline int cf_id_compare(struct cf_id a, struct cf_id b)
{
    return memcmp(a.bytes, b.bytes, CF_ID_SIZE);
}

static inline struct cf_bytes cf_id_bytes(const struct cf_id *id)
{
    return cf_bytes_from(id->bytes, CF_ID_SIZE);
}

/* A UUIDv7 from a time (>= 0, before the year 10889) and ten random bytes. */
struct cf_id cf_id_make(int64_t time_us, const uint8_t random[CF_ID_RANDOM_SIZE]);

/* The millisecond in an id, as microseconds. */
int64_t cf_id_time_us(struct cf_id id);

/* Writes 36 characters and a NUL. */
void cf_id_print(struct cf_id id, char ret_text[CF_ID_TEXT_SIZE]);

/* Reads 36 characters, hex digits of either case. INVALID. Any UUID passes, whatever its version:
 * ids also come from imports. */
CF_MUST_CHECK enum cf_status cf_id_parse(struct cf_bytes text, struct cf_id *ret_id);

/* Makes ids that only grow, even within one millisecond or when the clock steps back. Starts
 * all-zero. One per thread, or under the owner's lock. */
struct cf_id_generator {
    struct cf_id last;
};

struct cf_id cf_id_generator_next(struct cf_id_generator *generator, int64_t time_us,
                                  const uint8_t random[CF_ID_RANDOM_SIZE]);

#endif
