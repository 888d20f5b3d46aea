/* SPDX-License-Identifier: Apache-2.0 */
/* The port: takes requests, tells how it fares, opens and closes. What becomes of a request is in stripe_call.c. */
#include "commands/gateway/stripe.h"

#include "commands/gateway/stripe_private.h"
#include "eventstore/sodium.h"

#include <stdio.h>

#define PACE_SHARE 96 /* percent of what is allowed that we use */

static enum cf_status submit(struct cf_payment_port *port, const struct cf_port_request *request,
                             cf_port_done_fn *done, void *context)
{
    struct cf_stripe *stripe = (struct cf_stripe *)port;
    CF_CLEANUP(cf_scope_cf_stripe__call_destroy)
    struct cf_stripe_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return CF_NO_MEMORY;
    call->stripe = stripe;
    call->operation = request->operation;
    call->done = done;
    call->context = context;
    snprintf(call->key, sizeof call->key, "%s", request->key);
    enum cf_status status = cf_stripe_write(request, &call->main);
    if (status == CF_NO_MEMORY)
        return status;
    if (status != CF_OK) { /* what cannot be written can never be done */
        struct cf_port_result result = {.outcome = CF_PORT_REFUSED};
        snprintf(result.reason, sizeof result.reason, "cannot be asked of this provider: %s",
                 cf_status_sentence(status));
        done(context, &result, (struct cf_bytes){0});
        return CF_OK;
    }
    if (request->asked_at_us != 0 && cf_stripe_write_search(request, &call->search) == CF_NO_MEMORY)
        return CF_NO_MEMORY;
    call->searching = call->search.method != NULL &&
                      request->now_us - request->asked_at_us > CF_STRIPE_KEY_TRUSTED_US;
    pthread_mutex_lock(&stripe->mutex);
    bool closing = stripe->closing;
    int64_t ahead_us = request->now_us - cf_stripe__monotonic_us();
    if (request->now_us != 0 && ahead_us > stripe->ledger_ahead_us)
        stripe->ledger_ahead_us = ahead_us;
    if (!closing)
        cf_stripe__enqueue(stripe, CF_TAKE(call));
    pthread_mutex_unlock(&stripe->mutex);
    return closing ? CF_CLOSED : CF_OK;
}

/* How each operation fares; those that were never wanted are left out. Under the mutex. */
static enum cf_status describe_endpoints(const struct cf_stripe *stripe, struct cf_buf *buf)
{
    static const char *const names[CF_PORT_OPERATION_COUNT] = {
        "make_customer", "make_account", "save_card", "pay",     "capture", "void",
        "refund",        "transfer",     "reverse",   "pay_out", "look",    "list_events"};
    uint64_t waiting[CF_PORT_OPERATION_COUNT] = {0};
    const char *comma = "";
    for (const struct cf_stripe_call *call = stripe->waiting; call != NULL; call = call->next)
        waiting[call->operation]++;
    for (size_t i = 0; i < CF_PORT_OPERATION_COUNT; i++) {
        if (stripe->calls_by[i] == 0 && waiting[i] == 0)
            continue;
        CF_TRY(cf_buf_append_format(
            buf,
            "%s{\"operation\":\"%s\",\"calls\":%llu,\"waiting\":%llu,\"rate_per_second\":%lld}",
            comma, names[i], (unsigned long long)stripe->calls_by[i],
            (unsigned long long)waiting[i], (long long)(stripe->pace[i].per_second / 1000)));
        comma = ",";
    }
    return CF_OK;
}

static enum cf_status describe(struct cf_payment_port *port, struct cf_buf *buf)
{
    struct cf_stripe *stripe = (struct cf_stripe *)port;
    pthread_mutex_lock(&stripe->mutex);
    const char *breaker = stripe->breaker.open_until_us == 0 ? "closed"
                          : stripe->breaker.probing          ? "probing"
                                                             : "open";
    enum cf_status status = cf_buf_append_format(
        buf,
        "{\"provider\":\"stripe\",\"breaker\":\"%s\",\"waiting\":%zu,\"in_flight\":%zu,"
        "\"calls\":%llu,\"retries\":%llu,\"limited\":%llu,\"failures\":%llu,"
        "\"rate_per_second\":%lld,\"endpoints\":[",
        breaker, stripe->waiting_count, stripe->flying_count, (unsigned long long)stripe->calls,
        (unsigned long long)stripe->retries, (unsigned long long)stripe->limited,
        (unsigned long long)stripe->failures, (long long)(stripe->pace_global.per_second / 1000));
    if (status == CF_OK)
        status = describe_endpoints(stripe, buf);
    pthread_mutex_unlock(&stripe->mutex);
    CF_TRY(status);
    return cf_buf_append(buf, CF_BYTES_LITERAL("]}"));
}

static void close_port(struct cf_payment_port *port)
{
    struct cf_stripe *stripe = (struct cf_stripe *)port;
    if (stripe->thread_started) {
        pthread_mutex_lock(&stripe->mutex);
        stripe->closing = true;
        pthread_cond_signal(&stripe->changed);
        pthread_mutex_unlock(&stripe->mutex);
        pthread_join(stripe->thread, NULL);
    }
    cf_http_client_close(stripe->client); /* ends what is in flight */
    pthread_cond_destroy(&stripe->changed);
    pthread_mutex_destroy(&stripe->mutex);
    if (stripe->authorization != NULL)
        cf_secret_wipe(stripe->authorization, strlen(stripe->authorization));
    free(stripe->authorization);
    free(stripe->base_url);
    free(stripe);
}

static const struct cf_payment_port_ops ops = {
    .submit = submit, .describe = describe, .close = close_port};

static int64_t our_share(int64_t limit)
{
    return limit * PACE_SHARE / 100;
}

enum cf_status cf_stripe_open(const struct cf_stripe_options *options,
                              struct cf_payment_port **ret_port, struct cf_fault *reterr_fault)
{
    struct cf_stripe *stripe = calloc(1, sizeof *stripe);
    if (stripe == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "a payment port");
    stripe->port.ops = &ops;
    stripe->waiting_end = &stripe->waiting;
    stripe->timeout_ms = options->timeout_ms;
    stripe->try_count_max = options->try_count_max == 0 ? 3 : options->try_count_max;
    stripe->base_url = strdup(options->base_url);
    if (asprintf(&stripe->authorization, "Authorization: Bearer %s", options->secret_key) < 0)
        stripe->authorization = NULL;
    cf_pace_init(&stripe->pace_global, our_share(options->global_limit));
    for (int i = 0; i < CF_PORT_OPERATION_COUNT; i++)
        cf_pace_init(&stripe->pace[i], our_share(options->endpoint_limit));
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&stripe->mutex, NULL);
    pthread_cond_init(&stripe->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    const struct cf_http_client_options client = {.in_flight_max = options->in_flight_max,
                                                  .ca_file = options->ca_file,
                                                  .user_agent = "coffer"};
    enum cf_status status = cf_http_client_open(&client, &stripe->client, reterr_fault);
    if (status == CF_OK && (stripe->base_url == NULL || stripe->authorization == NULL))
        status = cf_fault_set(reterr_fault, CF_NO_MEMORY, __FILE__, __LINE__, "a payment port");
    if (status == CF_OK) {
        stripe->thread_started = pthread_create(&stripe->thread, NULL, cf_stripe__run, stripe) == 0;
        if (!stripe->thread_started)
            status = cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "cannot start a thread");
    }
    if (status != CF_OK) {
        close_port(&stripe->port);
        return status;
    }
    *ret_port = &stripe->port;
    return CF_OK;
}
