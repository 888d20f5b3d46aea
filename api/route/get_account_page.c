/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"
#include "api/web.h"

void cf_route_get_account_page(struct cf_exchange *exchange)
{
    cf_web_answer_page(exchange, "account.html");
}
