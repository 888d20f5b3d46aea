/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for a review; whoever has not begun the identity check begins it with this. */
#include "api/exchange.h"

void cf_route_post_campaign_submit(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id) || !cf_exchange_body_or_nothing(exchange))
        return;
    cf_exchange_set_id(exchange, "campaign_id", &campaign_id);
    char check[sizeof "chk_" + CF_ID_TEXT_SIZE] = "chk_";
    cf_id_print(campaign_id, check + 4);
    cf_json_set_text(exchange->body, "check", check);
    cf_exchange_command(exchange, CF_COMMAND_campaign_submit, &campaign_id,
                        cf_exchange_accepted_plainly);
}
