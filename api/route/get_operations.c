/* SPDX-License-Identifier: Apache-2.0 */
/* For those who keep it running. */
#include "api/access.h"
#include "api/api_private.h"
#include "projections/query_reports.h"

#define COUNT_USUAL 50
#define COUNT_MAX 500

void cf_route_get_operations(struct cf_exchange *exchange)
{
    int64_t count;
    uint64_t head = 0;
    if (!cf_exchange_query_number(exchange, "limit", COUNT_USUAL, 1, COUNT_MAX, &count) ||
        !cf_exchange_await_sequence(exchange) ||
        !cf_access_by_role(exchange, CF_ACCESS_ROLE(ADMIN)))
        return;
    struct cf_seat *seat = &exchange->api->seats[exchange->seat];
    /* Without the writer nobody knows the head, and the rest is still worth seeing. */
    if (cf_range_head(seat->range, &head, NULL) != CF_OK)
        head = 0;
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_query_operations(
        seat->query, (int64_t)head, cf_exchange_query(exchange, "state"), count, &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else
        cf_exchange_failed(exchange, status, &fault);
}
