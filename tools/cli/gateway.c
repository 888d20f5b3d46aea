/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/gateway.h"

#include "commands/gateway/mailer.h"
#include "commands/gateway/stripe.h"
#include "eventstore/sodium.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

static void stop_gateway(void *context)
{
    cf_gateway_stop(context);
}

/* Where letters go, and what they say of us. */
struct mail {
    const char *smtp_url, *smtp_user, *smtp_password, *from, *public_url;
};

static enum cf_status open_mailer(const struct cf_process *process, const struct mail *mail,
                                  struct cf_mailer **ret_mailer, struct cf_fault *reterr_fault)
{
    struct cf_mail_port *port = NULL;
    struct cf_data_dir_path directory = cf_data_dir_path(&process->dir, "mail");
    struct cf_data_dir_url keeper = cf_data_dir_socket(&process->dir, "keeper");
    struct cf_data_dir_url range = cf_data_dir_socket(&process->dir, "range");
    if (mail->smtp_url == NULL)
        CF_TRY(cf_maildir_open(directory.text, &port, reterr_fault));
    else
        CF_TRY(cf_smtp_open(mail->smtp_url, mail->smtp_user, mail->smtp_password, &port,
                            reterr_fault));
    const struct cf_mailer_options options = {.port = port,
                                              .keeper_url = keeper.text,
                                              .range_url = range.text,
                                              .from = mail->from,
                                              .public_url = mail->public_url};
    return cf_mailer_open(&options, ret_mailer, reterr_fault);
}

static enum cf_exit run(struct cf_process *process, struct cf_payment_port *port,
                        struct cf_mailer *mailer, const char *public_url, int64_t poll_s,
                        bool in_order)
{
    struct cf_data_dir_url writer = cf_data_dir_socket(&process->dir, "writer");
    struct cf_data_dir_url range = cf_data_dir_socket(&process->dir, "range");
    struct cf_data_dir_url head = cf_data_dir_socket(&process->dir, "head");
    struct cf_data_dir_url status_socket = cf_data_dir_socket(&process->dir, "gateway");
    const struct cf_gateway_options options = {.writer_url = writer.text,
                                               .range_url = range.text,
                                               .head_url = head.text,
                                               .port = port,
                                               .mailer = mailer,
                                               .public_url = public_url,
                                               .status_url = status_socket.text,
                                               .poll_interval_s = (unsigned)poll_s,
                                               .in_order = in_order};
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
    cf_payment_port_close(port); /* the callbacks of both come before the gateway goes */
    cf_mailer_close(mailer);
    cf_gateway_close(gateway);
    return status == CF_OK ? CF_EXIT_GOOD : cf_cli_fail("gateway", &fault);
}

/* The gateway as a process: performs what the ledger asks of the payment provider. */
int cf_cli_gateway(int argc, char **argv)
{
    const char *data = NULL, *key = NULL, *url = NULL, *ca_file = NULL;
    int64_t poll_s = 60, endpoint_limit = -1, global_limit = -1;
    bool in_order = false;
    struct mail mail = {.from = "coffer@localhost.localdomain",
                        .public_url = "http://127.0.0.1:8080"};
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("stripe-key", &key, "KEY", "the provider's secret key"),
        CF_OPTION_TEXT("stripe-url", &url, "URL", "another host that speaks Stripe"),
        CF_OPTION_TEXT("stripe-ca", &ca_file, "FILE", "certificates to trust for it"),
        CF_OPTION_NUMBER("stripe-endpoint-limit", &endpoint_limit, 0, 100000,
                         "calls a second that it allows an endpoint; 0 any"),
        CF_OPTION_NUMBER("stripe-global-limit", &global_limit, 0, 100000,
                         "calls a second that it allows in all; 0 any"),
        CF_OPTION_NUMBER("poll-s", &poll_s, 0, 86400,
                         "seconds between readings of the provider's own notices; 0 never"),
        CF_OPTION_FLAG("in-order", &in_order,
                       "one request at a time, so that a simulation comes out the same each time"),
        CF_OPTION_TEXT("smtp", &mail.smtp_url, "URL", "a mail server; else letters become files"),
        CF_OPTION_TEXT("smtp-user", &mail.smtp_user, "NAME", "who we are there"),
        CF_OPTION_TEXT("smtp-password", &mail.smtp_password, "WORD", "better in the environment"),
        CF_OPTION_TEXT("mail-from", &mail.from, "ADDRESS", "whom letters come from"),
        CF_OPTION_TEXT("public-url", &mail.public_url, "URL", "where people reach the pages"),
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
    struct cf_mailer *mailer = NULL;
    cf_sodium_init();
    const struct cf_stripe_options stripe = {
        .base_url = url == NULL ? "https://api.stripe.com" : url,
        .secret_key = key,
        .ca_file = ca_file,
        .endpoint_limit = endpoint_limit >= 0 ? endpoint_limit
                          : url == NULL       ? CF_STRIPE_ENDPOINT_LIMIT
                                              : 0,
        .global_limit = global_limit >= 0 ? global_limit
                        : url == NULL     ? CF_STRIPE_GLOBAL_LIMIT
                                          : 0,
    };
    if (cf_process_begin(&process, "gateway", data, &fault) != CF_OK ||
        open_mailer(&process, &mail, &mailer, &fault) != CF_OK ||
        cf_stripe_open(&stripe, &port, &fault) != CF_OK)
        return cf_cli_fail("gateway", &fault);
    return run(&process, port, mailer, mail.public_url, poll_s, in_order);
}
