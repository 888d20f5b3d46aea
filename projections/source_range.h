/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_SOURCE_RANGE_H
#define CF_PROJECTIONS_SOURCE_RANGE_H

/* Records from the writer's range service. */

#include "projections/source.h"

struct cf_source_range;

/* As cf_range_client_open: OK even when the writer is not there yet. */
CF_MUST_CHECK enum cf_status cf_source_range_open(const char *range_url, const char *head_url,
                                                  struct cf_source_range **ret_range,
                                                  struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_source_range_close(struct cf_source_range *range);

/* The source; borrowed from `range`. */
struct cf_source cf_source_range_source(struct cf_source_range *range);

/* Ends a wait, running or next, for good. From any thread. */
void cf_source_range_interrupt(struct cf_source_range *range);

#endif
