/* SPDX-License-Identifier: Apache-2.0 */
/* {"token"} out of a letter: whoever reads it reads the address's mail. */
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_post_users_verify(struct cf_exchange *exchange)
{
    const char *token;
    if (!cf_exchange_body(exchange) || !cf_exchange_text(exchange, "token", &token))
        return;
    struct cf_id user_id;
    struct cf_fault fault = {0};
    enum cf_status status = cf_keeper_ticket_check(exchange->api->keeper, cf_bytes_from_text(token),
                                                   CF_TICKET_VERIFY_EMAIL, false, &user_id, &fault);
    if (status == CF_DENIED || status == CF_INVALID || status == CF_NOT_FOUND) {
        cf_exchange_problem(exchange, CF_PROBLEM_TOKEN, NULL, "token");
        return;
    }
    if (status != CF_OK) {
        cf_exchange_failed(exchange, status, &fault);
        return;
    }
    cf_json_remove(exchange->body, "token");
    cf_exchange_set_id(exchange, "user_id", &user_id);
    cf_exchange_command_as(exchange, user_id, CF_COMMAND_user_verify_email, &user_id, false,
                           cf_exchange_accepted_plainly);
}
