/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_FUNDING_PUBLISH_H
#define CF_PROJECTIONS_FUNDING_PUBLISH_H

/*
 * What the feed says of funding:
 *
 *   totals:<campaign>   the campaign's sums, as the API shows them
 *   pledge:<pledge>     where a pledge stands, for whoever waits for its payment
 */

#include "projections/model.h"

void cf_funding_publish(const struct cf_table *table, const void *row, cf_emit_fn *emit,
                        void *user);

#endif
