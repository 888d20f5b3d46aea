/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_FUNDING_TREND_H
#define CF_PROJECTIONS_FUNDING_TREND_H

/*
 * Trend: which campaigns are being pledged to now.
 *
 * A pledge weighs 1 when it is made and half as much after each half-life. The order of such sums
 * at one moment is their order at every moment, so a sum is kept as the time at which one single
 * pledge would weigh as much: it is changed by pledges alone, never by time passing, and can be
 * indexed. Two pledges at one moment are worth one made a half-life later. Integers only.
 */

#include <stdint.h>

#define CF_TREND_HALF_LIFE_US (INT64_C(2) * 24 * 3600 * 1000000)

/* The trend after one more pledge at this time. A campaign without pledges has the trend 0. */
int64_t cf_trend_add(int64_t trend_us, int64_t time_us);

#endif
