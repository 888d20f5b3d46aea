/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_HISTORY_H
#define CF_TOOLS_BENCH_HISTORY_H

/*
 * A made-up ledger: a history of any length in which every pledge moves as
 * core/aggregate/pledge_states.def allows and every amount adds up. The same seed gives the same
 * bytes. For measuring and for tests of whatever reads a log.
 */

#include "core/event/record.h"

struct cf_history;

struct cf_history_options {
    uint64_t seed;
    size_t events_count;
    size_t campaigns_count; /* that are live from the start on */
    size_t users_count;
};

CF_MUST_CHECK enum cf_status cf_history_new(const struct cf_history_options *options,
                                            struct cf_history **ret_history);
/* Accepts NULL. */
void cf_history_destroy(struct cf_history *history);

/* How many records there are: at least events_count, a few more to end what was begun. */
size_t cf_history_count(const struct cf_history *history);

/* The record of a sequence, counted from 1; borrowed until the history is destroyed. */
struct cf_bytes cf_history_record(const struct cf_history *history, uint64_t sequence);

/* Records first … first + count - 1 as an array; borrowed likewise. */
const struct cf_bytes *cf_history_records(const struct cf_history *history, uint64_t first);

#endif
