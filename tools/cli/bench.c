/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/figure.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static void print_benches(void)
{
    printf("benches:\n");
    for (const struct cf_bench_row *row = cf_benches; row->name != NULL; row++)
        printf("  %-14s %s\n", row->name, row->summary);
}

static const struct cf_bench_row *find(const char *name)
{
    for (const struct cf_bench_row *row = cf_benches; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

/* Runs one bench in a fresh directory below `parent`, which it removes again. */
static enum cf_exit run(const struct cf_bench_row *row, const char *parent, struct cf_bench *bench)
{
    char directory[PATH_MAX];
    int size = snprintf(directory, sizeof directory, "%s/coffer-bench-XXXXXX", parent);
    if (size >= (int)sizeof directory || mkdtemp(directory) == NULL)
        return cf_cli_usage("bench", "cannot make a directory in %s: %s", parent, strerror(errno));
    bench->directory = directory;
    struct cf_fault fault = {0};
    enum cf_status status = row->run(bench, &fault);
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    if (status != CF_OK) {
        fault.status = status;
        return cf_cli_fail("bench", &fault);
    }
    return CF_EXIT_GOOD;
}

int cf_cli_bench(int argc, char **argv)
{
    struct cf_bench bench = {0};
    /* Not /tmp: where that is memory, a sync costs nothing and the figure means nothing. */
    const char *parent = "/var/tmp";
    const struct cf_option options[] = {
        CF_OPTION_FLAG("json", &bench.json, "one JSON object a line"),
        CF_OPTION_FLAG("quick", &bench.quick, "under a minute"),
        CF_OPTION_TEXT("only", &bench.only, "NAME", "only the figures whose names begin so"),
        CF_OPTION_TEXT("bench-dir", &parent, "DIR", "a directory on the disk to measure"),
    };
    const struct cf_usage usage = {"bench NAME", options, sizeof options / sizeof options[0], 0, 1};
    const char *name = NULL;
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, &name, &stop)) {
        if (stop == CF_EXIT_GOOD)
            print_benches();
        return stop;
    }
    if (name == NULL) {
        print_benches();
        return CF_EXIT_USAGE;
    }
    const struct cf_bench_row *row = find(name);
    if (row == NULL)
        return cf_cli_usage("bench", "there is no bench \"%s\"", name);
    return run(row, parent, &bench);
}
