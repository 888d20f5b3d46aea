/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call is either waiting (for its turn, or for a retry), in the hands of the HTTP client, or
 * over. The thread hands waiting calls over as pace and breaker allow; the client's callback reads
 * the answer and puts the call back in line or ends it.
 */
#include "commands/gateway/stripe.h"

#include "commands/gateway/http_client.h"
#include "commands/gateway/pace.h"
#include "commands/gateway/stripe_form.h"
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/json_value.h"
#include "eventstore/sodium.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define BACKOFF_BASE_US INT64_C(500000)
#define BACKOFF_MAX_US INT64_C(8000000)
#define LIMITED_TRY_COUNT_MAX 30
#define URL_SIZE 2600
#define PACE_SHARE 96 /* percent of what is allowed that we use */
#define FOUND_SIZE_MAX ((size_t)1 << 20)

struct stripe;

struct call {
    struct call *next;
    struct stripe *stripe;
    enum cf_port_operation operation;
    char key[96];
    struct cf_stripe_http main;
    struct cf_stripe_http search; /* finds what `main` made; without a method where nothing does */
    bool searching;               /* the search goes next, or is under way */
    bool mismatched;              /* the provider holds another form of the request under its key */
    unsigned tries, limited_tries;
    int64_t due_us; /* not before */
    cf_port_done_fn *done;
    void *context;
};

struct stripe {
    struct cf_payment_port port; /* first, so that one leads to the other */
    struct cf_http_client *client;
    char *base_url, *authorization;
    long timeout_ms;
    unsigned try_count_max;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool thread_started, closing;
    struct call *waiting, **waiting_end; /* in order; under mutex, as all below */
    size_t waiting_count, flying_count;
    struct cf_pace pace_global, pace[CF_PORT_OPERATION_COUNT];
    struct cf_breaker breaker;
    int64_t ledger_ahead_us; /* of the monotonic clock, as far as requests told */
    uint64_t calls, retries, limited, failures;
    uint64_t calls_by[CF_PORT_OPERATION_COUNT];
};

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The breaker keeps the ledger's time: where that is simulated, an hour's outage passes with it. Under the
 * mutex. */
static int64_t breaker_us(const struct stripe *stripe)
{
    return monotonic_us() + stripe->ledger_ahead_us;
}

static void call_destroy(struct call *call)
{
    if (call == NULL)
        return;
    cf_stripe_http_clean_up(&call->main);
    cf_stripe_http_clean_up(&call->search);
    free(call);
}
CF_SCOPE_DEFINE(struct call *, call_destroy)

static void end(struct call *call, const struct cf_port_result *result, struct cf_bytes body)
{
    call->done(call->context, result, body);
    call_destroy(call);
}

static void end_unavailable(struct call *call, int64_t retry_after_us, const char *reason)
{
    struct cf_port_result result = {.outcome = CF_PORT_UNAVAILABLE,
                                    .retry_after_ms = retry_after_us / 1000};
    snprintf(result.reason, sizeof result.reason, "%s", reason);
    end(call, &result, (struct cf_bytes){0});
}

/* Puts a call in line. Under the mutex. */
static void enqueue(struct stripe *stripe, struct call *call)
{
    call->next = NULL;
    *stripe->waiting_end = call;
    stripe->waiting_end = &call->next;
    stripe->waiting_count++;
    pthread_cond_signal(&stripe->changed);
}

/* Answers. */

/* The same request was written differently before, as when our public URL was another: it was done, or is to be
 * done, in that form. */
static bool is_mismatch(const struct cf_http_result *answer)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    return answer->http_status == 400 && cf_json_parse(answer->body, &json, NULL) == CF_OK &&
           cf_json_is(cf_json_at(json, "error.type"), "idempotency_error");
}

/* The search found what an earlier copy of the request made: that is the answer. */
static bool use_found(struct call *call, const struct cf_http_result *answer)
{
    struct cf_buf found;
    struct cf_port_result result;
    cf_buf_init(&found, FOUND_SIZE_MAX);
    bool any = answer->http_status == 200 && cf_stripe_find(answer->body, call->key, &found);
    if (any)
        cf_stripe_read(call->operation, 200, cf_buf_bytes(&found), &result);
    cf_buf_clean_up(&found);
    if (any)
        end(call, &result, (struct cf_bytes){0});
    return any;
}

/* Whether to try once more: the provider's own word first, then what is known to pass. */
static bool wants_retry(const struct cf_http_result *answer)
{
    struct cf_bytes word;
    if (answer->status != CF_OK)
        return answer->status != CF_CLOSED;
    if (cf_http_result_header(answer, "Stripe-Should-Retry", &word))
        return cf_bytes_equal(word, CF_BYTES_LITERAL("true"));
    return answer->http_status == 409 || answer->http_status == 429 || answer->http_status >= 500;
}

/* Notes how it went. True when the call goes back in line. Under the mutex. */
static bool settle(struct call *call, const struct cf_http_result *answer, int64_t now_us)
{
    struct stripe *stripe = call->stripe;
    bool limited = answer->status == CF_OK && answer->http_status == 429;
    bool reached = answer->status == CF_OK && (answer->http_status < 500 || limited);
    stripe->flying_count--;
    if (answer->status != CF_CLOSED)
        cf_breaker_note(&stripe->breaker, breaker_us(stripe), reached);
    stripe->failures += !reached;
    if (limited) {
        stripe->limited++;
        cf_pace_slow_down(&stripe->pace[call->operation], now_us);
        cf_pace_slow_down(&stripe->pace_global, now_us);
    }
    if (stripe->closing || !wants_retry(answer))
        return false;
    unsigned tries = limited ? ++call->limited_tries : ++call->tries;
    if (tries >= (limited ? LIMITED_TRY_COUNT_MAX : stripe->try_count_max))
        return false;
    uint64_t random;
    cf_random(&random, sizeof random);
    call->due_us = now_us + cf_backoff_us(tries, BACKOFF_BASE_US, BACKOFF_MAX_US, random);
    stripe->retries++;
    return true;
}

/* Back in line at once, with the search or without. */
static void go_on(struct call *call, bool searching)
{
    call->searching = searching;
    pthread_mutex_lock(&call->stripe->mutex);
    enqueue(call->stripe, call);
    pthread_mutex_unlock(&call->stripe->mutex);
}

static void on_answer(void *context, const struct cf_http_result *answer)
{
    struct call *call = context;
    struct stripe *stripe = call->stripe;
    pthread_mutex_lock(&stripe->mutex);
    bool again = settle(call, answer, monotonic_us());
    if (again)
        enqueue(stripe, call);
    pthread_cond_signal(&stripe->changed);
    pthread_mutex_unlock(&stripe->mutex);
    if (again)
        return;
    if (answer->status != CF_OK) {
        end_unavailable(call, 0, answer->message);
    } else if (call->searching && answer->http_status == 200) {
        if (use_found(call, answer))
            return;
        /* What the key holds made nothing: once the provider forgets the key, the request is new. */
        if (call->mismatched)
            end_unavailable(call, 0, "the provider keeps this key for another form of the request");
        else
            go_on(call, false);
    } else if (!call->searching && call->search.method != NULL && is_mismatch(answer)) {
        call->mismatched = true;
        go_on(call, true);
    } else {
        struct cf_port_result result;
        cf_stripe_read(call->operation, answer->http_status, answer->body, &result);
        end(call, &result, answer->body);
    }
}

/* Sending. */

static enum cf_status send_call(struct stripe *stripe, struct call *call)
{
    const struct cf_stripe_http *http = call->searching ? &call->search : &call->main;
    char url[URL_SIZE], key[128], account[96];
    const char *headers[8];
    size_t count = 0;
    int size = snprintf(url, sizeof url, "%s%s", stripe->base_url, (const char *)http->path.data);
    CF_ASSERT(size > 0 && (size_t)size < sizeof url);
    headers[count++] = stripe->authorization;
    headers[count++] = "Stripe-Version: " CF_STRIPE_VERSION;
    if (strcmp(http->method, "POST") == 0) {
        snprintf(key, sizeof key, "Idempotency-Key: %s", call->key);
        headers[count++] = key;
        headers[count++] = "Content-Type: application/x-www-form-urlencoded";
    }
    if (http->account[0] != '\0') {
        snprintf(account, sizeof account, "Stripe-Account: %s", http->account);
        headers[count++] = account;
    }
    headers[count] = NULL;
    const struct cf_http_call request = {.method = http->method,
                                         .url = url,
                                         .headers = headers,
                                         .body = cf_buf_bytes(&http->body),
                                         .timeout_ms = stripe->timeout_ms,
                                         .done = on_answer,
                                         .context = call};
    return cf_http_client_submit(stripe->client, &request);
}

/* When the call may go: 0 is now, and then its turn is taken. */
static int64_t wait_of(struct stripe *stripe, const struct call *call, int64_t now_us)
{
    if (call->due_us > now_us)
        return call->due_us - now_us;
    struct cf_pace *own = &stripe->pace[call->operation];
    int64_t wait_us = cf_pace_take(own, now_us);
    if (wait_us > 0)
        return wait_us;
    wait_us = cf_pace_take(&stripe->pace_global, now_us);
    if (wait_us > 0)
        cf_pace_return(own);
    return wait_us;
}

/* Takes out of the line the first call that may go, or that the breaker turns away; NULL when all
 * have to wait, ret_wait_us then being for how long. */
static struct call *take_ready(struct stripe *stripe, int64_t now_us, int64_t *ret_wait_us,
                               int64_t *ret_blocked_us)
{
    bool full[CF_PORT_OPERATION_COUNT] = {false};
    *ret_wait_us = 1000000;
    *ret_blocked_us = 0;
    for (struct call **link = &stripe->waiting; *link != NULL; link = &(*link)->next) {
        struct call *call = *link;
        if (full[call->operation])
            continue; /* one of its kind waits already, and it came first */
        int64_t wait_us = stripe->closing ? 0 : wait_of(stripe, call, now_us);
        if (wait_us > 0) {
            full[call->operation] = call->due_us <= now_us;
            if (wait_us < *ret_wait_us)
                *ret_wait_us = wait_us;
            continue;
        }
        *ret_blocked_us =
            stripe->closing ? 1 : cf_breaker_wait_us(&stripe->breaker, breaker_us(stripe));
        *link = call->next;
        if (*link == NULL)
            stripe->waiting_end = link;
        stripe->waiting_count--;
        return call;
    }
    return NULL;
}

static void *run(void *context)
{
    struct stripe *stripe = context;
    pthread_mutex_lock(&stripe->mutex);
    for (;;) {
        int64_t wait_us, blocked_us;
        struct call *call = take_ready(stripe, monotonic_us(), &wait_us, &blocked_us);
        if (call == NULL && stripe->closing)
            break;
        if (call == NULL) {
            struct timespec until;
            clock_gettime(CLOCK_MONOTONIC, &until);
            until.tv_sec += wait_us / 1000000;
            until.tv_nsec += wait_us % 1000000 * 1000;
            if (until.tv_nsec >= 1000000000) {
                until.tv_sec++;
                until.tv_nsec -= 1000000000;
            }
            pthread_cond_timedwait(&stripe->changed, &stripe->mutex, &until);
            continue;
        }
        stripe->calls++;
        stripe->calls_by[call->operation]++;
        if (blocked_us == 0)
            stripe->flying_count++;
        pthread_mutex_unlock(&stripe->mutex);
        if (blocked_us > 0) {
            end_unavailable(call, blocked_us, "the provider is not to be reached");
        } else if (send_call(stripe, call) != CF_OK) {
            pthread_mutex_lock(&stripe->mutex);
            stripe->flying_count--;
            cf_breaker_note(&stripe->breaker, breaker_us(stripe), false); /* it was no probe */
            pthread_mutex_unlock(&stripe->mutex);
            end_unavailable(call, 0, "out of memory, or closing");
        }
        pthread_mutex_lock(&stripe->mutex);
    }
    pthread_mutex_unlock(&stripe->mutex);
    return NULL;
}

/* The port. */

static enum cf_status submit(struct cf_payment_port *port, const struct cf_port_request *request,
                             cf_port_done_fn *done, void *context)
{
    struct stripe *stripe = (struct stripe *)port;
    CF_CLEANUP(cf_scope_call_destroy) struct call *call = calloc(1, sizeof *call);
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
    int64_t ahead_us = request->now_us - monotonic_us();
    if (request->now_us != 0 && ahead_us > stripe->ledger_ahead_us)
        stripe->ledger_ahead_us = ahead_us;
    if (!closing)
        enqueue(stripe, CF_TAKE(call));
    pthread_mutex_unlock(&stripe->mutex);
    return closing ? CF_CLOSED : CF_OK;
}

/* How each operation fares; those that were never wanted are left out. Under the mutex. */
static enum cf_status describe_endpoints(const struct stripe *stripe, struct cf_buf *buf)
{
    static const char *const names[CF_PORT_OPERATION_COUNT] = {
        "make_customer", "make_account", "save_card", "pay",     "capture", "void",
        "refund",        "transfer",     "reverse",   "pay_out", "look",    "list_events"};
    uint64_t waiting[CF_PORT_OPERATION_COUNT] = {0};
    const char *comma = "";
    for (const struct call *call = stripe->waiting; call != NULL; call = call->next)
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
    struct stripe *stripe = (struct stripe *)port;
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
    struct stripe *stripe = (struct stripe *)port;
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
    struct stripe *stripe = calloc(1, sizeof *stripe);
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
        stripe->thread_started = pthread_create(&stripe->thread, NULL, run, stripe) == 0;
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
