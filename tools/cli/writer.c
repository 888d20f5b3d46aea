/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/writer.h"
#include "core/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>
#include <string.h>

static void stop_writer(void *context)
{
    cf_writer_stop(context);
}

/* The kind of clock, and where a simulated one begins. */
static enum cf_status read_clock(const char *clock, const char *genesis,
                                 struct cf_writer_options *options, struct cf_fault *reterr_fault)
{
    options->clock = CF_CLOCK_REAL;
    if (strcmp(clock, "real") == 0)
        return CF_OK;
    if (strcmp(clock, "simulated") != 0)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a clock is real or simulated", "%s", clock);
    options->clock = CF_CLOCK_SIMULATED;
    if (cf_time_parse(cf_bytes_from_text(genesis), &options->genesis_us) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "no time to begin at", "%s", genesis);
    return CF_OK;
}

static enum cf_exit run(struct cf_process *process, const struct cf_writer_options *options)
{
    CF_CLEANUP(cf_scope_cf_writer_close) struct cf_writer *writer = NULL;
    struct cf_fault fault = {0};
    if (cf_writer_open(options, &writer, &fault) != CF_OK ||
        cf_process_on_stop(process, stop_writer, writer, &fault) != CF_OK ||
        cf_process_ready(process, &fault) != CF_OK)
        return cf_cli_fail("writer", &fault);
    enum cf_status status = cf_writer_run(writer, &fault);
    cf_process_end(process);
    return status == CF_OK ? CF_EXIT_GOOD : cf_cli_fail("writer", &fault);
}

/* The one writer of a ledger, as a process. */
int cf_cli_writer(int argc, char **argv)
{
    const char *data = NULL;
    const char *origin = NULL;
    const char *clock = "real";
    const char *genesis = "2026-01-01T00:00:00Z";
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("origin", &origin, "NAME", "the name of a new ledger"),
        CF_OPTION_TEXT("clock", &clock, "KIND", "of a new ledger: real or simulated"),
        CF_OPTION_TEXT("genesis", &genesis, "TIME", "where a simulated clock begins"),
    };
    const struct cf_usage usage = {"writer", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;

    struct cf_process process;
    struct cf_fault fault = {0};
    struct cf_writer_options writer = {.origin = origin};
    if (read_clock(clock, genesis, &writer, &fault) != CF_OK)
        return cf_cli_fail("writer", &fault);
    if (cf_process_begin(&process, "writer", data, &fault) != CF_OK)
        return cf_cli_fail("writer", &fault);
    writer.dir = &process.dir;
    return run(&process, &writer);
}
