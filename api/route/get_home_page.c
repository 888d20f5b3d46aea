/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"
#include "api/web.h"

void cf_route_get_home_page(struct cf_exchange *exchange)
{
    cf_web_answer_page(exchange, "discover.html");
}
