/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider.charges: create-and-confirm through the real adapter against the sandbox, both in this
 * process, over loopback and without limits; beside it, the cheapest request that there is. Then
 * the same with the provider's published limits on both sides: how much of what they allow is used, and how many
 * calls the sandbox counted in its busiest second. One call above the limits ends the bench.
 */
#include "commands/gateway/http_client.h"
#include "commands/gateway/stripe.h"
#include "core/base/scope.h"
#include "core/json_value.h"
#include "eventstore/sodium.h"
#include "tools/bench/figure.h"
#include "tools/sandbox/sandbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define IN_FLIGHT 64

/* Calls being made: so many at once, until all are answered. */
struct run {
    struct cf_payment_port *port;
    struct cf_port_request request;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t under_way, failed;
    char customer[CF_PORT_NAME_SIZE];
    char reason[160];
};

static void on_done(void *context, const struct cf_port_result *result, struct cf_bytes body)
{
    (void)body;
    struct run *run = context;
    pthread_mutex_lock(&run->mutex);
    if (result->outcome != CF_PORT_DONE) {
        run->failed++;
        snprintf(run->reason, sizeof run->reason, "%s", result->reason);
    } else if (run->customer[0] == '\0') {
        snprintf(run->customer, sizeof run->customer, "%s", result->id);
    }
    run->under_way--;
    pthread_cond_signal(&run->changed);
    pthread_mutex_unlock(&run->mutex);
}

/* Calls a second. */
static enum cf_status measure(struct run *run, int64_t count, double *ret_rate,
                              struct cf_fault *reterr_fault)
{
    static _Atomic uint64_t key;
    int64_t began_ns = cf_bench_now_ns();
    for (int64_t i = 0; i < count; i++) {
        pthread_mutex_lock(&run->mutex);
        while (run->under_way >= IN_FLIGHT)
            pthread_cond_wait(&run->changed, &run->mutex);
        run->under_way++;
        pthread_mutex_unlock(&run->mutex);
        snprintf(run->request.key, sizeof run->request.key, "bench-%llu",
                 (unsigned long long)atomic_fetch_add(&key, 1));
        CF_TRY(cf_payment_port_submit(run->port, &run->request, on_done, run));
    }
    pthread_mutex_lock(&run->mutex);
    while (run->under_way > 0)
        pthread_cond_wait(&run->changed, &run->mutex);
    pthread_mutex_unlock(&run->mutex);
    *ret_rate = cf_bench_rate(count, cf_bench_now_ns() - began_ns);
    if (run->failed > 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "calls failed", "%lld: %s", (long long)run->failed,
                   run->reason);
    return CF_OK;
}

static enum cf_status open_port(const struct cf_sandbox *sandbox, bool limited,
                                struct cf_payment_port **ret_port, struct cf_fault *reterr_fault)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", cf_sandbox_port(sandbox));
    const struct cf_stripe_options options = {
        .base_url = url,
        .secret_key = "sk_test_bench",
        .in_flight_max = IN_FLIGHT,
        .endpoint_limit = limited ? CF_STRIPE_ENDPOINT_LIMIT : 0,
        .global_limit = limited ? CF_STRIPE_GLOBAL_LIMIT : 0,
    };
    return cf_stripe_open(&options, ret_port, reterr_fault);
}

/* Asks the sandbox for one of its controls; the answer, owned by the caller. */
static enum cf_status control(const struct cf_sandbox *sandbox, const char *method,
                              const char *path, const char *body, struct cf_json **ret_answer,
                              struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_http_client_close) struct cf_http_client *client = NULL;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf answer;
    const struct cf_http_client_options options = {.in_flight_max = 1};
    char url[96];
    long status;
    cf_buf_init(&answer, 1 << 16);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", cf_sandbox_port(sandbox), path);
    const struct cf_http_call call = {
        .method = method, .url = url, .body = cf_bytes_from_text(body)};
    CF_TRY(cf_http_client_open(&options, &client, reterr_fault));
    CF_TRY(cf_http_client_perform(client, &call, &status, &answer, reterr_fault));
    return cf_json_parse(cf_buf_bytes(&answer), ret_answer, reterr_fault);
}

/* Makes the sandbox keep to the published limits, from now on. */
static enum cf_status set_limits(const struct cf_sandbox *sandbox, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    char limits[64];
    snprintf(limits, sizeof limits, "per_endpoint=%d&global=%d", CF_STRIPE_ENDPOINT_LIMIT,
             CF_STRIPE_GLOBAL_LIMIT);
    return control(sandbox, "POST", "/_sandbox/limits", limits, &answer, reterr_fault);
}

/* What the sandbox counted since then; a call that it had to turn away is a failure. */
static enum cf_status report_busiest(struct cf_bench *bench, const struct cf_sandbox *sandbox,
                                     struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *traffic = NULL;
    CF_TRY(control(sandbox, "GET", "/_sandbox/traffic", "", &traffic, reterr_fault));
    int64_t busiest = cf_json_integer_at(traffic, "busiest_endpoint_second", 0);
    cf_figure_report(bench, &(struct cf_figure){.name = "provider.charges.busiest_second",
                                                .value = (double)busiest,
                                                .unit = "calls",
                                                .against = "what the provider allows",
                                                .against_value = CF_STRIPE_ENDPOINT_LIMIT});
    if (busiest > CF_STRIPE_ENDPOINT_LIMIT || cf_json_integer_at(traffic, "limited", 1) != 0)
        CF_FAIL(reterr_fault, CF_RANGE, "more calls than the provider allows");
    return CF_OK;
}

static void be_payment(struct run *run)
{
    run->request = (struct cf_port_request){.operation = CF_PORT_PAY,
                                            .currency = CF_CURRENCY_EUR,
                                            .amount = cf_money_of(2500),
                                            .customer = run->customer,
                                            .payment_method = "pm_card_visa",
                                            .off_session = true};
}

static enum cf_status bench(struct cf_bench *bench, const struct cf_sandbox *sandbox,
                            struct run *run, struct cf_fault *reterr_fault)
{
    double cheapest, charges, limited, ignored;
    CF_TRY(open_port(sandbox, false, &run->port, reterr_fault));
    run->request = (struct cf_port_request){.operation = CF_PORT_MAKE_CUSTOMER};
    CF_TRY(measure(run, 1, &ignored, reterr_fault));
    run->request = (struct cf_port_request){.operation = CF_PORT_LOOK, .object = run->customer};
    CF_TRY(measure(run, bench->quick ? 4000 : 20000, &cheapest, reterr_fault));
    be_payment(run);
    CF_TRY(measure(run, bench->quick ? 4000 : 20000, &charges, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "provider.charges",
                                                .value = charges,
                                                .unit = "calls/s",
                                                .against = "GET of a customer",
                                                .against_value = cheapest});
    cf_payment_port_close(CF_TAKE(run->port));

    CF_TRY(set_limits(sandbox, reterr_fault));
    CF_TRY(open_port(sandbox, true, &run->port, reterr_fault));
    CF_TRY(measure(run, 1, &ignored, reterr_fault));
    CF_TRY(measure(run, bench->quick ? 250 : 1000, &limited, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "provider.charges.limited",
                                                .value = limited,
                                                .unit = "calls/s",
                                                .against = "what the provider allows",
                                                .against_value = CF_STRIPE_ENDPOINT_LIMIT});
    return report_busiest(bench, sandbox, reterr_fault);
}

enum cf_status cf_bench_provider(struct cf_bench *bench_, struct cf_fault *reterr_fault)
{
    struct cf_sandbox *sandbox = NULL;
    const struct cf_sandbox_options options = {.directory = bench_->directory,
                                               .address = "127.0.0.1"};
    cf_sodium_init();
    CF_TRY(cf_sandbox_open(&options, &sandbox, reterr_fault));
    struct run run = {0};
    pthread_mutex_init(&run.mutex, NULL);
    pthread_cond_init(&run.changed, NULL);
    enum cf_status status = bench(bench_, sandbox, &run, reterr_fault);
    cf_payment_port_close(run.port);
    cf_sandbox_close(sandbox);
    pthread_cond_destroy(&run.changed);
    pthread_mutex_destroy(&run.mutex);
    return status;
}
