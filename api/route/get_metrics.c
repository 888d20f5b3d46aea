/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "commands/gateway/inquiry.h"
#include "core/json_value.h"

#include <inttypes.h>

#define METRICS_SIZE_MAX ((size_t)64 * 1024)
#define GATEWAY_TIMEOUT_MS 500

static enum cf_status figure(struct cf_buf *text, const char *name, const char *kind,
                             const char *help, uint64_t value)
{
    return cf_buf_append_format(text,
                                "# HELP coffer_%s %s\n# TYPE coffer_%s %s\ncoffer_%s %" PRIu64 "\n",
                                name, help, name, kind, name, value);
}

/* The gateway's own words; NULL when it does not answer. Owned by the caller. */
static struct cf_json *ask_gateway(const char *url)
{
    struct cf_json *status = NULL;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, METRICS_SIZE_MAX);
    if (url != NULL && cf_inquire_status(url, GATEWAY_TIMEOUT_MS, &text, NULL) == CF_OK &&
        cf_json_parse(cf_buf_bytes(&text), &status, NULL) != CF_OK)
        status = NULL;
    return status;
}

static enum cf_status gateway_print(struct cf_exchange *exchange, struct cf_buf *text)
{
    static const struct {
        const char *path, *name, *kind, *help;
    } rows[] = {
        {"under_way", "gateway_under_way", "gauge", "Calls to provider, mail and writer now."},
        {"performed", "gateway_performed_total", "counter", "Requests that were performed."},
        {"deferred", "gateway_deferred_total", "counter", "Requests that were put off."},
        {"parked", "gateway_parked_total", "counter", "Requests that somebody has to look at."},
        {"quarantined", "gateway_quarantined_total", "counter",
         "Notices that contradict the ledger."},
        {"missed_notices", "gateway_missed_notices_total", "counter",
         "Notices that had to be fetched."},
        {"provider.waiting", "provider_waiting", "gauge", "Calls that wait for their turn."},
        {"provider.in_flight", "provider_in_flight", "gauge", "Calls being made."},
        {"provider.calls", "provider_calls_total", "counter", "Calls that were made."},
        {"provider.retries", "provider_retries_total", "counter", "Calls that were made again."},
        {"provider.limited", "provider_limited_total", "counter", "Answers 429."},
        {"provider.failures", "provider_failures_total", "counter", "Calls that failed."},
    };
    CF_CLEANUP(cf_scope_cf_json_destroy)
    struct cf_json *status = ask_gateway(exchange->api->options->gateway_url);
    if (status == NULL)
        return CF_OK;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CF_TRY(figure(text, rows[i].name, rows[i].kind, rows[i].help,
                      (uint64_t)cf_json_integer_at(status, rows[i].path, 0)));
    return figure(text, "provider_breaker_open", "gauge", "1 while the provider is left alone.",
                  !cf_json_is(cf_json_at(status, "provider.breaker"), "closed"));
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
    return gateway_print(exchange, text);
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
