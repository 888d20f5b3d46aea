/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/projector.h"

#include "projections/services_keeper.h"
#include "projections/source_range.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>

/* Everything that the process opens, and closes again. */
struct projecting {
    struct cf_process process;
    struct cf_source_range *range;
    struct cf_services_keeper *keeper;
    struct cf_projector *projector;
};

static void say(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "coffer projector: %s\n", line);
}

static void be_ready(void *context)
{
    struct projecting *projecting = context;
    struct cf_fault fault = {0};
    if (cf_process_ready(&projecting->process, &fault) != CF_OK)
        say(NULL, fault.text);
}

static void stop(void *context)
{
    struct projecting *projecting = context;
    cf_projector_stop(projecting->projector);
    cf_source_range_interrupt(projecting->range);
}

static enum cf_status run(struct projecting *projecting, const char *data, const char *dsn,
                          struct cf_fault *reterr_fault)
{
    CF_TRY(cf_process_begin(&projecting->process, "projector", data, reterr_fault));
    const struct cf_data_dir *dir = &projecting->process.dir;
    CF_TRY(cf_source_range_open(cf_data_dir_socket(dir, "range").text,
                                cf_data_dir_socket(dir, "head").text, &projecting->range,
                                reterr_fault));
    CF_TRY(cf_services_keeper_open(cf_data_dir_socket(dir, "keeper").text, &projecting->keeper,
                                   reterr_fault));
    struct cf_data_dir_url changes = cf_data_dir_socket(dir, "changes");
    struct cf_projector_options options = {
        .dsn = dsn,
        .source = cf_source_range_source(projecting->range),
        .feed_url = changes.text,
        .services = cf_services_keeper_services(projecting->keeper),
        .say = say,
        .ready = be_ready,
        .ready_context = projecting,
    };
    CF_TRY(cf_projector_new(&options, &projecting->projector, reterr_fault));
    CF_TRY(cf_process_on_stop(&projecting->process, stop, projecting, reterr_fault));
    return cf_projector_run(projecting->projector, reterr_fault);
}

int cf_cli_projector(int argc, char **argv)
{
    const char *data = NULL, *dsn = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("pg", &dsn, "DSN", "the PostgreSQL that holds the read models"),
    };
    const struct cf_usage usage = {"projector", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit exit_now;
    if (!cf_options_read(&usage, argc, argv, NULL, &exit_now))
        return exit_now;
    if (dsn == NULL) {
        say(NULL, "name the PostgreSQL with --pg or COFFER_PG");
        return CF_EXIT_USAGE;
    }
    static struct projecting projecting;
    struct cf_fault fault = {0};
    enum cf_status status = run(&projecting, data, dsn, &fault);
    cf_projector_destroy(projecting.projector);
    cf_process_end(&projecting.process);
    cf_source_range_close(projecting.range);
    cf_services_keeper_close(projecting.keeper);
    return status == CF_OK ? CF_EXIT_GOOD : cf_cli_fail("projector", &fault);
}
