/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_PACE_H
#define CF_COMMANDS_GATEWAY_PACE_H

/*
 * How fast, how often, and whether at all: a token bucket that adapts, the wait before a retry, and
 * a circuit breaker. Pure arithmetic over a clock that the caller reads; microseconds.
 */

#include <stdbool.h>
#include <stdint.h>

/*
 * A token bucket without a burst: what it lets through is evenly spaced, so no window of a second
 * holds more than the rate. Asked to slow down it halves the rate; undisturbed it climbs back, fast up
 * to what it knows to be right, then carefully.
 */
struct cf_pace {
    int64_t per_second_max; /* thousandths of a call; 0 lets everything through */
    int64_t per_second;     /* now */
    int64_t next_us;        /* nothing before this */
    int64_t known;          /* what seemed to be too fast, less a tenth; 0 before that */
    int64_t slowed_us;      /* when it last slowed down or climbed */
};

void cf_pace_init(struct cf_pace *pace, int64_t calls_per_second);
/* 0: go, and it counts. Otherwise how long to wait; nothing counts. */
int64_t cf_pace_take(struct cf_pace *pace, int64_t now_us);
/* Gives back what was taken and not used. */
void cf_pace_return(struct cf_pace *pace);
/* The other side said: too fast. */
void cf_pace_slow_down(struct cf_pace *pace, int64_t now_us);

/* min(base · 2^(attempt−1), max), times a jitter between a half and one, never below base / 2. */
int64_t cf_backoff_us(unsigned attempt, int64_t base_us, int64_t max_us, uint64_t random);

/* Opens after failures in a row; then lets one probe through at a time, further and further apart.
 */
struct cf_breaker {
    unsigned failures;     /* in a row */
    unsigned opened;       /* times in a row that a probe failed, plus one */
    int64_t open_until_us; /* 0 while closed */
    bool probing;
};

/* 0: go. Otherwise how long until it may be worth asking again. */
int64_t cf_breaker_wait_us(struct cf_breaker *breaker, int64_t now_us);
/* How a call ended that was let through. True when this opened the breaker. */
bool cf_breaker_note(struct cf_breaker *breaker, int64_t now_us, bool reached);

#endif
