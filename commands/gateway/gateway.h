/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_GATEWAY_H
#define CF_COMMANDS_GATEWAY_GATEWAY_H

/*
 * The gateway: takes open requests from the writer, performs them at the provider, and tells the
 * writer what came of them.
 *
 * It remembers nothing that matters. What is open is what the writer says is open; every call to the
 * provider and every outcome carries a key that derives from the asking event, so whatever was
 * under way when the process died is simply done again. A request that cannot be performed now becomes a
 * timer of the ledger; one that never can is parked, where people look.
 *
 * In order, for a simulation that comes out the same each time, nothing depends on how threads and processes
 * happen to run: there is one request under way, and a wait is counted from the ledger's clock without jitter.
 */

#include "commands/gateway/payment_port.h"
#include "core/base/scope.h"

struct cf_gateway;
struct cf_mailer;

struct cf_gateway_options {
    const char *writer_url;       /* of the link */
    const char *range_url;        /* of the range service … */
    const char *head_url;         /* … and its announcements */
    struct cf_payment_port *port; /* borrowed; outlives the gateway */
    struct cf_mailer *mailer;     /* borrowed, outlives the gateway; NULL leaves letters alone */
    const char *public_url;       /* of the pages, where browsers go after authentication; NULL */
    const char *status_url;       /* where others ask it something (inquiry.h); NULL: nowhere */
    unsigned in_progress_max;     /* requests at once; 0 means 256 */
    unsigned poll_interval_s; /* how often the provider's own list of notices is read; 0: never */
    bool in_order; /* one request at a time, oldest first, and none while a timer is due */
};

/* Texts in options are copied. */
CF_MUST_CHECK enum cf_status cf_gateway_open(const struct cf_gateway_options *options,
                                             struct cf_gateway **ret_gateway,
                                             struct cf_fault *reterr_fault);

/* Works until cf_gateway_stop. */
CF_MUST_CHECK enum cf_status cf_gateway_run(struct cf_gateway *gateway,
                                            struct cf_fault *reterr_fault);

/* From any thread. What is under way is left; it will be done again. */
void cf_gateway_stop(struct cf_gateway *gateway);

/* Waits for what port and mailer still hold of it: close them first. Accepts NULL. */
void cf_gateway_close(struct cf_gateway *gateway);
CF_SCOPE_DEFINE(struct cf_gateway *, cf_gateway_close)

/* What it does right now, as one JSON object; from any thread. */
CF_MUST_CHECK enum cf_status cf_gateway_describe(struct cf_gateway *gateway, struct cf_buf *buf);

#endif
