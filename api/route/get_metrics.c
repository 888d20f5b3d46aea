/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"

#include <inttypes.h>

#define METRICS_SIZE_MAX ((size_t)64 * 1024)

static enum cf_status figure(struct cf_buf *text, const char *name, const char *kind,
                             const char *help, uint64_t value)
{
    return cf_buf_append_format(text,
                                "# HELP coffer_%s %s\n# TYPE coffer_%s %s\ncoffer_%s %" PRIu64 "\n",
                                name, help, name, kind, name, value);
}

static enum cf_status figures_print(struct cf_exchange *exchange, struct cf_buf *text)
{
    struct cf_api *api = exchange->api;
    struct cf_seat *seat = &api->seats[exchange->seat];
    struct cf_live_figures live = cf_live_figures(api->live);
    uint64_t head = 0;
    int64_t projected = 0;
    CF_TRY(figure(text, "http_requests_total", "counter", "Requests since the start.",
                  api->figures.requests));
    CF_TRY(figure(text, "commands_total", "counter", "Commands sent to the writer.",
                  api->figures.commands));
    CF_TRY(figure(text, "campaign_cache_hits_total", "counter", "Campaign pages from the cache.",
                  api->figures.page_hits));
    CF_TRY(figure(text, "campaign_cache_misses_total", "counter", "Campaign pages that were read.",
                  api->figures.page_misses));
    CF_TRY(figure(text, "http_connections", "gauge", "Connections open now.",
                  cf_http_server_connection_count(api->server)));
    CF_TRY(figure(text, "live_viewers", "gauge", "Streams of live progress.", live.viewers));
    CF_TRY(figure(text, "live_messages_total", "counter", "Messages to viewers.", live.messages));
    /* What cannot be reached is left out rather than shown as zero. */
    if (cf_range_head(seat->range, &head, NULL) == CF_OK)
        CF_TRY(figure(text, "log_head", "gauge", "Sequence of the newest record.", head));
    if (cf_query_position(seat->query, &projected, NULL) == CF_OK)
        CF_TRY(figure(text, "projected_sequence", "gauge",
                      "Record up to which every read model has come.", (uint64_t)projected));
    return CF_OK;
}

void cf_route_get_metrics(struct cf_exchange *exchange)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, METRICS_SIZE_MAX);
    if (figures_print(exchange, &text) == CF_OK)
        cf_exchange_bytes(exchange, "text/plain; version=0.0.4; charset=utf-8", "no-store",
                          cf_buf_bytes(&text));
    else
        cf_exchange_problem(exchange, CF_PROBLEM_INTERNAL, NULL, NULL);
}
