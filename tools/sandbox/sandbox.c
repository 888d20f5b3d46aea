/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox as a whole: store, server, webhooks' client, and the thread that watches the clock.
 */
#include "core/base/assert.h"
#include "core/base/embedded.h"
#include "eventstore/sodium.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>
#include <time.h>

extern const struct cf_embedded cf_sandbox_objects[];
extern const size_t cf_sandbox_objects_count;

/* An answer that is sent late. */
struct cf_sandbox_delayed {
    struct cf_sandbox_delayed *next;
    struct cf_hash key;
    struct cf_http_request *request; /* NULL while the answer is being made */
    struct cf_http_reply *reply;
    struct timespec at;
};

/* Templates. */

static enum cf_status load_templates(struct cf_sandbox *sandbox, struct cf_fault *reterr_fault)
{
    CF_ASSERT(cf_sandbox_objects_count <= CF_SANDBOX_TEMPLATE_COUNT_MAX);
    for (size_t i = 0; i < cf_sandbox_objects_count; i++) {
        CF_TRY(
            cf_json_parse(cf_sandbox_objects[i].bytes, &sandbox->templates[i].json, reterr_fault));
        sandbox->templates[i].type = cf_json_text_at(sandbox->templates[i].json, "object");
    }
    return CF_OK;
}

const struct cf_json *cf_sandbox_template(const struct cf_sandbox *sandbox, const char *type)
{
    for (size_t i = 0; i < cf_sandbox_objects_count; i++) {
        if (strcmp(sandbox->templates[i].type, type) == 0)
            return sandbox->templates[i].json;
    }
    CF_UNREACHABLE();
}

/* The clock. */

int64_t cf_sandbox_now(const struct cf_sandbox *sandbox)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return sandbox->frozen ? sandbox->clock_at : (int64_t)now.tv_sec + sandbox->clock_at;
}

void cf_sandbox_clock_set(struct cf_sandbox *sandbox, bool frozen, int64_t clock_at)
{
    sandbox->frozen = frozen;
    sandbox->clock_at = clock_at;
    cf_store_number_set(sandbox->store, "clock/frozen", frozen);
    cf_store_number_set(sandbox->store, "clock/at", clock_at);
}

enum cf_status cf_sandbox_call_begin(struct cf_sandbox *sandbox, struct cf_call *ret_call,
                                     struct cf_fault *reterr_fault)
{
    CF_TRY(cf_store_begin(sandbox->store, reterr_fault));
    *ret_call = (struct cf_call){.sandbox = sandbox,
                                 .store = sandbox->store,
                                 .account = "",
                                 .now = cf_sandbox_now(sandbox),
                                 .public_url = sandbox->public_url};
    memcpy(ret_call->random_seed, sandbox->random_seed, sizeof ret_call->random_seed);
    return CF_OK;
}

/* Sends the late answers whose time has come; returns when the next is due, or `until`. */
static struct timespec send_delayed(struct cf_sandbox *sandbox, struct timespec until)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (struct cf_sandbox_delayed **link = &sandbox->delayed; *link != NULL;) {
        struct cf_sandbox_delayed *delayed = *link;
        if (delayed->request == NULL) {
            link = &delayed->next;
            continue;
        }
        bool due = delayed->at.tv_sec < now.tv_sec ||
                   (delayed->at.tv_sec == now.tv_sec && delayed->at.tv_nsec <= now.tv_nsec);
        if (due || sandbox->stopping) {
            *link = delayed->next;
            cf_http_reply_send(delayed->request, delayed->reply);
            cf_http_reply_destroy(delayed->reply);
            free(delayed);
            continue;
        }
        if (delayed->at.tv_sec < until.tv_sec ||
            (delayed->at.tv_sec == until.tv_sec && delayed->at.tv_nsec < until.tv_nsec))
            until = delayed->at;
        link = &delayed->next;
    }
    return until;
}

struct cf_sandbox_delayed *cf_sandbox_delay(struct cf_sandbox *sandbox, const struct cf_hash *key)
{
    struct cf_sandbox_delayed *delayed = calloc(1, sizeof *delayed);
    CF_ASSERT(delayed != NULL);
    delayed->key = *key;
    delayed->next = sandbox->delayed;
    sandbox->delayed = delayed;
    return delayed;
}

void cf_sandbox_respond_later(struct cf_sandbox *sandbox, struct cf_sandbox_delayed *delayed,
                              struct cf_http_request *request,
                              const struct cf_http_response *response, int64_t delay_ms)
{
    CF_ASSERT(cf_http_reply_new(response, &delayed->reply) == CF_OK);
    pthread_mutex_lock(&sandbox->mutex);
    clock_gettime(CLOCK_REALTIME, &delayed->at);
    delayed->at.tv_sec += delay_ms / 1000;
    delayed->at.tv_nsec += delay_ms % 1000 * 1000000;
    if (delayed->at.tv_nsec >= 1000000000) {
        delayed->at.tv_sec++;
        delayed->at.tv_nsec -= 1000000000;
    }
    delayed->request = request;
    if (sandbox->stopping) /* nobody else would send it any more */
        send_delayed(sandbox, (struct timespec){0});
    pthread_cond_broadcast(&sandbox->changed);
    pthread_mutex_unlock(&sandbox->mutex);
}

bool cf_sandbox_is_under_way(const struct cf_sandbox *sandbox, const struct cf_hash *key)
{
    for (const struct cf_sandbox_delayed *at = sandbox->delayed; at != NULL; at = at->next) {
        if (memcmp(at->key.bytes, key->bytes, CF_HASH_SIZE) == 0)
            return true;
    }
    return false;
}

/* Wakes at least once a second: the clock may be the real one. */
static void *watch_clock(void *context)
{
    struct cf_sandbox *sandbox = context;
    pthread_mutex_lock(&sandbox->mutex);
    while (!sandbox->stopping) {
        cf_sandbox_due_run(sandbox);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        until = send_delayed(sandbox, until);
        pthread_cond_timedwait(&sandbox->changed, &sandbox->mutex, &until);
    }
    send_delayed(sandbox, (struct timespec){0});
    pthread_mutex_unlock(&sandbox->mutex);
    return NULL;
}

/* Opening. */

/* What the store remembers, or a beginning; the endpoint that was asked for. */
static enum cf_status restore(struct cf_sandbox *sandbox, struct cf_fault *reterr_fault)
{
    struct cf_call call;
    CF_TRY(cf_store_begin(sandbox->store, reterr_fault));
    int64_t seed = cf_store_number(sandbox->store, "seed");
    if (seed == 0) {
        cf_random(&seed, sizeof seed);
        seed |= 1;
        cf_store_number_set(sandbox->store, "seed", seed);
    }
    snprintf(sandbox->random_seed, sizeof sandbox->random_seed, "%016llx",
             (unsigned long long)seed);
    sandbox->frozen = cf_store_number(sandbox->store, "clock/frozen") != 0;
    sandbox->clock_at = cf_store_number(sandbox->store, "clock/at");
    if (!sandbox->frozen && sandbox->clock_at == 0 && sandbox->options.clock_from_s != 0)
        cf_sandbox_clock_set(sandbox, true, sandbox->options.clock_from_s);
    CF_TRY(cf_store_commit(sandbox->store, reterr_fault));
    if (sandbox->webhook_url == NULL)
        return CF_OK;
    CF_TRY(cf_sandbox_call_begin(sandbox, &call, reterr_fault));
    cf_webhook_endpoint_ensure(&call, sandbox->webhook_url, sandbox->webhook_secret,
                               sandbox->options.webhook_events);
    return cf_store_commit(sandbox->store, reterr_fault);
}

/* What the server refuses before it is a call. */
static const char *refusal_body(unsigned status)
{
    if (status >= 500)
        return "{\"error\":{\"message\":\"The server cannot take this "
               "request.\",\"type\":\"api_error\"}}";
    return status == 413 ? "{\"error\":{\"message\":\"The request is too large.\","
                           "\"type\":\"invalid_request_error\"}}"
                         : "{\"error\":{\"message\":\"The request is malformed.\","
                           "\"type\":\"invalid_request_error\"}}";
}

static enum cf_status start(struct cf_sandbox *sandbox, struct cf_fault *reterr_fault)
{
    const struct cf_sandbox_options *options = &sandbox->options;
    struct cf_http_server_options server = {
        CF_HTTP_SERVER_OPTIONS_DEFAULT,        .address = options->address, .port = options->port,
        .thread_count = options->thread_count, .handle = cf_sandbox_handle, .context = sandbox,
        .refusal_body = refusal_body};
    struct cf_http_client_options client = {.in_flight_max = 32, .user_agent = "Stripe/1.0"};
    CF_TRY(load_templates(sandbox, reterr_fault));
    CF_TRY(cf_store_open(options->directory, &sandbox->store, reterr_fault));
    CF_TRY(cf_http_client_open(&client, &sandbox->client, reterr_fault));
    CF_TRY(restore(sandbox, reterr_fault));
    pthread_mutex_lock(&sandbox->mutex); /* nobody is served before public_url is known */
    enum cf_status status = cf_http_server_open(&server, &sandbox->server, reterr_fault);
    if (status == CF_OK && sandbox->public_url == NULL) {
        char url[128];
        snprintf(url, sizeof url, "http://%s:%u", options->address,
                 cf_http_server_port(sandbox->server));
        sandbox->public_url = strdup(url);
    }
    pthread_mutex_unlock(&sandbox->mutex);
    CF_TRY(status);
    sandbox->clock_thread_started =
        pthread_create(&sandbox->clock_thread, NULL, watch_clock, sandbox) == 0;
    if (!sandbox->clock_thread_started)
        CF_FAIL(reterr_fault, CF_IO, "cannot start a thread");
    return CF_OK;
}

static char *copied(const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);
    CF_ASSERT(text == NULL || copy != NULL);
    return copy;
}

enum cf_status cf_sandbox_open(const struct cf_sandbox_options *options,
                               struct cf_sandbox **ret_sandbox, struct cf_fault *reterr_fault)
{
    struct cf_sandbox *sandbox = calloc(1, sizeof *sandbox);
    if (sandbox == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "a sandbox");
    cf_sodium_init();
    sandbox->options = *options;
    sandbox->public_url = copied(options->public_url);
    sandbox->webhook_url = copied(options->webhook_url);
    sandbox->webhook_secret = copied(options->webhook_secret);
    pthread_mutex_init(&sandbox->mutex, NULL);
    pthread_cond_init(&sandbox->changed, NULL);
    enum cf_status status = start(sandbox, reterr_fault);
    sandbox->options.address = sandbox->options.directory = NULL; /* were borrowed */
    if (status != CF_OK) {
        cf_sandbox_close(sandbox);
        return status;
    }
    *ret_sandbox = sandbox;
    return CF_OK;
}

uint16_t cf_sandbox_port(const struct cf_sandbox *sandbox)
{
    return cf_http_server_port(sandbox->server);
}

void cf_sandbox_close(struct cf_sandbox *sandbox)
{
    if (sandbox == NULL)
        return;
    if (sandbox->server != NULL)
        cf_http_server_quiesce(sandbox->server);
    if (sandbox->clock_thread_started) {
        pthread_mutex_lock(&sandbox->mutex);
        sandbox->stopping = true;
        pthread_cond_broadcast(&sandbox->changed);
        pthread_mutex_unlock(&sandbox->mutex);
        pthread_join(sandbox->clock_thread, NULL);
    }
    cf_http_server_close(sandbox->server);
    cf_http_client_close(sandbox->client);
    cf_store_close(sandbox->store);
    for (size_t i = 0; i < CF_SANDBOX_TEMPLATE_COUNT_MAX; i++)
        cf_json_destroy(sandbox->templates[i].json);
    pthread_cond_destroy(&sandbox->changed);
    pthread_mutex_destroy(&sandbox->mutex);
    free(sandbox->public_url);
    free(sandbox->webhook_url);
    free(sandbox->webhook_secret);
    free(sandbox);
}
