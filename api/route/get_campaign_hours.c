/* SPDX-License-Identifier: Apache-2.0 */
/* For the creator, and for finance; newest first. */
#include "api/access.h"
#include "api/api_private.h"
#include "projections/query_reports.h"

#define COUNT_USUAL 168
#define COUNT_MAX 1000

void cf_route_get_campaign_hours(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    int64_t before, count;
    if (!cf_exchange_id(exchange, 0, &campaign_id) ||
        !cf_exchange_query_number(exchange, "before", INT64_MAX, 1, INT64_MAX, &before) ||
        !cf_exchange_query_number(exchange, "limit", COUNT_USUAL, 1, COUNT_MAX, &count) ||
        !cf_exchange_await_sequence(exchange) ||
        !cf_access_of_campaign(exchange, &campaign_id, CF_ACCESS_ROLE(FINANCE)))
        return;
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_query_hours(exchange->api->seats[exchange->seat].query, &campaign_id,
                                           before, count, &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else
        cf_exchange_failed(exchange, status, &fault);
}
