/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"email", "password", "totp"?} → a session's token, for `Authorization: Bearer`, and as a cookie for the
 * pages. What exactly was wrong is not said.
 */
#include "api/api_private.h"
#include "api/exchange.h"

#define SESSION_LIFETIME_US (INT64_C(14) * 24 * 3600 * 1000000)

static void answer(struct cf_exchange *exchange, const struct cf_id *user_id, const char *token)
{
    char user_text[CF_ID_TEXT_SIZE];
    cf_id_print(*user_id, user_text);
    char expires_text[CF_TIME_TEXT_SIZE];
    cf_time_print(cf_api_now_us() + SESSION_LIFETIME_US, expires_text);
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "user_id", user_text);
    cf_json_set_text(json, "token", token);
    cf_json_set_text(json, "expires_at", expires_text);
    cf_exchange_json_with_cookie(exchange, 200, json, token, SESSION_LIFETIME_US / 1000000);
}

void cf_route_post_users_login(struct cf_exchange *exchange)
{
    if (!cf_rate_take(exchange->api->login_rate, &exchange->request->peer, cf_api_now_us())) {
        cf_exchange_problem(exchange, CF_PROBLEM_RATE, NULL, NULL);
        return;
    }
    const char *email, *password;
    if (!cf_exchange_body(exchange) || !cf_exchange_text(exchange, "email", &email) ||
        !cf_exchange_text(exchange, "password", &password))
        return;
    const char *code = cf_json_text_at(exchange->body, "totp");

    struct cf_id user_id;
    char token[CF_VAULT_TOKEN_SIZE];
    bool second_factor_needed = false;
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_keeper_login(exchange->api->keeper, cf_bytes_from_text(email),
                        cf_bytes_from_text(password), cf_bytes_from_text(code == NULL ? "" : code),
                        SESSION_LIFETIME_US, &user_id, token, &second_factor_needed, &fault);
    if (status == CF_DENIED || status == CF_INVALID)
        cf_exchange_problem(exchange, CF_PROBLEM_CREDENTIALS, NULL, NULL);
    else if (status != CF_OK)
        cf_exchange_failed(exchange, status, &fault);
    else if (second_factor_needed)
        cf_exchange_problem(exchange, CF_PROBLEM_SECOND_FACTOR, NULL, "totp");
    else
        answer(exchange, &user_id, token);
}
