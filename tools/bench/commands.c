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
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static enum cf_status hot(struct cf_bench *bench, struct cf_load *load, uint32_t in_flight,
                          uint64_t pledges, const struct cf_rivals *rivals, double *ret_rate,
                          struct cf_fault *reterr_fault)
{
    char name[32];
    int64_t elapsed_ns;
    CF_TRY(cf_load_run(load, 1, in_flight, pledges, &elapsed_ns, reterr_fault));
    *ret_rate = cf_bench_rate((int64_t)pledges, elapsed_ns);
    snprintf(name, sizeof name, "commands.hot.%u", in_flight);
    cf_figure_report(bench, &(struct cf_figure){.name = name,
                                                .value = *ret_rate,
                                                .unit = "pledges/s",
                                                .against = "PostgreSQL, insert and update",
                                                .against_value = rivals->insert_and_update});
    cf_figure_report(bench, &(struct cf_figure){.name = name,
                                                .value = *ret_rate,
                                                .unit = "pledges/s",
                                                .against = "PostgreSQL, insert only",
                                                .against_value = rivals->insert_only});
    return CF_OK;
}

enum cf_status cf_bench_commands(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_load_close) struct cf_load *load = NULL;
    const struct sizes *sizes = bench->quick ? &quick : &whole;
    char directory[PATH_MAX];
    struct cf_rivals rivals;
    double rate_64, rate_512;
    int64_t elapsed_ns, p99_ns;
    CF_TRY(cf_rivals_measure(bench, sizes->pgbench_s, &rivals, reterr_fault));
    snprintf(directory, sizeof directory, "%s/ledger", bench->directory);
    CF_TRY(cf_load_open(directory, sizes->campaigns, &load, reterr_fault));
    CF_TRY(cf_load_run(load, 1, 2048, sizes->keys, &elapsed_ns, reterr_fault));
    CF_TRY(hot(bench, load, 64, sizes->pledges / 2, &rivals, &rate_64, reterr_fault));
    CF_TRY(hot(bench, load, 512, sizes->pledges, &rivals, &rate_512, reterr_fault));
    CF_TRY(cf_load_run(load, sizes->campaigns, 512, sizes->pledges, &elapsed_ns, reterr_fault));
    cf_figure_report(
        bench, &(struct cf_figure){.name = "commands.spread",
                                   .value = cf_bench_rate((int64_t)sizes->pledges, elapsed_ns),
                                   .unit = "pledges/s",
                                   .against = "one hot campaign",
                                   .against_value = rate_512});
    CF_TRY(cf_load_pace(load, rate_512 / 2, sizes->pledges / 2, &p99_ns, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "commands.p99_at_half_load",
                                                .value = (double)p99_ns / 1e6,
                                                .unit = "ms"});
    return CF_OK;
}
