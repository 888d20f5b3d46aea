/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the session that the request came with. */
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_post_users_logout(struct cf_exchange *exchange)
{
    struct cf_bytes token = cf_exchange_token(exchange);
    struct cf_id user_id;
    struct cf_fault fault = {0};
    cf_sessions_forget(exchange->api->sessions, token);
    enum cf_status status = cf_keeper_ticket_check(exchange->api->keeper, token, CF_TICKET_SESSION,
                                                   true, &user_id, &fault);
    if (status == CF_OK || status == CF_NOT_FOUND)
        cf_exchange_json_with_cookie(exchange, 200, cf_json_object(), "", 0);
    else
        cf_exchange_failed(exchange, status, &fault);
}
