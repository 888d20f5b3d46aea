/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"email", "letter": "verify_address" or "password_reset"}: has a letter sent to that address. Whether
 * somebody has an account with it is not said.
 */
#include "api/api_private.h"
#include "api/exchange.h"

static void answer_plainly(struct cf_exchange *exchange)
{
    cf_exchange_json(exchange, 200, cf_json_object());
}

static void on_accepted(struct cf_exchange *exchange, const struct cf_reply *reply)
{
    (void)reply;
    answer_plainly(exchange);
}

void cf_route_post_users_letters(struct cf_exchange *exchange)
{
    if (!cf_rate_take(exchange->api->login_rate, &exchange->request->peer, cf_api_now_us())) {
        cf_exchange_problem(exchange, CF_PROBLEM_RATE, NULL, NULL);
        return;
    }
    const char *email, *letter;
    if (!cf_exchange_body(exchange) || !cf_exchange_text(exchange, "email", &email) ||
        !cf_exchange_text(exchange, "letter", &letter))
        return;
    if (strcmp(letter, "verify_address") != 0 && strcmp(letter, "password_reset") != 0) {
        cf_exchange_problem(exchange, CF_PROBLEM_FIELD, "verify_address or password_reset",
                            "letter");
        return;
    }
    struct cf_id user_id;
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_keeper_find(exchange->api->keeper, cf_bytes_from_text(email), &user_id, &fault);
    if (status == CF_NOT_FOUND || status == CF_INVALID) {
        answer_plainly(exchange);
        return;
    }
    if (status != CF_OK) {
        cf_exchange_failed(exchange, status, &fault);
        return;
    }
    struct cf_json *command = cf_json_object();
    cf_json_set_text(command, "mail", letter);
    cf_json_destroy(exchange->body);
    exchange->body = command;
    cf_exchange_set_id(exchange, "user_id", &user_id);
    cf_exchange_command_as(exchange, CF_ACTOR_KEEPER, CF_COMMAND_user_request_mail, &user_id, false,
                           on_accepted);
}
