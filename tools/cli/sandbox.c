/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sandbox/sandbox.h"

#include "core/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/listen.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"
#include "tools/cli/sandbox_url.h"

#include <stdio.h>
#include <string.h>

/* The payment sandbox as a process: prints where it listens. */
int cf_cli_sandbox(int argc, char **argv)
{
    const char *data = NULL, *listen_text = "127.0.0.1:0", *public_url = NULL;
    const char *webhook_url = NULL, *webhook_secret = NULL, *webhook_events = NULL;
    const char *clock = "real", *genesis = "2026-01-01T00:00:00Z";
    int64_t clock_from_us = 0;
    bool in_order = false;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("sandbox-listen", &listen_text, "ADDRESS:PORT", "where it listens"),
        CF_OPTION_TEXT("sandbox-url", &public_url, "URL", "where browsers reach it"),
        CF_OPTION_TEXT("webhook-url", &webhook_url, "URL", "where its webhooks go"),
        CF_OPTION_TEXT("webhook-secret", &webhook_secret, "SECRET", "what they are signed with"),
        CF_OPTION_TEXT("webhook-events", &webhook_events, "TYPES", "by commas; all unless given"),
        CF_OPTION_TEXT("clock", &clock, "KIND", "of a new sandbox: real or simulated"),
        CF_OPTION_TEXT("genesis", &genesis, "TIME", "where a simulated clock begins"),
        CF_OPTION_FLAG("in-order", &in_order,
                       "what is due waits until coffer clock asks for it, one thing at a time"),
    };
    const struct cf_usage usage = {"sandbox", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    if ((webhook_url == NULL) != (webhook_secret == NULL))
        return cf_cli_usage("sandbox", "--webhook-url and --webhook-secret belong together");

    if (strcmp(clock, "simulated") == 0 &&
        cf_time_parse(cf_bytes_from_text(genesis), &clock_from_us) != CF_OK)
        return cf_cli_usage("sandbox", "no time to begin at: %s", genesis);

    struct cf_process process;
    struct cf_listen listen;
    struct cf_fault fault = {0};
    struct cf_sandbox *sandbox = NULL;
    if (cf_listen_parse(listen_text, &listen, &fault) != CF_OK ||
        cf_process_begin(&process, "sandbox", data, &fault) != CF_OK)
        return cf_cli_fail("sandbox", &fault);
    struct cf_data_dir_path directory = cf_data_dir_path(&process.dir, "sandbox");
    const struct cf_sandbox_options sandbox_options = {.directory = directory.text,
                                                       .address = listen.address,
                                                       .port = listen.port,
                                                       .public_url = public_url,
                                                       .webhook_url = webhook_url,
                                                       .webhook_secret = webhook_secret,
                                                       .webhook_events = webhook_events,
                                                       .clock_from_s = clock_from_us / CF_SECOND_US,
                                                       .in_order = in_order};
    if (cf_sandbox_open(&sandbox_options, &sandbox, &fault) != CF_OK)
        return cf_cli_fail("sandbox", &fault);
    enum cf_exit result = CF_EXIT_GOOD;
    char url[CF_SANDBOX_URL_SIZE];
    snprintf(url, sizeof url, "http://%s:%u", listen.address, cf_sandbox_port(sandbox));
    printf("coffer sandbox: %s\n", url);
    fflush(stdout);
    if (cf_sandbox_url_write(&process.dir, url, &fault) == CF_OK &&
        cf_process_ready(&process, &fault) == CF_OK)
        cf_process_wait(&process, 0);
    else
        result = cf_cli_fail("sandbox", &fault);
    cf_process_end(&process);
    cf_sandbox_close(sandbox);
    return result;
}
