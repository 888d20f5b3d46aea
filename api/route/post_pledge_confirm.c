/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"

void cf_route_post_pledge_confirm(struct cf_exchange *exchange)
{
    struct cf_id pledge_id;
    if (!cf_exchange_id(exchange, 0, &pledge_id) || !cf_exchange_body(exchange))
        return;
    cf_exchange_set_id(exchange, "pledge_id", &pledge_id);
    cf_exchange_command(exchange, CF_COMMAND_pledge_confirm, &exchange->user_id,
                        cf_exchange_accepted_plainly);
}
