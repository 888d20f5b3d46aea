/* SPDX-License-Identifier: Apache-2.0 */
/* One stream for many campaigns: ?campaigns=<id>,<id>,… */
#include "api/api_private.h"
#include "api/exchange.h"

void cf_route_get_progress(struct cf_exchange *exchange)
{
    struct cf_bytes list = cf_exchange_query(exchange, "campaigns");
    struct cf_id ids[CF_LIVE_CAMPAIGNS_MAX];
    size_t count = 0;
    while (list.size > 0 && count < CF_LIVE_CAMPAIGNS_MAX) {
        const uint8_t *comma = memchr(list.data, ',', list.size);
        size_t size = comma == NULL ? list.size : (size_t)(comma - list.data);
        if (cf_id_parse(cf_bytes_from(list.data, size), &ids[count]) != CF_OK)
            break;
        count++;
        size_t taken = comma == NULL ? size : size + 1;
        list = cf_bytes_from(list.data + taken, list.size - taken);
    }
    if (count == 0 || list.size > 0) {
        cf_exchange_problem(exchange, CF_PROBLEM_PARAMETER,
                            "1 to 100 campaign ids, separated by commas", "campaigns");
        return;
    }
    enum cf_status status = cf_live_watch(exchange->api->live, exchange->request, ids, count);
    if (status != CF_OK)
        cf_exchange_failed(exchange, status, &(struct cf_fault){0});
}
