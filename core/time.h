/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_TIME_H
#define CF_CORE_TIME_H

/*
 * Time: int64 microseconds since the Unix epoch, UTC, named `…_us`. Nothing in core reads a clock.
 *
 * As text: RFC 3339. Printed as 2026-11-20T23:03:06Z, with exactly six digits of fraction when
 * there is one. Times lie between the years 1970 and 9999.
 */

#include "core/base/bytes.h"

#define CF_TIME_TEXT_SIZE 28 /* with the NUL */
#define CF_TIME_MAX_US INT64_C(253402300799999999)

#define CF_MILLISECOND_US INT64_C(1000)
#define CF_SECOND_US INT64_C(1000000)
#define CF_MINUTE_US (60 * CF_SECOND_US)
#define CF_HOUR_US (60 * CF_MINUTE_US)
#define CF_DAY_US (24 * CF_HOUR_US)

/* A moment as people write it, in UTC. */
struct cf_civil_time {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second, microsecond;
};

/* Both ways for 0 <= time_us <= CF_TIME_MAX_US, which is asserted here; RANGE for a day or an hour
 * that does not exist there. */
struct cf_civil_time cf_time_to_civil(int64_t time_us);
CF_MUST_CHECK enum cf_status cf_time_from_civil(struct cf_civil_time civil, int64_t *ret_time_us);

/* Writes text and a NUL. */
void cf_time_print(int64_t time_us, char ret_text[CF_TIME_TEXT_SIZE]);

/*
 * Reads RFC 3339 with any offset from UTC and up to six digits of fraction. INVALID for anything
 * else, also for a leap second, which the epoch's count has no number for; RANGE outside our years.
 */
CF_MUST_CHECK enum cf_status cf_time_parse(struct cf_bytes text, int64_t *ret_time_us);

#endif
