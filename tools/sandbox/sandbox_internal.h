/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_SANDBOX_INTERNAL_H
#define CF_TOOLS_SANDBOX_SANDBOX_INTERNAL_H

/*
 * The sandbox's inside: one mutex around the store and everything here; whoever holds it may begin
 * a transaction. HTTP threads bring requests, the clock's thread brings what fell due.
 */

#include "commands/gateway/http_client.h"
#include "eventstore/sodium.h"
#include "tools/sandbox/call.h"
#include "tools/sandbox/sandbox.h"

#include <pthread.h>

#define CF_SANDBOX_FAULT_COUNT_MAX 32
#define CF_SANDBOX_TEMPLATE_COUNT_MAX 24
#define CF_SANDBOX_ENDPOINT_COUNT_MAX 96

/* Something to go wrong on purpose, `count` times. */
struct cf_sandbox_fault {
    char kind[24];
    char path[120]; /* a request's path begins so; empty for all */
    int64_t count;
    int64_t delay_ms;
};

struct cf_sandbox_delayed;

struct cf_sandbox {
    struct cf_sandbox_options options;
    char *public_url, *webhook_url, *webhook_secret;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* something new may be due, or stopping */
    struct cf_store *store;
    struct cf_http_server *server;
    struct cf_http_client *client;
    pthread_t clock_thread;
    bool clock_thread_started, stopping;
    char random_seed[33];

    bool frozen; /* the clock stands at `clock_at`; else it runs `clock_at` seconds ahead of the
                    real one */
    int64_t clock_at;
    size_t deliveries_in_flight;
    bool next_asked;                    /* in order: the next thing that is due may happen */
    struct cf_sandbox_delayed *delayed; /* answers that wait */

    struct {
        const char *type;
        struct cf_json *json;
    } templates[CF_SANDBOX_TEMPLATE_COUNT_MAX];

    struct cf_sandbox_fault faults[CF_SANDBOX_FAULT_COUNT_MAX];
    int64_t limit_global, limit_per_endpoint; /* requests a second; 0 is unlimited */
    int64_t window;                           /* the second that is being counted */
    int64_t window_count, window_counts[CF_SANDBOX_ENDPOINT_COUNT_MAX];
    int64_t request_count, limited_count, busiest_second, busiest_endpoint_second;
};

extern const struct cf_endpoint cf_endpoints[];
extern const size_t cf_endpoint_count;

/* The template of an object type; a type without one is a bug. */
const struct cf_json *cf_sandbox_template(const struct cf_sandbox *sandbox, const char *type);

/* The sandbox's time in seconds. Under the mutex, as all below. */
int64_t cf_sandbox_now(const struct cf_sandbox *sandbox);
/* Moves the clock, and remembers it in the store's running transaction. */
void cf_sandbox_clock_set(struct cf_sandbox *sandbox, bool frozen, int64_t clock_at);

/* Begins a call that no request brings: a transaction with nobody waiting. */
CF_MUST_CHECK enum cf_status cf_sandbox_call_begin(struct cf_sandbox *sandbox,
                                                   struct cf_call *ret_call,
                                                   struct cf_fault *reterr_fault);

/* Takes a fault of that kind for a request to `path`; false when none is set. */
bool cf_sandbox_fault_take(struct cf_sandbox *sandbox, const char *kind, const char *path,
                           struct cf_sandbox_fault *ret_fault);

/* Does what is due; called by the clock's thread and after the clock was moved. */
void cf_sandbox_due_run(struct cf_sandbox *sandbox);

/* One endpoint that the sandbox was started with: at that URL, with that secret, for those events (NULL: every one).
 * What an earlier start made is moved there. */
void cf_webhook_endpoint_ensure(struct cf_call *call, const char *url, const char *secret,
                                const char *events);

/* Sends an event to an endpoint: "deliver <event> <endpoint> <attempt>" fell due at `at`. */
void cf_sandbox_deliver(struct cf_call *call, const char *what);

/* Every handler of endpoints.def. */
#define CF_ENDPOINT(name, METHOD, path, parameters) void cf_sandbox_##name(struct cf_call *call);
#include "tools/sandbox/endpoints.def"
#undef CF_ENDPOINT

/* An answer that is to be sent late: from now on a request with that key's hash is under way. */
struct cf_sandbox_delayed *cf_sandbox_delay(struct cf_sandbox *sandbox, const struct cf_hash *key);
bool cf_sandbox_is_under_way(const struct cf_sandbox *sandbox, const struct cf_hash *key);

/* Answers a request that was delayed, after a while; without the mutex. */
void cf_sandbox_respond_later(struct cf_sandbox *sandbox, struct cf_sandbox_delayed *delayed,
                              struct cf_http_request *request,
                              const struct cf_http_response *response, int64_t delay_ms);

/* The handler of every HTTP request. */
void cf_sandbox_handle(void *context, struct cf_http_request *request);

#endif
