/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles by the paths of C2SP's tlog-tiles. They never change, so anybody may keep them for ever. */
#include "api/api_private.h"
#include "api/exchange.h"
#include "eventstore/bus.h"

#include <stdio.h>

#define PATH_SIZE_MAX 128

void cf_route_get_tile(struct cf_exchange *exchange)
{
    char path[PATH_SIZE_MAX];
    struct cf_bytes below = exchange->parameters[0];
    if (below.size + sizeof "tile/" > sizeof path) {
        cf_exchange_problem(exchange, CF_PROBLEM_NOT_FOUND, NULL, NULL);
        return;
    }
    snprintf(path, sizeof path, "tile/%.*s", (int)below.size, (const char *)below.data);

    struct cf_buf bytes;
    cf_buf_init(&bytes, CF_BUS_MESSAGE_SIZE_MAX);
    struct cf_fault fault = {0};
    enum cf_status status = cf_range_tile(exchange->api->seats[exchange->seat].range,
                                          cf_bytes_from_text(path), &bytes, &fault);
    if (status == CF_OK)
        cf_exchange_bytes(exchange, "application/octet-stream",
                          "public, max-age=31536000, immutable", cf_buf_bytes(&bytes));
    else
        cf_exchange_failed(exchange, status == CF_INVALID ? CF_NOT_FOUND : status, &fault);
    cf_buf_clean_up(&bytes);
}
