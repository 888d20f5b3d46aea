/* SPDX-License-Identifier: Apache-2.0 */
/* A creator begins the identity check; campaigns can be submitted from then on, and nothing is paid out
 * before somebody has recorded its result. */
#include "api/exchange.h"

void cf_route_post_user_identity_check(struct cf_exchange *exchange)
{
    struct cf_id user_id;
    if (!cf_exchange_id(exchange, 0, &user_id) || !cf_exchange_body_or_nothing(exchange))
        return;
    char check[CF_ID_TEXT_SIZE];
    cf_id_print(cf_exchange_repeatable_id(exchange), check);
    cf_exchange_set_id(exchange, "user_id", &user_id);
    cf_json_set_text(exchange->body, "check", check);
    cf_exchange_command(exchange, CF_COMMAND_user_start_identity_check, &user_id,
                        cf_exchange_accepted_plainly);
}
