/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"

#define NOTE_SIZE_MAX ((size_t)16384)

void cf_route_get_checkpoint(struct cf_exchange *exchange)
{
    struct cf_buf note;
    cf_buf_init(&note, NOTE_SIZE_MAX);
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_range_published(exchange->api->seats[exchange->seat].range, &note, &fault);
    if (status == CF_OK)
        cf_exchange_bytes(exchange, "text/plain; charset=utf-8", "public, max-age=1",
                          cf_buf_bytes(&note));
    else
        cf_exchange_failed(exchange, status, &fault);
    cf_buf_clean_up(&note);
}
