/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "api/unseal.h"

#define COUNT_USUAL 24
#define COUNT_MAX 100
#define RADIUS_MAX_M 2000000

void cf_route_get_campaigns(struct cf_exchange *exchange)
{
    struct cf_query_listing listing = {.status = cf_exchange_query(exchange, "status"),
                                       .category = cf_exchange_query(exchange, "category"),
                                       .model = cf_exchange_query(exchange, "model"),
                                       .country = cf_exchange_query(exchange, "country"),
                                       .words = cf_exchange_query(exchange, "q"),
                                       .sort = cf_exchange_query(exchange, "sort"),
                                       .cursor = cf_exchange_query(exchange, "cursor")};
    if (!cf_exchange_query_number(exchange, "latitude_microdegrees", 0, -90000000, 90000000,
                                  &listing.latitude_microdegrees) ||
        !cf_exchange_query_number(exchange, "longitude_microdegrees", 0, -180000000, 180000000,
                                  &listing.longitude_microdegrees) ||
        !cf_exchange_query_number(exchange, "radius_m", 0, 0, RADIUS_MAX_M, &listing.radius_m) ||
        !cf_exchange_query_number(exchange, "limit", COUNT_USUAL, 1, COUNT_MAX,
                                  &listing.count_max) ||
        !cf_exchange_await_sequence(exchange))
        return;
    struct cf_unseal unseal = {.keeper = exchange->api->keeper};
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_query_campaigns(exchange->api->seats[exchange->seat].query, &listing,
                                               cf_unsealer(&unseal), &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else if (status == CF_INVALID)
        cf_exchange_problem(exchange, CF_PROBLEM_PARAMETER, fault.text, fault.detail);
    else
        cf_exchange_failed(exchange, status, &fault);
    cf_unseal_clean_up(&unseal);
}
