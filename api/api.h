/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_API_H
#define CF_API_API_H

/*
 * The API's process: answers HTTP. It owns nothing: commands go to the writer, personal data through the
 * keeper, answers come from the read models. Any number of them may run.
 */

#include "core/base/status.h"

#include <stddef.h>

struct cf_api_options {
    const char *address; /* to listen on, numeric */
    uint16_t port;       /* 0: a free one */
    const char *writer_url;
    const char *range_url;
    const char *head_url;
    const char *keeper_url;
    const char *changes_url;   /* the projectors' feed */
    const char *gateway_url;   /* who knows how the provider fares; NULL for nobody */
    const char *card_form_url; /* the provider's page where a card is given; NULL for none */
    const char *pg;            /* DSN of the read models */
    const char *const
        *webhook_secrets;       /* of the payment provider, newest first; NULL ends the list */
    uint32_t logins_per_minute; /* from one network; registrations count too */
};

/* What /metrics shows; changed atomically. */
struct cf_api_figures {
    _Atomic uint64_t requests;
    _Atomic uint64_t commands;
    _Atomic uint64_t refused;
    _Atomic uint64_t page_hits;
    _Atomic uint64_t page_misses;
};

struct cf_api;

/* Serves from threads of its own. The options and what they point to must outlive it. Whoever it asks need
 * not be there yet. IO when the address cannot be had. */
CF_MUST_CHECK enum cf_status cf_api_open(const struct cf_api_options *options,
                                         struct cf_api **ret_api, struct cf_fault *reterr_fault);

/* The port that it listens on. */
uint16_t cf_api_port(const struct cf_api *api);

/* Ends streams, answers what was taken, closes. Accepts NULL. */
void cf_api_close(struct cf_api *api);

#endif
