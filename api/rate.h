/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_RATE_H
#define CF_API_RATE_H

/*
 * Rate limits: one token bucket per network (an IPv4 address, an IPv6 /64). A bucket begins full. The
 * table has a fixed size: networks that fall on the same place share a bucket, so nobody can make it
 * grow. Thread-safe.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"

struct cf_rate;

/* `burst` at once, then `per_minute`. NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_rate_new(uint32_t burst, uint32_t per_minute,
                                         struct cf_rate **ret_rate);
/* Accepts NULL. */
void cf_rate_destroy(struct cf_rate *rate);

/* Takes one from the client's bucket; false when it is empty. */
bool cf_rate_take(struct cf_rate *rate, const struct sockaddr_in6 *client, int64_t now_us);

#endif
