/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/pace.h"

#define SECOND_US INT64_C(1000000)
#define SAME_NEWS_US (SECOND_US / 4)
#define FAILURES_TO_OPEN 5
#define PROBE_FIRST_US (2 * SECOND_US)
#define PROBE_LAST_US (60 * SECOND_US)

static int64_t spacing_us(const struct cf_pace *pace)
{
    return 1000 * SECOND_US / pace->per_second;
}

void cf_pace_init(struct cf_pace *pace, int64_t calls_per_second)
{
    *pace = (struct cf_pace){.per_second_max = calls_per_second * 1000,
                             .per_second = calls_per_second * 1000};
}

/* For each undisturbed second a tenth of the full rate more, up to what is known to be right; a hundredth
 * beyond that. */
static void climb(struct cf_pace *pace, int64_t now_us)
{
    int64_t seconds = (now_us - pace->slowed_us) / SECOND_US;
    if (pace->per_second >= pace->per_second_max)
        return;
    for (int64_t i = 0; i < seconds && pace->per_second < pace->per_second_max; i++) {
        bool careful = pace->per_second >= pace->known;
        pace->per_second += pace->per_second_max / (careful ? 100 : 10);
        if (!careful && pace->per_second > pace->known)
            pace->per_second = pace->known;
    }
    if (pace->per_second > pace->per_second_max)
        pace->per_second = pace->per_second_max;
    pace->slowed_us += seconds * SECOND_US;
}

int64_t cf_pace_take(struct cf_pace *pace, int64_t now_us)
{
    if (pace->per_second_max == 0)
        return 0;
    climb(pace, now_us);
    if (now_us < pace->next_us)
        return pace->next_us - now_us;
    int64_t spacing = spacing_us(pace);
    /* What a late wake-up cost is made up for, up to one call: the spacing is kept on average. */
    bool just_late = now_us - pace->next_us < spacing;
    pace->next_us = (just_late ? pace->next_us : now_us) + spacing;
    return 0;
}

void cf_pace_return(struct cf_pace *pace)
{
    if (pace->per_second_max != 0)
        pace->next_us -= spacing_us(pace);
}

void cf_pace_slow_down(struct cf_pace *pace, int64_t now_us)
{
    /* Calls that were under way together are told together: that is one reason, not many. */
    if (pace->per_second_max == 0 || now_us - pace->slowed_us < SAME_NEWS_US)
        return;
    pace->slowed_us = now_us;
    pace->known = pace->per_second - pace->per_second / 10;
    pace->per_second /= 2;
    if (pace->per_second < 1000)
        pace->per_second = 1000;
    pace->next_us = now_us + spacing_us(pace);
}

int64_t cf_backoff_us(unsigned attempt, int64_t base_us, int64_t max_us, uint64_t random)
{
    int64_t wait_us = base_us;
    for (unsigned i = 1; i < attempt && wait_us < max_us; i++)
        wait_us *= 2;
    if (wait_us > max_us)
        wait_us = max_us;
    int64_t half = wait_us / 2;
    return half + (int64_t)(random % (uint64_t)(half + 1));
}

int64_t cf_breaker_wait_us(struct cf_breaker *breaker, int64_t now_us)
{
    if (breaker->open_until_us == 0)
        return 0;
    if (now_us < breaker->open_until_us)
        return breaker->open_until_us - now_us;
    if (breaker->probing)
        return SECOND_US;
    breaker->probing = true;
    return 0;
}

bool cf_breaker_note(struct cf_breaker *breaker, int64_t now_us, bool reached)
{
    breaker->probing = false;
    if (reached) {
        *breaker = (struct cf_breaker){0};
        return false;
    }
    bool was_open = breaker->open_until_us != 0;
    breaker->failures++;
    if (breaker->failures < FAILURES_TO_OPEN || (was_open && now_us < breaker->open_until_us))
        return false;
    int64_t wait_us = PROBE_FIRST_US;
    for (unsigned i = 0; i < breaker->opened && wait_us < PROBE_LAST_US; i++)
        wait_us *= 2;
    breaker->opened++;
    breaker->open_until_us = now_us + (wait_us > PROBE_LAST_US ? PROBE_LAST_US : wait_us);
    return !was_open;
}
