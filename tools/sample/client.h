/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SAMPLE_CLIENT_H
#define CF_TOOLS_SAMPLE_CLIENT_H

/*
 * A client of our own HTTP API, for tools: JSON in, JSON out, one call at a time.
 */

#include "commands/gateway/http_client.h"
#include "core/json_value.h"

struct cf_client {
    struct cf_http_client *http; /* owned */
    char base_url[80];           /* "http://127.0.0.1:8080" */
};

CF_MUST_CHECK enum cf_status cf_client_open(const char *base_url, struct cf_client *ret_client,
                                            struct cf_fault *reterr_fault);
void cf_client_close(struct cf_client *client);

/* What to ask. `token` (of a session) and `key` (idempotency) may be NULL; `body` too, and is
 * borrowed. */
struct cf_client_call {
    const char *method;
    const char *path;
    const char *token;
    const char *key;
    const struct cf_json *body;
};

/*
 * Asks. OK whatever the answer's status is, which goes to ret_status; ret_answer is its JSON, or
 * NULL when it has none. Owned by the caller. IO or TIMEOUT when there was no answer.
 */
CF_MUST_CHECK enum cf_status cf_client_ask(struct cf_client *client,
                                           const struct cf_client_call *call, long *ret_status,
                                           struct cf_json **ret_answer,
                                           struct cf_fault *reterr_fault);

/* As cf_client_ask, and an answer outside 200 to 299 fails: DENIED for 401 and 403, NOT_FOUND for
 * 404, CONFLICT for 409, INVALID for other 4xx, IO for 5xx; with the problem's title in the fault.
 */
CF_MUST_CHECK enum cf_status cf_client_do(struct cf_client *client,
                                          const struct cf_client_call *call,
                                          struct cf_json **ret_answer,
                                          struct cf_fault *reterr_fault);

#endif
