/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: pledges with a saved card (validated, claimed, idempotent, durable, journalled) to one hot
 * campaign through the link, with as many idempotency keys present as a large platform has; the
 * same spread over many campaigns; and what the private PostgreSQL makes of the same on the same disk.
 */
#include "tools/bench/figure.h"
#include "tools/bench/load.h"
#include "tools/bench/rivals.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS 5
#define PACES 7

struct sizes {
    uint64_t keys;
    uint64_t pledges;
    uint32_t campaigns;
    int pgbench_s;
};

static const struct sizes quick = {
    .keys = 200000, .pledges = 100000, .campaigns = 1000, .pgbench_s = 4};
static const struct sizes whole = {
    .keys = 2000000, .pledges = 500000, .campaigns = 10000, .pgbench_s = 20};

/* -- Ours ----------------------------------------------------------------------------------- */

static void report_hot(struct cf_bench *bench, uint32_t in_flight, double rate,
                       const struct cf_rivals *rivals)
{
    char name[32];
    snprintf(name, sizeof name, "commands.hot.%u", in_flight);
    cf_figure_report(bench, &(struct cf_figure){.name = name,
                                                .value = rate,
                                                .unit = "pledges/s",
                                                .against = "PostgreSQL, insert and update",
                                                .against_value = rivals->insert_and_update});
    cf_figure_report(bench, &(struct cf_figure){.name = name,
                                                .value = rate,
                                                .unit = "pledges/s",
                                                .against = "PostgreSQL, insert only",
                                                .against_value = rivals->insert_only});
}

/* In turns, so that a machine that slows down does so for both. */
static enum cf_status hot_and_spread(struct cf_load *load, const struct sizes *sizes,
                                     double *ret_hot, double *ret_spread,
                                     struct cf_fault *reterr_fault)
{
    int64_t hot_ns = 0, spread_ns = 0, elapsed_ns;
    for (int turn = 0; turn < TURNS; turn++) {
        CF_TRY(cf_load_run(load, 1, 512, sizes->pledges / TURNS, &elapsed_ns, reterr_fault));
        hot_ns += elapsed_ns;
        CF_TRY(cf_load_run(load, sizes->campaigns, 512, sizes->pledges / TURNS, &elapsed_ns,
                           reterr_fault));
        spread_ns += elapsed_ns;
    }
    *ret_hot = cf_bench_rate((int64_t)sizes->pledges, hot_ns);
    *ret_spread = cf_bench_rate((int64_t)sizes->pledges, spread_ns);
    return CF_OK;
}

static int compare_ns(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Some seconds at a time. Once in half a minute the kernel writes what has changed of the state to
 * the disk, all of it at once: the worst of these times shows it, the usual one does not. */
static enum cf_status pace(struct cf_bench *bench, struct cf_load *load, double per_second,
                           const struct sizes *sizes, struct cf_fault *reterr_fault)
{
    int64_t p99_ns[PACES];
    for (int i = 0; i < PACES; i++)
        CF_TRY(cf_load_pace(load, per_second, sizes->pledges / 2, &p99_ns[i], reterr_fault));
    qsort(p99_ns, PACES, sizeof p99_ns[0], compare_ns);
    cf_figure_report(bench, &(struct cf_figure){.name = "commands.p99_at_half_load",
                                                .value = (double)p99_ns[PACES / 2] / 1e6,
                                                .unit = "ms"});
    cf_figure_report(bench, &(struct cf_figure){.name = "commands.p99_at_half_load.worst",
                                                .value = (double)p99_ns[PACES - 1] / 1e6,
                                                .unit = "ms"});
    return CF_OK;
}

enum cf_status cf_bench_commands(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_load_close) struct cf_load *load = NULL;
    const struct sizes *sizes = bench->quick ? &quick : &whole;
    char directory[PATH_MAX];
    struct cf_rivals rivals;
    double rate_hot, rate_spread;
    int64_t elapsed_ns;
    CF_TRY(cf_rivals_measure(bench, sizes->pgbench_s, &rivals, reterr_fault));
    snprintf(directory, sizeof directory, "%s/ledger", bench->directory);
    CF_TRY(cf_load_open(directory, sizes->campaigns, &load, reterr_fault));
    CF_TRY(cf_load_run(load, 1, 2048, sizes->keys, &elapsed_ns, reterr_fault));
    CF_TRY(cf_load_run(load, 1, 64, sizes->pledges / 2, &elapsed_ns, reterr_fault));
    report_hot(bench, 64, cf_bench_rate((int64_t)sizes->pledges / 2, elapsed_ns), &rivals);
    CF_TRY(hot_and_spread(load, sizes, &rate_hot, &rate_spread, reterr_fault));
    report_hot(bench, 512, rate_hot, &rivals);
    cf_figure_report(bench, &(struct cf_figure){.name = "commands.spread",
                                                .value = rate_spread,
                                                .unit = "pledges/s",
                                                .against = "one hot campaign",
                                                .against_value = rate_hot});
    return pace(bench, load, rate_hot / 2, sizes, reterr_fault);
}
