/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/funding/trend.h"

#include "core/base/assert.h"

enum {
    STEPS_PER_HALF_LIFE = 8,
    STEPS_COUNT = 128, /* beyond sixteen half-lives a pledge adds nothing to see */
    ONE_BITS = 16,     /* the table's one is 2^16 */
};

static const int32_t log2_of_one_and[STEPS_COUNT];

int64_t cf_trend_add(int64_t trend_us, int64_t time_us)
{
    CF_ASSERT(trend_us >= 0 && time_us >= 0);
    int64_t later = trend_us > time_us ? trend_us : time_us;
    int64_t apart = trend_us > time_us ? trend_us - time_us : time_us - trend_us;
    int64_t step = apart / (CF_TREND_HALF_LIFE_US / STEPS_PER_HALF_LIFE);
    if (step >= STEPS_COUNT)
        return later;
    return later + (CF_TREND_HALF_LIFE_US >> ONE_BITS) * log2_of_one_and[step];
}

/* 65,536 * log2(1 + 2^(-step / 8)), rounded. */
static const int32_t log2_of_one_and[STEPS_COUNT] = {
    65536, 61529, 57698, 54044, 50565, 47257, 44119, 41146, 38336, 35684, 33184, 30832, 28623,
    26551, 24610, 22794, 21098, 19515, 18040, 16667, 15391, 14204, 13103, 12082, 11136, 10260,
    9450,  8700,  8008,  7369,  6778,  6234,  5732,  5269,  4843,  4450,  4089,  3756,  3450,
    3168,  2909,  2671,  2452,  2251,  2066,  1897,  1741,  1597,  1466,  1345,  1234,  1132,
    1039,  953,   874,   802,   736,   675,   619,   568,   521,   478,   438,   402,   369,
    338,   310,   284,   261,   239,   219,   201,   184,   169,   155,   142,   130,   120,
    110,   101,   92,    85,    78,    71,    65,    60,    55,    50,    46,    42,    39,
    36,    33,    30,    27,    25,    23,    21,    19,    18,    16,    15,    14,    13,
    12,    11,    10,    9,     8,     7,     7,     6,     6,     5,     5,     4,     4,
    4,     3,     3,     3,     3,     2,     2,     2,     2,     2,     2,
};
