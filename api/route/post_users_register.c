/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes an account. The keeper reserves the address first, for this idempotency key, so that a retry gets
 * the same person; the password goes to the keeper alone.
 */
#include "api/api_private.h"
#include "api/exchange.h"

#define TERMS_VERSION "1"

static void answer(struct cf_exchange *exchange, const struct cf_reply *reply)
{
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "user_id", cf_json_text_at(exchange->body, "user_id"));
    cf_json_set_integer(json, "sequence", (int64_t)reply->last_sequence);
    cf_exchange_json(exchange, 201, json);
}

static bool password_take(struct cf_exchange *exchange, struct cf_json **ret_password)
{
    const char *password;
    if (!cf_exchange_password(exchange, &password))
        return false;
    *ret_password = cf_json_copy(cf_json_get(exchange->body, "password"));
    cf_json_remove(exchange->body, "password");
    return true;
}

void cf_route_post_users_register(struct cf_exchange *exchange)
{
    if (!cf_rate_take(exchange->api->login_rate, &exchange->request->peer, cf_api_now_us())) {
        cf_exchange_problem(exchange, CF_PROBLEM_RATE, NULL, NULL);
        return;
    }
    const char *email;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *password = NULL;
    if (!cf_exchange_body(exchange) || !cf_exchange_text(exchange, "email", &email) ||
        !password_take(exchange, &password))
        return;

    struct cf_keeper_client *keeper = exchange->api->keeper;
    struct cf_id user_id;
    struct cf_fault fault = {0};
    enum cf_status status = cf_keeper_reserve(keeper, cf_bytes_from_text(email),
                                              cf_bytes_from_text(exchange->key), &user_id, &fault);
    if (status == CF_OK)
        status = cf_keeper_password_first(keeper, user_id,
                                          cf_bytes_from_text(cf_json_text(password)), &fault);
    if (status == CF_CONFLICT)
        cf_exchange_problem(exchange, CF_PROBLEM_EMAIL_TAKEN, NULL, "email");
    else if (status == CF_INVALID)
        cf_exchange_problem(exchange, CF_PROBLEM_FIELD, "not an e-mail address", "email");
    else if (status != CF_OK)
        cf_exchange_failed(exchange, status, &fault);
    if (status != CF_OK)
        return;

    cf_exchange_set_id(exchange, "user_id", &user_id);
    cf_json_set_bool(exchange->body, "imported", false);
    if (cf_json_get(exchange->body, "terms_version") == NULL)
        cf_json_set_text(exchange->body, "terms_version", TERMS_VERSION);
    cf_exchange_command_as(exchange, user_id, CF_COMMAND_user_register, &user_id, false, answer);
}
