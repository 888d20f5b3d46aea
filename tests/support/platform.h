/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_PLATFORM_H
#define CF_TESTS_SUPPORT_PLATFORM_H

/*
 * The write side without its processes: the real deciders, reactions and timers over a book in
 * memory, and time that goes where it is told. What the writer does with a log and a link happens
 * here in one call, so that a test lives through a year in a second.
 */

#include "commands/command.h"
#include "tests/support/history.h"

struct cf_platform {
    struct cf_decision decision;
    struct cf_history history;
    struct cf_buf records; /* every record's bytes, one after the other */
    size_t *record_ends;   /* by sequence - 1 */
    size_t record_capacity;
    cf_history_fn *on_event; /* after each event; may be NULL */
    void *context;
    uint64_t refused; /* commands, in all */
};

void cf_platform_init(struct cf_platform *platform, int64_t now_us);
void cf_platform_clean_up(struct cf_platform *platform);

/* Decides a command; returns 0 (accepted) or the verdict. Fails the test where the input is not one
 * that the link would take. */
uint32_t cf_platform_send(struct cf_platform *platform, struct cf_id actor,
                          const struct cf_command_input *input);

/* The same, and fails the test unless it is accepted. */
void cf_platform_do(struct cf_platform *platform, struct cf_id actor,
                    const struct cf_command_input *input);

/* The event of a sequence; borrowed until the platform grows. */
struct cf_event cf_platform_event(const struct cf_platform *platform, uint64_t sequence);

/* Fires every timer that is due now, each as the writer does; what is refused is put off. */
void cf_platform_fire(struct cf_platform *platform);

#endif
