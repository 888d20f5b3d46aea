/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_LOAD_H
#define CF_TOOLS_BENCH_LOAD_H

/*
 * Load: a writer in a process of its own, a ledger with campaigns that are live and backers with
 * saved cards, and pledges sent to them over the link.
 */

#include "commands/link.h"
#include "core/base/scope.h"

#include <sys/types.h>

struct cf_load;

/* Starts a writer in an empty directory and makes `campaign_count` campaigns. */
CF_MUST_CHECK enum cf_status cf_load_open(const char *directory, uint32_t campaign_count,
                                          struct cf_load **ret_load, struct cf_fault *reterr_fault);
/* Stops the writer. Accepts NULL. */
void cf_load_close(struct cf_load *load);
CF_SCOPE_DEFINE(struct cf_load *, cf_load_close)

/* Sends `pledge_count` pledges, always `in_flight` of them unanswered, to the first `campaign_count`
 * campaigns in turn; takes `ret_elapsed_ns`. INVALID when one was not accepted. */
CF_MUST_CHECK enum cf_status cf_load_run(struct cf_load *load, uint32_t campaign_count,
                                         uint32_t in_flight, uint64_t pledge_count,
                                         int64_t *ret_elapsed_ns, struct cf_fault *reterr_fault);

/* Sends `pledge_count` pledges to the first campaign at a steady rate, whatever the answers do; gives the
 * 99th percentile of the time from when a pledge was due to its answer. */
CF_MUST_CHECK enum cf_status cf_load_pace(struct cf_load *load, double per_second,
                                          uint64_t pledge_count, int64_t *ret_p99_ns,
                                          struct cf_fault *reterr_fault);

#endif
