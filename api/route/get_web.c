/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"
#include "api/web.h"

void cf_route_get_web(struct cf_exchange *exchange)
{
    struct cf_bytes file = exchange->parameters[0];
    struct cf_bytes content;
    const char *type;
    if (cf_web_find(file, &type, &content))
        cf_exchange_bytes(exchange, type, "no-cache", content);
    else
        cf_exchange_problem(exchange, CF_PROBLEM_NOT_FOUND, NULL, NULL);
}
