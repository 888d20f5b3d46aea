/* SPDX-License-Identifier: Apache-2.0 */
/* {"token", "password"}: the token of a letter, which works once. Every session ends. */
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_post_users_reset(struct cf_exchange *exchange)
{
    const char *token, *password;
    if (!cf_exchange_body(exchange) || !cf_exchange_text(exchange, "token", &token) ||
        !cf_exchange_password(exchange, &password))
        return;
    struct cf_keeper_client *keeper = exchange->api->keeper;
    struct cf_id user_id;
    struct cf_fault fault = {0};
    enum cf_status status = cf_keeper_ticket_check(
        keeper, cf_bytes_from_text(token), CF_TICKET_RESET_PASSWORD, true, &user_id, &fault);
    if (status == CF_DENIED || status == CF_INVALID || status == CF_NOT_FOUND) {
        cf_exchange_problem(exchange, CF_PROBLEM_TOKEN, NULL, "token");
        return;
    }
    if (status == CF_OK)
        status = cf_keeper_password_set(keeper, user_id, cf_bytes_from_text(password), &fault);
    if (status == CF_OK)
        cf_exchange_json(exchange, 200, cf_json_object());
    else
        cf_exchange_failed(exchange, status, &fault);
}
