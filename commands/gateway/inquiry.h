/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_INQUIRY_H
#define CF_COMMANDS_GATEWAY_INQUIRY_H

/*
 * What other processes ask a running gateway: how it fares, and where a payer authenticates. The address
 * of a bank's page works like a key, so it is never recorded: it is asked of the provider when somebody
 * wants to go there.
 *
 * gateway_url is the gateway's status_url. All wait at most timeout_ms.
 */

#include "core/base/bytes.h"

struct cf_bus_client;

#define CF_INQUIRY_ACTION_SIZE 512

/* The gateway's own words, one JSON object (cf_gateway_describe); replaces the content of ret_about.
 * RETRY, TIMEOUT, CLOSED when it does not answer. */
CF_MUST_CHECK enum cf_status cf_inquire_status(const char *gateway_url, int timeout_ms,
                                               struct cf_buf *ret_about,
                                               struct cf_fault *reterr_fault);

/* Whether it has nothing in hand: no request, no call whose answer is still to come. Over a client of its
 * status_url, for those who ask again and again. RETRY when nobody listens there, TIMEOUT, CLOSED, CORRUPT. */
CF_MUST_CHECK enum cf_status cf_inquire_idle(struct cf_bus_client *gateway, int timeout_ms,
                                             bool *ret_idle, struct cf_fault *reterr_fault);

/* The page where the payer of an intent authenticates. NOT_FOUND when the provider names none. */
CF_MUST_CHECK enum cf_status cf_inquire_action(const char *gateway_url, const char *intent,
                                               int timeout_ms, char ret_url[CF_INQUIRY_ACTION_SIZE],
                                               struct cf_fault *reterr_fault);

#endif
