/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/cluster.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>

/* The private PostgreSQL as a process like the others: it ends when its server does. */
int cf_cli_postgres(int argc, char **argv)
{
    const char *data = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
    };
    const struct cf_usage usage = {"postgres", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;

    struct cf_process process;
    struct cf_fault fault = {0};
    if (cf_process_begin(&process, "postgres", data, &fault) != CF_OK)
        return cf_cli_fail("postgres", &fault);
    struct cf_data_dir_path directory = cf_data_dir_path(&process.dir, "pg");
    struct cf_cluster *cluster = NULL;
    if (cf_cluster_start(&(struct cf_cluster_options){.directory = directory.text,
                                                      .run_directory = process.dir.run_path},
                         &cluster, &fault) != CF_OK)
        return cf_cli_fail("postgres", &fault);

    enum cf_exit result = CF_EXIT_GOOD;
    if (cf_process_ready(&process, &fault) != CF_OK) {
        result = cf_cli_fail("postgres", &fault);
    } else if (!cf_process_wait(&process, cf_cluster_pid(cluster))) {
        fprintf(stderr, "coffer postgres: the server ended; %s/log says why\n", directory.text);
        result = CF_EXIT_UNREACHABLE;
    }
    cf_process_end(&process);
    cf_cluster_stop(cluster);
    return result;
}
