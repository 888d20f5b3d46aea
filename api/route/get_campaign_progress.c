/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_get_campaign_progress(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id))
        return;
    enum cf_status status = cf_live_watch(exchange->api->live, exchange->request, &campaign_id, 1);
    if (status != CF_OK)
        cf_exchange_failed(exchange, status, &(struct cf_fault){0});
}
