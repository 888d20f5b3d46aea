/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/gateway.h"

#include "commands/gateway/stripe.h"
#include "eventstore/sodium.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

static void stop_gateway(void *context)
{
    cf_gateway_stop(context);
}

static enum cf_exit run(struct cf_process *process, struct cf_payment_port *port,
                        const char *return_url)
{
    struct cf_data_dir_url writer = cf_data_dir_socket(&process->dir, "writer");
    struct cf_data_dir_url range = cf_data_dir_socket(&process->dir, "range");
    struct cf_data_dir_url head = cf_data_dir_socket(&process->dir, "head");
    const struct cf_gateway_options options = {.writer_url = writer.text,
                                               .range_url = range.text,
                                               .head_url = head.text,
                                               .port = port,
                                               .return_url = return_url};
    struct cf_gateway *gateway = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_gateway_open(&options, &gateway, &fault);
    if (status == CF_OK)
        status = cf_process_on_stop(process, stop_gateway, gateway, &fault);
    if (status == CF_OK)
        status = cf_process_ready(process, &fault);
    if (status == CF_OK)
        status = cf_gateway_run(gateway, &fault);
    cf_process_end(process);
    cf_payment_port_close(port); /* its callbacks have come before the gateway goes */
    cf_gateway_close(gateway);
    return status == CF_OK ? CF_EXIT_GOOD : cf_cli_fail("gateway", &fault);
}

/* The gateway as a process: performs what the ledger asks of the payment provider. */
int cf_cli_gateway(int argc, char **argv)
{
    const char *data = NULL, *key = NULL, *url = NULL, *ca_file = NULL, *return_url = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("stripe-key", &key, "KEY", "the provider's secret key"),
        CF_OPTION_TEXT("stripe-url", &url, "URL", "another host that speaks Stripe"),
        CF_OPTION_TEXT("stripe-ca", &ca_file, "FILE", "certificates to trust for it"),
        CF_OPTION_TEXT("return-url", &return_url, "URL", "where browsers go from their bank"),
    };
    const struct cf_usage usage = {"gateway", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    if (key == NULL)
        return cf_cli_usage("gateway", "a provider's key is wanted: --stripe-key");

    struct cf_process process;
    struct cf_fault fault = {0};
    struct cf_payment_port *port = NULL;
    cf_sodium_init();
    const struct cf_stripe_options stripe = {
        .base_url = url == NULL ? "https://api.stripe.com" : url,
        .secret_key = key,
        .ca_file = ca_file,
        .endpoint_limit = url == NULL ? CF_STRIPE_ENDPOINT_LIMIT : 0,
        .global_limit = url == NULL ? CF_STRIPE_GLOBAL_LIMIT : 0,
    };
    if (cf_process_begin(&process, "gateway", data, &fault) != CF_OK ||
        cf_stripe_open(&stripe, &port, &fault) != CF_OK)
        return cf_cli_fail("gateway", &fault);
    return run(&process, port, return_url);
}
