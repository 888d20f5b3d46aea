/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_SANDBOX_H
#define CF_TOOLS_SANDBOX_SANDBOX_H

/*
 * The payment sandbox: a local provider that speaks the part of the Stripe API that Coffer uses,
 * statefully.
 *
 * What it knows survives its process. It sends signed webhooks. Its clock is the real one, or
 * stands where it was put. What falls due happens by itself, or in order: one thing, webhooks among them,
 * each time that somebody asks for it, so that a simulation comes out the same each time. Below /v1 it behaves as Stripe does for version 2022-11-15; below
 * /_sandbox are the pages that a provider shows to people (card form, 3-D Secure, onboarding) and
 * the controls for tests (clock, faults, limits); README.md lists them.
 */

#include "core/base/status.h"

#include <stdbool.h>

struct cf_sandbox;

struct cf_sandbox_options {
    const char *directory;      /* of the store; made when it is not there */
    const char *address;        /* to listen on */
    uint16_t port;              /* 0 takes a free one */
    const char *public_url;     /* under which people's browsers reach it; NULL: where it listens */
    const char *webhook_url;    /* an endpoint that is there from the start, or NULL */
    const char *webhook_secret; /* its secret; wanted with webhook_url */
    const char *webhook_events; /* the types it is told, by commas; NULL: all */
    int64_t clock_from_s;       /* where a new sandbox's clock stands; 0: it is the real one */
    bool in_order;              /* nothing that is due happens before it is asked for, one by one */
    unsigned thread_count;      /* 0: one per processor */
};

/* Everything in options is copied. */
CF_MUST_CHECK enum cf_status cf_sandbox_open(const struct cf_sandbox_options *options,
                                             struct cf_sandbox **ret_sandbox,
                                             struct cf_fault *reterr_fault);

uint16_t cf_sandbox_port(const struct cf_sandbox *sandbox);

/* Accepts NULL. */
void cf_sandbox_close(struct cf_sandbox *sandbox);

#endif
