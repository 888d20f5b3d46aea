/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "eventstore/sodium.h"
#include "tools/cli/cli.h"
#include "tools/cli/listen.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>
#include <string.h>

#define SECRETS_MAX 8
#define LOGINS_PER_MINUTE_USUAL 120

/* Splits "new,old" in place; the list ends with NULL. */
static void split_secrets(char *text, const char *ret_secrets[SECRETS_MAX + 1])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *secret = strtok_r(text, ",", &rest); secret != NULL && count < SECRETS_MAX;
         secret = strtok_r(NULL, ",", &rest))
        ret_secrets[count++] = secret;
    ret_secrets[count] = NULL;
}

static enum cf_exit run(struct cf_process *process, struct cf_api_options *options)
{
    struct cf_data_dir_url writer = cf_data_dir_socket(&process->dir, "writer");
    struct cf_data_dir_url range = cf_data_dir_socket(&process->dir, "range");
    struct cf_data_dir_url head = cf_data_dir_socket(&process->dir, "head");
    struct cf_data_dir_url keeper = cf_data_dir_socket(&process->dir, "keeper");
    struct cf_data_dir_url changes = cf_data_dir_socket(&process->dir, "changes");
    struct cf_data_dir_url gateway = cf_data_dir_socket(&process->dir, "gateway");
    options->writer_url = writer.text;
    options->range_url = range.text;
    options->head_url = head.text;
    options->keeper_url = keeper.text;
    options->changes_url = changes.text;
    options->gateway_url = gateway.text;

    struct cf_fault fault = {0};
    struct cf_api *api = NULL;
    if (cf_api_open(options, &api, &fault) != CF_OK)
        return cf_cli_fail("api", &fault);
    enum cf_exit result = CF_EXIT_GOOD;
    printf("coffer api: http://%s:%u\n", options->address, cf_api_port(api));
    fflush(stdout);
    if (cf_process_ready(process, &fault) == CF_OK)
        cf_process_wait(process, 0);
    else
        result = cf_cli_fail("api", &fault);
    cf_process_end(process);
    cf_api_close(api);
    return result;
}

/* The API and the pages, as a process. */
int cf_cli_api(int argc, char **argv)
{
    const char *data = NULL, *listen_text = "127.0.0.1:8080", *pg = NULL, *secrets_text = NULL;
    const char *card_form = NULL;
    int64_t logins_per_minute = LOGINS_PER_MINUTE_USUAL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("listen", &listen_text, "ADDRESS:PORT", "where it listens"),
        CF_OPTION_TEXT("pg", &pg, "DSN", "the PostgreSQL that holds the read models"),
        CF_OPTION_TEXT("webhook-secret", &secrets_text, "SECRET[,OLD]",
                       "what the payment provider signs its notices with"),
        CF_OPTION_TEXT("card-form", &card_form, "URL", "the provider's page where a card is given"),
        CF_OPTION_NUMBER("logins-per-minute", &logins_per_minute, 1, 1000000,
                         "logins and registrations from one network"),
    };
    const struct cf_usage usage = {"api", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    if (pg == NULL)
        return cf_cli_usage("api", "name the PostgreSQL with --pg or COFFER_PG");

    cf_sodium_init();
    struct cf_process process;
    struct cf_listen listen;
    struct cf_fault fault = {0};
    if (cf_listen_parse(listen_text, &listen, &fault) != CF_OK ||
        cf_process_begin(&process, "api", data, &fault) != CF_OK)
        return cf_cli_fail("api", &fault);
    char secrets_copy[1024];
    snprintf(secrets_copy, sizeof secrets_copy, "%s", secrets_text == NULL ? "" : secrets_text);
    const char *secrets[SECRETS_MAX + 1];
    split_secrets(secrets_copy, secrets);
    return run(&process,
               &(struct cf_api_options){.address = listen.address,
                                        .port = listen.port,
                                        .card_form_url = card_form,
                                        .pg = pg,
                                        .webhook_secrets = secrets,
                                        .logins_per_minute = (uint32_t)logins_per_minute});
}
