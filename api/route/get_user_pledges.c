/* SPDX-License-Identifier: Apache-2.0 */
/* A backer's own pledges, newest first; `before` goes on where the page before ended. */
#include "api/api_private.h"
#include "api/exchange.h"

#define COUNT_USUAL 50
#define COUNT_MAX 200

void cf_route_get_user_pledges(struct cf_exchange *exchange)
{
    struct cf_id user_id;
    int64_t before, count;
    if (!cf_exchange_id(exchange, 0, &user_id))
        return;
    if (!cf_id_equal(user_id, exchange->user_id)) {
        cf_exchange_problem(exchange, CF_PROBLEM_FORBIDDEN, NULL, NULL);
        return;
    }
    if (!cf_exchange_query_number(exchange, "before", INT64_MAX, 1, INT64_MAX, &before) ||
        !cf_exchange_query_number(exchange, "limit", COUNT_USUAL, 1, COUNT_MAX, &count) ||
        !cf_exchange_await_sequence(exchange))
        return;
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    enum cf_status status = cf_query_pledges(exchange->api->seats[exchange->seat].query, &user_id,
                                             before, count, &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_etag(exchange, json);
    else
        cf_exchange_failed(exchange, status, &fault);
}
