/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/keeper_range.h"

/* A step's records are applied in one transaction, in which nobody is served: a few milliseconds.
 */
#define STEP_SIZE ((size_t)256 * 1024)

static enum cf_status head(void *context, uint64_t *ret_head, struct cf_fault *reterr_fault)
{
    struct cf_keeper_range *range = context;
    return cf_range_head(range->client, ret_head, reterr_fault);
}

static enum cf_status read_some(void *context, uint64_t first, cf_keeper_record_fn *each,
                                void *each_context, struct cf_fault *reterr_fault)
{
    struct cf_keeper_range *range = context;
    CF_TRY(cf_range_read(range->client, first, STEP_SIZE, &range->records, reterr_fault));
    for (size_t i = 0; i < range->records.count; i++)
        CF_TRY(each(each_context, range->records.records[i]));
    return CF_OK;
}

struct cf_keeper_log cf_keeper_range_log(struct cf_keeper_range *range)
{
    return (struct cf_keeper_log){.context = range, .head = head, .read = read_some};
}

void cf_keeper_range_clean_up(struct cf_keeper_range *range)
{
    cf_range_records_clean_up(&range->records);
}
