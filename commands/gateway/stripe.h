/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_STRIPE_H
#define CF_COMMANDS_GATEWAY_STRIPE_H

/*
 * The Stripe adapter: a payment port over HTTP. One thread of its own paces what waits: a token
 * bucket for each endpoint and one for all, a breaker for the provider, retries with backoff. What
 * cannot be had in a few tries comes back as UNAVAILABLE; whoever asked decides when to ask again.
 *
 * Its interface may also be pointed at the sandbox: that speaks the same language.
 */

#include "commands/gateway/payment_port.h"

struct cf_stripe_options {
    const char *base_url;   /* "https://api.stripe.com"; without a slash at the end */
    const char *secret_key; /* "sk_…" */
    const char *ca_file;    /* see http_client.h; NULL */
    unsigned in_flight_max; /* 0 means 64 */
    int64_t
        endpoint_limit; /* calls a second that the provider allows; 0 lifts it. We stay below. */
    int64_t global_limit;
    long timeout_ms;        /* 0 means 30,000 */
    unsigned try_count_max; /* 0 means 3 */
};

/* What Stripe publishes for live keys. */
#define CF_STRIPE_ENDPOINT_LIMIT 25
#define CF_STRIPE_GLOBAL_LIMIT 100

/* Everything in options is copied. Closed through its ops. */
CF_MUST_CHECK enum cf_status cf_stripe_open(const struct cf_stripe_options *options,
                                            struct cf_payment_port **ret_port,
                                            struct cf_fault *reterr_fault);

/* Starts a request. As cf_payment_port_ops.submit. */
CF_MUST_CHECK static inline enum cf_status cf_payment_port_submit(
    struct cf_payment_port *port, const struct cf_port_request *request, cf_port_done_fn *done,
    void *context)
{
    return port->ops->submit(port, request, done, context);
}

/* Ends every request with UNAVAILABLE. Accepts NULL. */
static inline void cf_payment_port_close(struct cf_payment_port *port)
{
    if (port != NULL)
        port->ops->close(port);
}

#endif
