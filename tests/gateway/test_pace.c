/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: never more than the rate in any second, nearly all of it used, less after a 429 and all
 * of it again later; waits that grow, spread and stay within bounds; a breaker that lets one probe
 * through. Shown: by letting simulated time pass.
 */
#include "commands/gateway/pace.h"
#include "tests/support/cmocka.h"

#define SECOND INT64_C(1000000)

/* Takes as fast as it can for some seconds; the largest count in any window of one second. */
static int64_t busiest_second(struct cf_pace *pace, int64_t seconds, int64_t *ret_total)
{
    static int64_t taken_at[10000];
    int64_t now = 5 * SECOND, end = now + seconds * SECOND, busiest = 0, total = 0, oldest = 0;
    while (now < end) {
        int64_t wait = cf_pace_take(pace, now);
        if (wait > 0) {
            now += wait + 700; /* a thread that wakes a little late */
            continue;
        }
        taken_at[total++] = now;
        while (taken_at[oldest] <= now - SECOND)
            oldest++;
        if (total - oldest > busiest)
            busiest = total - oldest;
    }
    *ret_total = total;
    return busiest;
}

static void test_pace__uses_nearly_all_and_never_more(void **state)
{
    (void)state;
    struct cf_pace pace;
    int64_t total;
    cf_pace_init(&pace, 24);
    assert_true(busiest_second(&pace, 60, &total) <= 25);
    assert_in_range(total, 24 * 60 * 99 / 100, 24 * 60 + 1);
}

static void test_pace__lets_everything_through_without_a_limit(void **state)
{
    (void)state;
    struct cf_pace pace;
    cf_pace_init(&pace, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(cf_pace_take(&pace, 1), 0);
    cf_pace_slow_down(&pace, 1);
    assert_int_equal(cf_pace_take(&pace, 1), 0);
}

static void test_pace__adapts_when_told_that_it_is_too_fast(void **state)
{
    (void)state;
    struct cf_pace pace;
    cf_pace_init(&pace, 100);
    int64_t now = 100 * SECOND;
    cf_pace_slow_down(&pace, now);
    cf_pace_slow_down(&pace, now + 1); /* the same news, from a call that was under way */
    assert_int_equal(pace.per_second, 50000);
    cf_pace_slow_down(&pace, now + SECOND);
    assert_int_equal(pace.per_second, 25000);
    for (int i = 0; i < 50; i++)
        cf_pace_slow_down(&pace, now + i * SECOND);
    assert_int_equal(pace.per_second, 1000);
    now += 60 * SECOND;
    assert_int_equal(cf_pace_take(&pace, now), 0);
    assert_in_range(pace.per_second, 10000, 20000); /* carefully, where it was told so often */
    now += 200 * SECOND;
    assert_int_equal(cf_pace_take(&pace, now), 0);
    assert_int_equal(pace.per_second, 100000);

    now += SECOND / 2;
    cf_pace_slow_down(&pace, now);
    cf_pace_slow_down(&pace, now + SECOND);
    assert_int_equal(pace.per_second, 25000);
    cf_pace_take(&pace, now + 4 * SECOND);
    assert_in_range(pace.per_second, 45000, 46000); /* back at once to what was right */
}

static void test_backoff__grows_spreads_and_stays_within_bounds(void **state)
{
    (void)state;
    for (unsigned attempt = 1; attempt < 80; attempt++) {
        int64_t full = attempt > 5 ? 8 * SECOND : SECOND / 2 << (attempt - 1);
        assert_int_equal(cf_backoff_us(attempt, SECOND / 2, 8 * SECOND, 0), full / 2);
        for (uint64_t random = 1; random < 1u << 30; random = random * 7 + 3) {
            int64_t wait = cf_backoff_us(attempt, SECOND / 2, 8 * SECOND, random);
            assert_in_range(wait, full / 2, full);
        }
    }
}

static void test_breaker__opens_after_failures_in_a_row_and_probes(void **state)
{
    (void)state;
    struct cf_breaker breaker = {0};
    int64_t now = SECOND;
    for (int i = 0; i < 4; i++)
        assert_false(cf_breaker_note(&breaker, now, false));
    cf_breaker_note(&breaker, now, true);
    for (int i = 0; i < 4; i++)
        assert_false(cf_breaker_note(&breaker, now, false));
    assert_int_equal(cf_breaker_wait_us(&breaker, now), 0);
    assert_true(cf_breaker_note(&breaker, now, false));

    int64_t previous = 0;
    for (int probe = 0; probe < 8; probe++) {
        int64_t wait = cf_breaker_wait_us(&breaker, now);
        assert_true(wait >= previous && wait <= 60 * SECOND);
        previous = wait;
        now += wait;
        assert_int_equal(cf_breaker_wait_us(&breaker, now), 0); /* this one goes */
        assert_true(cf_breaker_wait_us(&breaker, now) > 0);     /* and no other */
        assert_false(cf_breaker_note(&breaker, now, false));
    }
    now += cf_breaker_wait_us(&breaker, now);
    assert_int_equal(cf_breaker_wait_us(&breaker, now), 0);
    cf_breaker_note(&breaker, now, true);
    assert_int_equal(cf_breaker_wait_us(&breaker, now), 0);
    assert_int_equal(cf_breaker_wait_us(&breaker, now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace__uses_nearly_all_and_never_more),
        cmocka_unit_test(test_pace__lets_everything_through_without_a_limit),
        cmocka_unit_test(test_pace__adapts_when_told_that_it_is_too_fast),
        cmocka_unit_test(test_backoff__grows_spreads_and_stays_within_bounds),
        cmocka_unit_test(test_breaker__opens_after_failures_in_a_row_and_probes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
