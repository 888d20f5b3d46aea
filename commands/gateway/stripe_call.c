/* SPDX-License-Identifier: Apache-2.0 */
/* One call from its turn in the line to its answer, and the thread that hands calls over. */
#include "commands/gateway/stripe_private.h"

#include "core/base/assert.h"
#include "core/json_value.h"
#include "eventstore/sodium.h"

#include <stdio.h>
#include <time.h>

#define BACKOFF_BASE_US INT64_C(500000)
#define BACKOFF_MAX_US INT64_C(8000000)
#define LIMITED_TRY_COUNT_MAX 30
#define URL_SIZE 2600
#define FOUND_SIZE_MAX ((size_t)1 << 20)

int64_t cf_stripe__monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The breaker keeps the ledger's time: where that is simulated, an hour's outage passes with it. Under the
 * mutex. */
static int64_t breaker_us(const struct cf_stripe *stripe)
{
    return cf_stripe__monotonic_us() + stripe->ledger_ahead_us;
}

void cf_stripe__call_destroy(struct cf_stripe_call *call)
{
    if (call == NULL)
        return;
    cf_stripe_http_clean_up(&call->main);
    cf_stripe_http_clean_up(&call->search);
    free(call);
}

static void end(struct cf_stripe_call *call, const struct cf_port_result *result,
                struct cf_bytes body)
{
    call->done(call->context, result, body);
    cf_stripe__call_destroy(call);
}

static void end_unavailable(struct cf_stripe_call *call, int64_t retry_after_us, const char *reason)
{
    struct cf_port_result result = {.outcome = CF_PORT_UNAVAILABLE,
                                    .retry_after_ms = retry_after_us / 1000};
    snprintf(result.reason, sizeof result.reason, "%s", reason);
    end(call, &result, (struct cf_bytes){0});
}

void cf_stripe__enqueue(struct cf_stripe *stripe, struct cf_stripe_call *call)
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
static bool use_found(struct cf_stripe_call *call, const struct cf_http_result *answer)
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
static bool settle(struct cf_stripe_call *call, const struct cf_http_result *answer, int64_t now_us)
{
    struct cf_stripe *stripe = call->stripe;
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
static void go_on(struct cf_stripe_call *call, bool searching)
{
    call->searching = searching;
    pthread_mutex_lock(&call->stripe->mutex);
    cf_stripe__enqueue(call->stripe, call);
    pthread_mutex_unlock(&call->stripe->mutex);
}

/* A page of the search: what was looked for, or the next page, or word that nothing was made. A page that cannot be
 * read says nothing at all, and then nothing is repeated. */
static void take_page(struct cf_stripe_call *call, const struct cf_http_result *answer)
{
    char after[CF_PORT_NAME_SIZE];
    if (use_found(call, answer))
        return;
    if (cf_stripe_read_end(answer->body, after) != CF_OK ||
        (after[0] != '\0' && cf_stripe_write_after(&call->search, after) != CF_OK))
        end_unavailable(call, 0, "the provider's list cannot be read");
    else if (after[0] != '\0')
        go_on(call, true);
    else if (call->mismatched)
        /* What the key holds made nothing: once the provider forgets the key, the request is new. */
        end_unavailable(call, 0, "the provider keeps this key for another form of the request");
    else
        go_on(call, false);
}

static void on_answer(void *context, const struct cf_http_result *answer)
{
    struct cf_stripe_call *call = context;
    struct cf_stripe *stripe = call->stripe;
    pthread_mutex_lock(&stripe->mutex);
    bool again = settle(call, answer, cf_stripe__monotonic_us());
    if (again)
        cf_stripe__enqueue(stripe, call);
    pthread_cond_signal(&stripe->changed);
    pthread_mutex_unlock(&stripe->mutex);
    if (again)
        return;
    if (answer->status != CF_OK) {
        end_unavailable(call, 0, answer->message);
    } else if (call->searching && answer->http_status == 200) {
        take_page(call, answer);
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

static enum cf_status send_call(struct cf_stripe *stripe, struct cf_stripe_call *call)
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
static int64_t wait_of(struct cf_stripe *stripe, const struct cf_stripe_call *call, int64_t now_us)
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
static struct cf_stripe_call *take_ready(struct cf_stripe *stripe, int64_t now_us,
                                         int64_t *ret_wait_us, int64_t *ret_blocked_us)
{
    bool full[CF_PORT_OPERATION_COUNT] = {false};
    *ret_wait_us = 1000000;
    *ret_blocked_us = 0;
    for (struct cf_stripe_call **link = &stripe->waiting; *link != NULL; link = &(*link)->next) {
        struct cf_stripe_call *call = *link;
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

void *cf_stripe__run(void *context)
{
    struct cf_stripe *stripe = context;
    pthread_mutex_lock(&stripe->mutex);
    for (;;) {
        int64_t wait_us, blocked_us;
        struct cf_stripe_call *call =
            take_ready(stripe, cf_stripe__monotonic_us(), &wait_us, &blocked_us);
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
