/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_get_categories(struct cf_exchange *exchange)
{
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_query_categories(exchange->api->seats[exchange->seat].query, &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else
        cf_exchange_failed(exchange, status, &fault);
}
