/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/rivals.h"

#include "projections/cluster.h"
#include "projections/pg.h"
#include "tools/bench/program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    char script_path[PATH_MAX], output_path[PATH_MAX], line[256], seconds_text[16];
    snprintf(script_path, sizeof script_path, "%s/pgbench.sql", directory);
    snprintf(output_path, sizeof output_path, "%s/pgbench.txt", directory);
    snprintf(seconds_text, sizeof seconds_text, "%d", seconds);
    FILE *file = fopen(script_path, "we");
    if (file == NULL || fputs(script, file) < 0 || fclose(file) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot write pgbench's script");
    const char *const argv[] = {"pgbench", "-n", "-M",         "prepared", "-c",        "64", "-j",
                                "2",       "-T", seconds_text, "-f",       script_path, dsn,  NULL};
    CF_TRY(cf_bench_program(argv, output_path, reterr_fault));
    FILE *output = fopen(output_path, "re");
    *ret_tps = 0;
    while (output != NULL && fgets(line, sizeof line, output) != NULL)
        sscanf(line, "tps = %lf", ret_tps);
    if (output != NULL)
        fclose(output);
    if (*ret_tps <= 0)
        CF_FAIL(reterr_fault, CF_IO, "pgbench said nothing");
    return CF_OK;
}

enum cf_status cf_rivals_measure(struct cf_bench *bench, int seconds, struct cf_rivals *ret_rivals,
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
