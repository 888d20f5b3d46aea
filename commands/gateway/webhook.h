/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_WEBHOOK_H
#define CF_COMMANDS_GATEWAY_WEBHOOK_H

/*
 * Webhooks from Stripe: is this signed by somebody who knows the secret, and what does it say? Pure
 * functions over the exact bytes that came; the route that takes them in lives with the API.
 */

#include "core/base/bytes.h"

enum cf_webhook_verdict {
    CF_WEBHOOK_SIGNED,
    CF_WEBHOOK_MALFORMED, /* the header is not `t=…,v1=…` */
    CF_WEBHOOK_FORGED,    /* no signature is by any of the secrets */
    CF_WEBHOOK_STALE,     /* signed too long ago: possibly replayed */
    CF_WEBHOOK_EARLY,     /* signed in the future */
};

/* Seconds that a signature may be off, either way. */
#define CF_WEBHOOK_TOLERANCE_S 300

/* Checks the header Stripe-Signature over the body. During a rotation there are several secrets,
 * and the header may carry several signatures; one match is enough. Constant time in what is
 * secret. */
enum cf_webhook_verdict cf_webhook_verify(struct cf_bytes header, struct cf_bytes body,
                                          const char *const *secrets, size_t secret_count,
                                          int64_t now_s, int64_t tolerance_s);

/* Signs as Stripe does, into a text of CF_WEBHOOK_SIGNATURE_SIZE. */
#define CF_WEBHOOK_SIGNATURE_SIZE 96
void cf_webhook_sign(const char *secret, int64_t at_s, struct cf_bytes body,
                     char ret_header[CF_WEBHOOK_SIGNATURE_SIZE]);

/* What we keep of a notice. Texts are empty where it has none; plain data. */
struct cf_webhook_notice {
    char event[64]; /* evt_… */
    char type[80];  /* payment_intent.succeeded */
    int64_t created_at_us;
    char object[64]; /* of what it speaks: pi_… */
    char object_status[40];
    char account[64];      /* the connected account it comes from */
    char request_key[256]; /* the idempotency key of the request that caused it */
};

/* Reads a body. INVALID when it is not an event, or a name in it is longer than it can be. */
CF_MUST_CHECK enum cf_status cf_webhook_parse(struct cf_bytes body,
                                              struct cf_webhook_notice *ret_notice,
                                              struct cf_fault *reterr_fault);

#endif
