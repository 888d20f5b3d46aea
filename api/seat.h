/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_SEAT_H
#define CF_API_SEAT_H

/*
 * A seat: what one worker of the pool, and nobody else meanwhile, reads with.
 */

#include "eventstore/range.h"
#include "projections/query.h"

struct cf_seat {
    struct cf_range_client *range;
    struct cf_query *query;
};

struct cf_api_options;

/* Starts connecting; OK even when nobody is there yet. */
CF_MUST_CHECK enum cf_status cf_seat_open(struct cf_seat *seat,
                                          const struct cf_api_options *options,
                                          struct cf_fault *reterr_fault);
/* Accepts an all-zero seat. */
void cf_seat_close(struct cf_seat *seat);

#endif
