/* SPDX-License-Identifier: Apache-2.0 */
/* Another card for a pledge: a saved one (card_id), or one that the provider's form took (payment_method). */
#include "api/exchange.h"

void cf_route_post_pledge_card(struct cf_exchange *exchange)
{
    struct cf_id pledge_id;
    if (!cf_exchange_id(exchange, 0, &pledge_id) || !cf_exchange_body(exchange))
        return;
    cf_exchange_set_id(exchange, "pledge_id", &pledge_id);
    cf_exchange_command(exchange, CF_COMMAND_pledge_replace_card, &exchange->user_id,
                        cf_exchange_accepted_plainly);
}
