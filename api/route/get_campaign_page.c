/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"
#include "api/web.h"

/* The page is the same for each campaign; its script fills it. */
void cf_route_get_campaign_page(struct cf_exchange *exchange)
{
    cf_web_answer_page(exchange, "campaign.html");
}
