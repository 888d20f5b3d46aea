/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/plan.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "eventstore/sodium.h"
#include "projections/cluster.h"
#include "tools/cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_BYTES 24

static enum cf_status set_variable(const char *name, const char *value,
                                   struct cf_fault *reterr_fault)
{
    if (setenv(name, value, 1) != 0)
        CF_FAIL_ON(reterr_fault, CF_NO_MEMORY, "cannot set the environment", "%s", name);
    return CF_OK;
}

/* Whether a list of names with commas between them has this one. */
static bool list_has(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, size) == 0 && (at[size] == ',' || at[size] == '\0'))
            return true;
    }
    return false;
}

/* One more process: this program's subcommand `name`, with further arguments up to a NULL. */
static void add(struct cf_plan *plan, const struct cf_plan_options *options, int stage,
                const char *name, ...)
{
    const struct cf_data_dir *dir = options->dir;
    if (list_has(options->without, name))
        return;
    CF_ASSERT(plan->child_count < CF_PLAN_CHILDREN_MAX);
    size_t child = plan->child_count++;
    const char **arguments = plan->arguments[child];
    size_t count = 0;
    arguments[count++] = plan->program;
    arguments[count++] = name;
    arguments[count++] = "--data";
    arguments[count++] = dir->path;
    va_list more;
    va_start(more, name);
    for (const char *text = va_arg(more, const char *); text != NULL;
         text = va_arg(more, const char *)) {
        CF_ASSERT(count + 1 < CF_PLAN_ARGUMENTS_MAX);
        arguments[count++] = text;
    }
    va_end(more);
    arguments[count] = NULL;
    plan->ready[child] = cf_process_ready_path(dir, name);
    unlink(plan->ready[child].text); /* what a killed one left behind says nothing of the new one */
    plan->children[child] = (struct cf_child){
        .name = name, .argv = arguments, .stage = stage, .socket_path = plan->ready[child].text};
}

static enum cf_status find_program(struct cf_plan *plan, struct cf_fault *reterr_fault)
{
    ssize_t size = readlink("/proc/self/exe", plan->program, sizeof plan->program - 1);
    if (size < 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot find this program's own file");
    plan->program[size] = '\0';
    return CF_OK;
}

/* Where a server that listens there is reached from this machine. */
static void print_url(const struct cf_listen *listen, char *ret_url, size_t size)
{
    const char *address = listen->address;
    if (strcmp(address, "0.0.0.0") == 0)
        address = "127.0.0.1";
    else if (strcmp(address, "::") == 0)
        address = "::1";
    bool six = strchr(address, ':') != NULL;
    snprintf(ret_url, size, "http://%s%s%s:%u", six ? "[" : "", address, six ? "]" : "",
             listen->port);
}

static enum cf_status choose_postgres(const struct cf_plan_options *options, struct cf_plan *plan,
                                      struct cf_fault *reterr_fault)
{
    if (options->pg != NULL)
        return set_variable("COFFER_PG", options->pg, reterr_fault);
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf dsn;
    cf_buf_init(&dsn, 4096);
    struct cf_data_dir_path directory = cf_data_dir_path(options->dir, "pg");
    const struct cf_cluster_options cluster = {.directory = directory.text,
                                               .run_directory = options->dir->run_path};
    CF_TRY(cf_cluster_dsn_of(&cluster, &dsn, reterr_fault));
    CF_TRY(cf_buf_terminate(&dsn));
    add(plan, options, 0, "postgres", NULL);
    return set_variable("COFFER_PG", (const char *)dsn.data, reterr_fault);
}

/* The secret that signs the sandbox's webhooks: made once, kept in keys/. */
static enum cf_status read_secret(const struct cf_data_dir *dir, char ret_secret[64],
                                  struct cf_fault *reterr_fault)
{
    struct cf_data_dir_path path = cf_data_dir_path(dir, "keys/webhook");
    CF_TRY(cf_data_dir_make(dir, "keys", reterr_fault));
    CF_CLEANUP(cf_scope_close) int fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ssize_t size = fd < 0 ? -1 : read(fd, ret_secret, 63);
    if (size < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot read the webhooks' secret", "%s: %s", path.text,
                   strerror(errno));
    ret_secret[size] = '\0';
    if (size > 0)
        return CF_OK;
    uint8_t random[SECRET_BYTES];
    cf_random(random, sizeof random);
    int length = snprintf(ret_secret, 64, "whsec_");
    for (int i = 0; i < SECRET_BYTES; i++)
        length += snprintf(ret_secret + length, 64 - (size_t)length, "%02x", random[i]);
    if (write(fd, ret_secret, (size_t)length) != length)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write the webhooks' secret", "%s", path.text);
    return CF_OK;
}

/* The sandbox listens where it is free, and tells the API its news, signed. */
static enum cf_status choose_provider(const struct cf_plan_options *options, struct cf_plan *plan,
                                      struct cf_fault *reterr_fault)
{
    if (options->stripe_key != NULL)
        return set_variable("COFFER_STRIPE_KEY", options->stripe_key, reterr_fault);
    struct cf_listen sandbox = {.address = "127.0.0.1"};
    char secret[64], card_form[sizeof plan->sandbox_url + sizeof "/_sandbox/card_form"];
    CF_TRY(cf_listen_check(&sandbox, reterr_fault));
    CF_TRY(read_secret(options->dir, secret, reterr_fault));
    print_url(&sandbox, plan->sandbox_url, sizeof plan->sandbox_url);
    snprintf(plan->sandbox_listen, sizeof plan->sandbox_listen, "%s:%u", sandbox.address,
             sandbox.port);
    snprintf(plan->webhook_url, sizeof plan->webhook_url, "%s/api/v1/webhooks/stripe",
             plan->api_url);
    CF_TRY(set_variable("COFFER_WEBHOOK_SECRET", secret, reterr_fault));
    CF_TRY(set_variable("COFFER_STRIPE_KEY", "sk_test_coffer", reterr_fault));
    CF_TRY(set_variable("COFFER_STRIPE_URL", plan->sandbox_url, reterr_fault));
    snprintf(card_form, sizeof card_form, "%s/_sandbox/card_form", plan->sandbox_url);
    CF_TRY(set_variable("COFFER_CARD_FORM", card_form, reterr_fault));
    add(plan, options, 0, "sandbox", "--sandbox-listen", plan->sandbox_listen, "--webhook-url",
        plan->webhook_url, NULL);
    return CF_OK;
}

enum cf_status cf_plan_make(const struct cf_plan_options *options, struct cf_plan *ret_plan,
                            struct cf_fault *reterr_fault)
{
    struct cf_plan *plan = ret_plan;
    *plan = (struct cf_plan){.child_count = 0};
    CF_TRY(find_program(plan, reterr_fault));
    print_url(options->listen, plan->api_url, sizeof plan->api_url);
    CF_TRY(choose_postgres(options, plan, reterr_fault));
    CF_TRY(choose_provider(options, plan, reterr_fault));
    bool six = strchr(options->listen->address, ':') != NULL;
    snprintf(plan->api_listen, sizeof plan->api_listen, six ? "[%s]:%u" : "%s:%u",
             options->listen->address, options->listen->port);
    add(plan, options, 0, "writer", NULL);
    add(plan, options, 1, "keeper", NULL);
    add(plan, options, 1, "projector", NULL);
    if (options->witness_policy != NULL)
        add(plan, options, 1, "cosign", "--witness-policy", options->witness_policy, NULL);
    add(plan, options, 2, "gateway", "--public-url", plan->api_url, NULL);
    add(plan, options, 2, "api", "--listen", plan->api_listen, NULL);
    if (options->stripe_key == NULL && !options->no_people)
        add(plan, options, 3, "sample", "--api", plan->api_url, "--sample-interval",
            options->sample_interval_ms, options->no_samples ? "--no-samples" : NULL, NULL);
    return CF_OK;
}
