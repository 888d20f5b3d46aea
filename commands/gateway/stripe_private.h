/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_STRIPE_PRIVATE_H
#define CF_COMMANDS_GATEWAY_STRIPE_PRIVATE_H

/*
 * The adapter's inside. A call is either waiting (for its turn, or for a retry), in the hands of the HTTP client,
 * or over. The thread hands waiting calls over as pace and breaker allow; the client's callback reads the answer and
 * puts the call back in line or ends it.
 */

#include "commands/gateway/http_client.h"
#include "commands/gateway/pace.h"
#include "commands/gateway/stripe_form.h"
#include "core/base/scope.h"

#include <pthread.h>

struct cf_stripe;

struct cf_stripe_call {
    struct cf_stripe_call *next;
    struct cf_stripe *stripe;
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

struct cf_stripe {
    struct cf_payment_port port; /* first, so that one leads to the other */
    struct cf_http_client *client;
    char *base_url, *authorization;
    long timeout_ms;
    unsigned try_count_max;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool thread_started, closing;
    struct cf_stripe_call *waiting, **waiting_end; /* in order; under mutex, as all below */
    size_t waiting_count, flying_count;
    struct cf_pace pace_global, pace[CF_PORT_OPERATION_COUNT];
    struct cf_breaker breaker;
    int64_t ledger_ahead_us; /* of the monotonic clock, as far as requests told */
    uint64_t calls, retries, limited, failures;
    uint64_t calls_by[CF_PORT_OPERATION_COUNT];
};

int64_t cf_stripe__monotonic_us(void);

/* Accepts NULL. */
void cf_stripe__call_destroy(struct cf_stripe_call *call);
CF_SCOPE_DEFINE(struct cf_stripe_call *, cf_stripe__call_destroy)

/* Puts a call in line. Under the mutex. */
void cf_stripe__enqueue(struct cf_stripe *stripe, struct cf_stripe_call *call);

/* The thread, until the adapter closes and no call waits; its context is the adapter. */
void *cf_stripe__run(void *context);

#endif
