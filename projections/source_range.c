/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/source_range.h"

#include "eventstore/range.h"

#include <stdlib.h>

struct cf_source_range {
    struct cf_range_client *client;
    struct cf_range_records records;
};

enum cf_status cf_source_range_open(const char *range_url, const char *head_url,
                                    struct cf_source_range **ret_range,
                                    struct cf_fault *reterr_fault)
{
    struct cf_source_range *range = calloc(1, sizeof *range);
    if (range == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a source");
    enum cf_status status = cf_range_client_open(range_url, head_url, &range->client, reterr_fault);
    if (status != CF_OK) {
        cf_source_range_close(range);
        return status;
    }
    *ret_range = range;
    return CF_OK;
}

void cf_source_range_close(struct cf_source_range *range)
{
    if (range == NULL)
        return;
    cf_range_client_close(range->client);
    cf_range_records_clean_up(&range->records);
    free(range);
}

static enum cf_status read_records(void *context, uint64_t first, size_t size_max, int timeout_ms,
                                   struct cf_source_records *ret_records,
                                   struct cf_fault *reterr_fault)
{
    struct cf_source_range *range = context;
    CF_TRY(cf_range_read(range->client, first, size_max, &range->records, reterr_fault));
    if (range->records.count == 0 && timeout_ms > 0) {
        uint64_t head;
        enum cf_status status =
            cf_range_client_wait(range->client, first - 1, timeout_ms, &head, reterr_fault);
        if (status != CF_OK && status != CF_TIMEOUT)
            return status;
        if (status == CF_OK)
            CF_TRY(cf_range_read(range->client, first, size_max, &range->records, reterr_fault));
    }
    *ret_records = (struct cf_source_records){.head = range->records.head,
                                              .first = range->records.first,
                                              .count = range->records.count,
                                              .records = range->records.records};
    return CF_OK;
}

struct cf_source cf_source_range_source(struct cf_source_range *range)
{
    return (struct cf_source){.read = read_records, .context = range};
}

void cf_source_range_interrupt(struct cf_source_range *range)
{
    cf_range_client_interrupt(range->client);
}
