/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"

void cf_route_post_campaign_submit(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id) || !cf_exchange_body_or_nothing(exchange))
        return;
    cf_exchange_set_id(exchange, "campaign_id", &campaign_id);
    cf_exchange_command(exchange, CF_COMMAND_campaign_submit, &campaign_id,
                        cf_exchange_accepted_plainly);
}
