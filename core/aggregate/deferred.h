/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_DEFERRED_H
#define CF_CORE_AGGREGATE_DEFERRED_H

/* A request that waits for its retry timer, or was parked. Row CF_ROW_DEFERRED, by subject and the
 * request's number. All zero once it is open again or closed. */

#include "core/aggregate/book.h"

struct cf_deferred {
    uint64_t requested_by; /* 0: not waiting */
    uint32_t attempt;
    uint8_t parked; /* 0 or 1 */
};

/* The timer that brings a request back. */
static inline enum cf_timer cf_timer_of_retry(enum cf_request request)
{
    return (enum cf_timer)(CF_TIMER_RETRY_CUSTOMER - CF_REQUEST_CUSTOMER + (int)request);
}

/* The request that a retry timer brings back; false for the other timers. */
static inline bool cf_timer_is_retry(enum cf_timer timer, enum cf_request *ret_request)
{
    if (timer < CF_TIMER_RETRY_CUSTOMER || timer > CF_TIMER_RETRY_VOID_REPLACED)
        return false;
    *ret_request = (enum cf_request)((int)timer - CF_TIMER_RETRY_CUSTOMER + CF_REQUEST_CUSTOMER);
    return true;
}

#endif
