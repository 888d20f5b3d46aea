/* SPDX-License-Identifier: Apache-2.0 */
#include "api/action.h"
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_get_pledge(struct cf_exchange *exchange)
{
    struct cf_id pledge_id, backer_id;
    if (!cf_exchange_id(exchange, 0, &pledge_id) || !cf_exchange_await_sequence(exchange))
        return;
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_query_pledge(exchange->api->seats[exchange->seat].query, &pledge_id,
                                            &json, &backer_id, &fault);
    if (status != CF_OK) {
        cf_exchange_failed(exchange, status, &fault);
    } else if (cf_id_equal(backer_id, exchange->user_id)) {
        cf_action_add(exchange, json, json);
        cf_exchange_json_etag(exchange, json);
    } else {
        cf_json_destroy(json);
        cf_exchange_problem(exchange, CF_PROBLEM_FORBIDDEN, NULL, NULL);
    }
}
