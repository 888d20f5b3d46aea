/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_RANGE_H
#define CF_EVENTSTORE_KEEPER_RANGE_H

/* The log as the keeper reads it, through the writer's range service. */

#include "eventstore/keeper.h"
#include "eventstore/range.h"

struct cf_keeper_range {
    struct cf_range_client *client; /* borrowed; used by the keeper alone */
    struct cf_range_records records;
};

/* Starts all-zero but for its client. The log that is made of it lives as long as it does. */
struct cf_keeper_log cf_keeper_range_log(struct cf_keeper_range *range);

void cf_keeper_range_clean_up(struct cf_keeper_range *range);

#endif
