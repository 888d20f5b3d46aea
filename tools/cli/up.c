/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything on one machine. What can be wrong is looked at before anything starts, so that it is
 * said once and plainly; then each process is this same program with its subcommand.
 */
#include "projections/pg.h"
#include "tools/claim.h"
#include "tools/cli/cli.h"
#include "tools/cli/listen.h"
#include "tools/cli/options.h"
#include "tools/plan.h"
#include "tools/sample/logins.h"

#include <stdio.h>

#define READY_TIMEOUT_MS 60000

struct up {
    struct cf_data_dir dir;
    struct cf_listen listen;
    struct cf_plan_options options;
    struct cf_plan plan;
};

/* A server of one's own must be there, and let us in. */
static enum cf_status check_postgres(const char *dsn, struct cf_fault *reterr_fault)
{
    struct cf_pg *pg = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_pg_open(dsn, &pg, &fault);
    if (status != CF_OK)
        CF_FAIL_ON(reterr_fault, status,
                   "cannot use the PostgreSQL of --pg; mend the DSN, or leave it out for a private "
                   "server",
                   "%s", fault.detail);
    cf_pg_close(pg);
    return CF_OK;
}

static void print_logins(const struct up *up)
{
    struct cf_logins logins;
    struct cf_fault fault = {0};
    if (cf_logins_open(&up->dir, &logins, &fault) != CF_OK) {
        cf_cli_fail("up", &fault);
        return;
    }
    printf("\n  sample logins\n");
    for (int i = 0; i < CF_LOGIN_COUNT; i++)
        printf("  %-11s %-24s %s\n", cf_role_name(logins.rows[i].role), logins.rows[i].email,
               logins.rows[i].password);
}

static void print_welcome(void *context)
{
    const struct up *up = context;
    printf("\nCoffer runs at %s\n  data in %s\n", up->plan.api_url, up->dir.path);
    if (up->options.stripe_key == NULL)
        print_logins(up);
    printf("\nCtrl-C stops it.\n");
    fflush(stdout);
}

static enum cf_status prepare(struct up *up, const char *data, const char *listen,
                              struct cf_fault *reterr_fault)
{
    int own;
    CF_TRY(cf_listen_parse(listen, &up->listen, reterr_fault));
    CF_TRY(cf_listen_check(&up->listen, reterr_fault));
    CF_TRY(cf_data_dir_open(data, &up->dir, reterr_fault));
    CF_TRY(cf_claim(&up->dir, &own, reterr_fault));
    if (up->options.pg != NULL)
        CF_TRY(check_postgres(up->options.pg, reterr_fault));
    up->options.dir = &up->dir;
    up->options.listen = &up->listen;
    return cf_plan_make(&up->options, &up->plan, reterr_fault);
}

int cf_cli_up(int argc, char **argv)
{
    static struct up up = {.options.sample_interval_ms = "1500"};
    const char *data = NULL, *listen = "127.0.0.1:8080";
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "where everything is kept"),
        CF_OPTION_TEXT("listen", &listen, "WHERE", "ADDRESS:PORT of the pages and the API"),
        CF_OPTION_TEXT("pg", &up.options.pg, "DSN", "a PostgreSQL of your own"),
        CF_OPTION_TEXT("stripe-key", &up.options.stripe_key, "KEY", "a real provider account"),
        CF_OPTION_TEXT("witness-policy", &up.options.witness_policy, "FILE",
                       "who cosigns checkpoints, and which of them are enough"),
        CF_OPTION_TEXT("without", &up.options.without, "NAME[,NAME]",
                       "processes that run elsewhere, or not at all"),
        CF_OPTION_FLAG("no-samples", &up.options.no_samples, "no sample campaigns and pledges"),
        CF_OPTION_TEXT("sample-interval", &up.options.sample_interval_ms, "MS",
                       "between sample pledges"),
    };
    const struct cf_usage usage = {"up", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    struct cf_fault fault = {0};
    if (prepare(&up, data, listen, &fault) != CF_OK)
        return cf_cli_fail("up", &fault);
    const struct cf_supervise_options supervision = {.children = up.plan.children,
                                                     .child_count = up.plan.child_count,
                                                     .ready_timeout_ms = READY_TIMEOUT_MS,
                                                     .ready = print_welcome,
                                                     .context = &up};
    int child_exit = 0;
    enum cf_status status = cf_supervise(&supervision, &child_exit, &fault);
    if (status == CF_OK)
        return CF_EXIT_GOOD;
    int own_exit = cf_cli_fail("up", &fault);
    return child_exit > 0 && child_exit < 128 ? child_exit : own_exit;
}
