/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_SERVER_BARE_H
#define CF_API_SERVER_BARE_H

/*
 * The HTTP library alone: a server that answers every request with the same bytes and does nothing else.
 * For benches, as what our own server is compared with.
 */

#include "core/base/bytes.h"

struct cf_http_bare;

/* Listens on the loopback address. `body` must outlive it. */
CF_MUST_CHECK enum cf_status cf_http_bare_open(struct cf_bytes body, unsigned thread_count,
                                               struct cf_http_bare **ret_bare,
                                               struct cf_fault *reterr_fault);
uint16_t cf_http_bare_port(const struct cf_http_bare *bare);
/* Accepts NULL. */
void cf_http_bare_close(struct cf_http_bare *bare);

#endif
