/* SPDX-License-Identifier: Apache-2.0 */
/* 200 when everything that requests need answers; else 503 with what does not. */
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_get_health(struct cf_exchange *exchange)
{
    struct cf_seat *seat = &exchange->api->seats[exchange->seat];
    uint64_t head = 0, kept = 0;
    int64_t projected = 0;
    bool writer = cf_range_head(seat->range, &head, NULL) == CF_OK;
    bool read_models = cf_query_position(seat->query, &projected, NULL) == CF_OK;
    bool keeper = cf_keeper_catch_up(exchange->api->keeper, &kept, NULL) == CF_OK;

    struct cf_json *json = cf_json_object();
    bool well = writer && read_models && keeper;
    cf_json_set_text(json, "status", well ? "ok" : "degraded");
    cf_json_set_bool(json, "writer", writer);
    cf_json_set_bool(json, "keeper", keeper);
    cf_json_set_bool(json, "read_models", read_models);
    if (writer)
        cf_json_set_integer(json, "head", (int64_t)head);
    if (read_models)
        cf_json_set_integer(json, "projected", projected);
    cf_exchange_json(exchange, well ? 200 : 503, json);
}
