/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: pledges with a saved card (validated, claimed, idempotent, durable, journalled) to one hot
 * campaign through the link, with as many idempotency keys present as a large platform has; the
 * same spread over many campaigns; and what the private PostgreSQL makes of the same on the same disk.
 */
#include "projections/cluster.h"
#include "projections/pg.h"
#include "tools/bench/figure.h"
#include "tools/bench/load.h"

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

/* -- PostgreSQL ----------------------------------------------------------------------------- */

static const char tables[] =
    "create table campaign (id bigint primary key, pledged bigint not null);"
    "create table pledge (id uuid primary key default gen_random_uuid(), campaign bigint not null,"
    " backer bigint not null, amount bigint not null, made_at timestamptz not null default now());"
    "create table key (actor bigint, key uuid default gen_random_uuid(), pledge uuid,"
    " primary key (actor, key));"
    "insert into campaign values (1, 0);";

static const char insert_and_update[] =
    "\\set backer random(1, 1000)\n"
    "begin;\n"
    "insert into pledge (campaign, backer, amount) values (1, :backer, 2500);\n"
    "update campaign set pledged = pledged + 2500 where id = 1;\n"
    "insert into key (actor) values (:backer);\n"
    "end;\n";

static const char insert_only[] =
    "\\set backer random(1, 1000)\n"
    "begin;\n"
    "insert into pledge (campaign, backer, amount) values (1, :backer, 2500);\n"
    "insert into key (actor) values (:backer);\n"
    "end;\n";

/* Runs pgbench and reads its "tps = 1234.5". */
static enum cf_status pgbench(const char *dsn, const char *directory, const char *script,
                              int seconds, double *ret_tps, struct cf_fault *reterr_fault)
{
    char path[PATH_MAX], command[2 * PATH_MAX], line[256];
    snprintf(path, sizeof path, "%s/pgbench.sql", directory);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(script, file) < 0 || fclose(file) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot write pgbench's script");
    snprintf(command, sizeof command,
             "pgbench -n -M prepared -c 64 -j 2 -T %d -f %s \"%s\" 2>/dev/null", seconds, path,
             dsn);
    FILE *output = popen(command, "r");
    if (output == NULL)
        CF_FAIL(reterr_fault, CF_IO, "cannot run pgbench");
    *ret_tps = 0;
    while (fgets(line, sizeof line, output) != NULL)
        sscanf(line, "tps = %lf", ret_tps);
    if (pclose(output) != 0 || *ret_tps <= 0)
        CF_FAIL(reterr_fault, CF_IO, "pgbench failed");
    return CF_OK;
}

struct rivals {
    double insert_and_update;
    double insert_only;
};

static enum cf_status measure_rivals(struct cf_bench *bench, int seconds, struct rivals *ret_rivals,
                                     struct cf_fault *reterr_fault)
{
    char directory[PATH_MAX], run[64];
    struct cf_cluster *cluster = NULL;
    struct cf_pg *pg = NULL;
    snprintf(directory, sizeof directory, "%s/pg", bench->directory);
    snprintf(run, sizeof run, "/tmp/coffer-bench-XXXXXX");
    /* Run as root, the server is the user postgres, who has to come through. */
    if (mkdtemp(run) == NULL || chmod(run, 0711) != 0 || chmod(bench->directory, 0711) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot make a run directory");
    const struct cf_cluster_options options = {.directory = directory, .run_directory = run};
    enum cf_status status = cf_cluster_start(&options, &cluster, reterr_fault);
    const char *dsn = status == CF_OK ? cf_cluster_dsn(cluster) : NULL;
    if (status == CF_OK)
        status = cf_pg_open(dsn, &pg, reterr_fault);
    if (status == CF_OK)
        status = cf_pg_script(pg, tables, reterr_fault);
    if (status == CF_OK)
        status = pgbench(dsn, bench->directory, insert_and_update, seconds,
                         &ret_rivals->insert_and_update, reterr_fault);
    if (status == CF_OK)
        status = pgbench(dsn, bench->directory, insert_only, seconds, &ret_rivals->insert_only,
                         reterr_fault);
    cf_pg_close(pg);
    cf_cluster_stop(cluster);
    snprintf(directory, sizeof directory, "%s/pg", run);
    rmdir(directory);
    rmdir(run);
    return status;
}

/* -- Ours ----------------------------------------------------------------------------------- */

static enum cf_status hot(struct cf_bench *bench, struct cf_load *load, uint32_t in_flight,
                          uint64_t pledges, const struct rivals *rivals, double *ret_rate,
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
    struct rivals rivals;
    double rate_64, rate_512;
    int64_t elapsed_ns, p99_ns;
    CF_TRY(measure_rivals(bench, sizes->pgbench_s, &rivals, reterr_fault));
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
