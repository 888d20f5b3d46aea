/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_HTTP_CLIENT_H
#define CF_COMMANDS_GATEWAY_HTTP_CLIENT_H

/*
 * HTTP client: the only door to libcurl.
 *
 * One thread of its own keeps many calls in flight over connections that stay open. A call is
 * submitted from any thread and answered exactly once, by its callback, on the client's thread. TLS
 * is always verified; redirects are not followed; nothing is retried, because only the caller knows
 * what may be repeated.
 */

#include "core/base/bytes.h"
#include "core/base/scope.h"

struct cf_http_client;

struct cf_http_client_options {
    unsigned in_flight_max; /* further calls wait in line; 0 means 64 */
    size_t body_size_max;   /* of an answer; 0 means 4 MiB */
    const char *ca_file;    /* certificates to trust instead of the system's, or NULL; copied */
    const char *user_agent; /* copied */
};

/* How a call ended. Everything in it is borrowed until the callback returns. */
struct cf_http_result {
    enum cf_status status; /* OK: an answer came. TIMEOUT, IO (no connection, or it broke), NO_SPACE
                            * (the answer is too large), CLOSED (the client was closed). Except for
                            * OK, whether the other side has acted is unknown. */
    long http_status;      /* 200, 404, …; 0 without an answer */
    struct cf_bytes body;
    struct cf_bytes headers; /* see cf_http_result_header */
    const char *message;     /* libcurl's words for a failure; empty for OK */
};

typedef void cf_http_done_fn(void *context, const struct cf_http_result *result);

/* Everything is copied when the call is submitted. */
struct cf_http_call {
    const char *method;         /* "GET", "POST", "DELETE" */
    const char *url;            /* http or https */
    const char *const *headers; /* "Name: value"; NULL-terminated; may be NULL */
    struct cf_bytes body;       /* sent with POST */
    long timeout_ms;            /* for all of it; 0 means 30,000 */
    cf_http_done_fn *done;
    void *context; /* handed to done */
};

CF_MUST_CHECK enum cf_status cf_http_client_open(const struct cf_http_client_options *options,
                                                 struct cf_http_client **ret_client,
                                                 struct cf_fault *reterr_fault);

/* Ends every call with CLOSED, waits for the thread. Accepts NULL. Not from a callback. */
void cf_http_client_close(struct cf_http_client *client);
CF_SCOPE_DEFINE(struct cf_http_client *, cf_http_client_close)

/* NO_MEMORY, or CLOSED when the client is closing; then the callback is not called. */
CF_MUST_CHECK enum cf_status cf_http_client_submit(struct cf_http_client *client,
                                                   const struct cf_http_call *call);

/* Calls submitted and not yet answered. */
size_t cf_http_client_pending(struct cf_http_client *client);

/* The last answer's header of that name in any case, or false; borrowed as the result is. */
bool cf_http_result_header(const struct cf_http_result *result, const char *name,
                           struct cf_bytes *ret_value);

/* Submits and waits: for tools and tests. The body is appended to ret_body; the fault says what
 * failed. */
CF_MUST_CHECK enum cf_status cf_http_client_perform(struct cf_http_client *client,
                                                    const struct cf_http_call *call,
                                                    long *ret_http_status, struct cf_buf *ret_body,
                                                    struct cf_fault *reterr_fault);

#endif
