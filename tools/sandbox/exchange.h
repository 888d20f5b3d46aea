/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_EXCHANGE_H
#define CF_TOOLS_SANDBOX_EXCHANGE_H

/*
 * An exchange: one HTTP request, the call that it becomes, and what is told of it. Its steps are in http.c;
 * here is what they use of idempotency, expansion and faults. All under the sandbox's mutex.
 */

#include "tools/sandbox/sandbox_internal.h"

struct cf_exchange {
    struct cf_http_request *request;
    const struct cf_endpoint *endpoint;
    struct cf_call call;
    struct cf_json *params; /* owned */
    char id[128];
    char account[64];
    char request_id[64];
    struct cf_hash fingerprint; /* of the parameters */
    bool replayed, lost;
    bool executed; /* the endpoint's handler ran: what it answered is kept under the key */
    int64_t delay_ms;
    struct cf_sandbox_delayed *delayed; /* NULL where nothing delays the answer */
};

/* idempotency.c */

/* Takes what is compared when the same key comes again: the parameters as they were sent. */
void cf_exchange_take_fingerprint(struct cf_exchange *exchange);

/* The request carries a key, and is of a method for which keys count. */
bool cf_exchange_is_keyed(const struct cf_exchange *exchange);

/* Account, endpoint and key, as one. */
void cf_exchange_hash_key(const struct cf_exchange *exchange, struct cf_hash *ret_hash);

/* Answers as before under this key, or refuses another use of it; false when the key is new. */
bool cf_exchange_replay(struct cf_exchange *exchange);
/* Keeps the answer under the key. */
void cf_exchange_remember(const struct cf_exchange *exchange);

/* expand.c: objects in the places of their ids, as the parameter `expand` wants; refuses what cannot be. */
void cf_call_expand_answer(struct cf_call *call);

/* faults.c */

/* What goes wrong before anything is done: faults on demand, and limits; true when something does. */
bool cf_exchange_fails_before(struct cf_exchange *exchange);
/* What goes wrong after it was done. */
void cf_exchange_fails_after(struct cf_exchange *exchange);

#endif
