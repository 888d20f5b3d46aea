/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "api/unseal.h"

#define COUNT_USUAL 20
#define COUNT_MAX 100

void cf_route_get_campaign_updates(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    int64_t before, count;
    if (!cf_exchange_id(exchange, 0, &campaign_id) ||
        !cf_exchange_query_number(exchange, "before", INT64_MAX, 1, INT64_MAX, &before) ||
        !cf_exchange_query_number(exchange, "limit", COUNT_USUAL, 1, COUNT_MAX, &count) ||
        !cf_exchange_await_sequence(exchange))
        return;
    struct cf_unseal unseal = {.keeper = exchange->api->keeper};
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_query_updates(exchange->api->seats[exchange->seat].query, &campaign_id,
                         &exchange->user_id, before, count, cf_unsealer(&unseal), &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else
        cf_exchange_failed(exchange, status, &fault);
    cf_unseal_clean_up(&unseal);
}
