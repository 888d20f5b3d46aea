/* SPDX-License-Identifier: Apache-2.0 */
#include "api/seat.h"

#include "api/api.h"

enum cf_status cf_seat_open(struct cf_seat *seat, const struct cf_api_options *options,
                            struct cf_fault *reterr_fault)
{
    CF_TRY(cf_range_client_open(options->range_url, options->head_url, &seat->range, reterr_fault));
    return cf_query_open(options->pg, &seat->query);
}

void cf_seat_close(struct cf_seat *seat)
{
    cf_range_client_close(seat->range);
    cf_query_close(seat->query);
    *seat = (struct cf_seat){0};
}
