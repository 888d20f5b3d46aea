/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper as a process: it waits for the writer, applies the log, then serves until it is
 * stopped. */
#include "eventstore/keeper.h"
#include "eventstore/keeper_range.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>
#include <time.h>

static int64_t real_time_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void report(const struct cf_fault *fault)
{
    fprintf(stderr, "coffer keeper: %s: %s %s\n", cf_status_name(fault->status), fault->text,
            fault->detail);
}

static void stop_keeper(void *context)
{
    cf_keeper_stop(context);
}

static void say_ready(void *context)
{
    struct cf_fault fault = {0};
    if (cf_process_ready(context, &fault) != CF_OK)
        report(&fault);
}

/* Opens the keeper over a range client and runs it. */
static enum cf_status run(struct cf_process *process, struct cf_range_client *client,
                          struct cf_fault *reterr_fault)
{
    struct cf_keeper_range range = {.client = client};
    struct cf_data_dir_path vault = cf_data_dir_path(&process->dir, "vault");
    struct cf_data_dir_path master_key = cf_data_dir_path(&process->dir, "keys/vault");
    struct cf_data_dir_url url = cf_data_dir_socket(&process->dir, "keeper");
    const struct cf_keeper_options options = {
        .vault_directory = vault.text,
        .master_key_path = master_key.text,
        .url = url.text,
        .log = cf_keeper_range_log(&range),
        .now_us = real_time_us,
        .report = report,
    };
    CF_TRY(cf_data_dir_make(&process->dir, "keys", reterr_fault));
    struct cf_keeper *keeper;
    CF_TRY(cf_keeper_open(&options, &keeper, reterr_fault));
    enum cf_status status = cf_process_on_stop(process, stop_keeper, keeper, reterr_fault);
    if (status == CF_OK)
        status = cf_keeper_run(keeper, say_ready, process, reterr_fault);
    cf_process_end(process);
    cf_keeper_close(keeper);
    cf_keeper_range_clean_up(&range);
    return status;
}

int cf_cli_keeper(int argc, char **argv)
{
    const char *data = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
    };
    const struct cf_usage usage = {"keeper", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;

    cf_sodium_init();
    struct cf_process process;
    struct cf_fault fault = {0};
    if (cf_process_begin(&process, "keeper", data, &fault) != CF_OK)
        return cf_cli_fail("keeper", &fault);
    struct cf_data_dir_url range_url = cf_data_dir_socket(&process.dir, "range");
    struct cf_range_client *client;
    if (cf_range_client_open(range_url.text, NULL, &client, &fault) != CF_OK)
        return cf_cli_fail("keeper", &fault);
    enum cf_status status = run(&process, client, &fault);
    cf_range_client_close(client);
    return status == CF_OK ? CF_EXIT_GOOD : (int)cf_cli_fail("keeper", &fault);
}
