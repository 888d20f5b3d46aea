/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_STRIPE_FORM_H
#define CF_COMMANDS_GATEWAY_STRIPE_FORM_H

/*
 * Between the port's words and Stripe's: requests are written, answers are read. Pure, so that
 * every request we can send is held against the provider's own schema without sending it.
 */

#include "commands/gateway/payment_port.h"

#define CF_STRIPE_VERSION "2022-11-15"

/* Stripe may forget an idempotency key a day after it saw it first. From a good while before that on we look before we
 * repeat: a call waits its turn on the way, and clocks differ. */
#define CF_STRIPE_KEY_TRUSTED_US (INT64_C(20) * 3600 * 1000000)

/* One HTTP request. Owned; given back by cf_stripe_http_clean_up. */
struct cf_stripe_http {
    const char *method;              /* static */
    struct cf_buf path;              /* with the query of a GET; NUL-terminated */
    struct cf_buf body;              /* of a POST */
    char account[CF_PORT_NAME_SIZE]; /* on whose behalf; empty for the platform */
};

void cf_stripe_http_clean_up(struct cf_stripe_http *http);

/* Writes the request. INVALID when the provider could not take that amount; RANGE, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_stripe_write(const struct cf_port_request *request,
                                             struct cf_stripe_http *ret_http);

/* Writes how to find what an earlier copy of this request may have made. NOT_FOUND for requests
 * that may be repeated blindly. */
CF_MUST_CHECK enum cf_status cf_stripe_write_search(const struct cf_port_request *request,
                                                    struct cf_stripe_http *ret_http);

/* The object in a list (the answer to a search) that carries this key; false when there is none.
 * Its JSON is appended to ret_body. */
bool cf_stripe_find(struct cf_bytes list, const char *key, struct cf_buf *ret_body);

/* Where a list goes on: its last object's id, empty where nothing is behind it. CORRUPT when this is no list. */
CF_MUST_CHECK enum cf_status cf_stripe_read_end(struct cf_bytes list,
                                                char ret_after[CF_PORT_NAME_SIZE]);

/* Turns a written search to what lies behind that object; as often as pages come. */
CF_MUST_CHECK enum cf_status cf_stripe_write_after(struct cf_stripe_http *http, const char *after);

/* Reads the answer to a request. */
void cf_stripe_read(enum cf_port_operation operation, long http_status, struct cf_bytes body,
                    struct cf_port_result *ret_result);

#endif
