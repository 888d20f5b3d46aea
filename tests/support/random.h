/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_RANDOM_H
#define CF_TESTS_SUPPORT_RANDOM_H

/*
 * Seeded randomness for tests: the same seed, the same test. A test that uses it prints its seed
 * when it fails. COFFER_TEST_SEED in the environment replaces the default.
 */

#include <stdint.h>
#include <stdlib.h>

struct cf_random {
    uint64_t state;
};

/* splitmix64. */
static inline uint64_t cf_random_next(struct cf_random *random)
{
    uint64_t value = random->state += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* 0 to limit - 1. */
static inline uint64_t cf_random_below(struct cf_random *random, uint64_t limit)
{
    return cf_random_next(random) % limit;
}

/* From low to high, both included. */
static inline int64_t cf_random_between(struct cf_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)cf_random_below(random, (uint64_t)(high - low) + 1);
}

/* True so many times in a hundred. */
static inline int cf_random_percent(struct cf_random *random, unsigned percent)
{
    return cf_random_below(random, 100) < percent;
}

static inline uint64_t cf_random_seed(uint64_t otherwise)
{
    const char *text = getenv("COFFER_TEST_SEED");
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

#endif
