/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process: opens the doors, hands each request to its route, closes the doors.
 *
 * A request is routed on the thread that polled it. Who is asking is looked up in the sessions that are
 * remembered; if that fails, or if the route may wait, it goes to the pool.
 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOGIN_BURST 60

int64_t cf_api_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- One request ---- */

/* The session's token: "Authorization: Bearer …", or the cookie that a page sends. Empty: none. */
static struct cf_bytes token_of(const struct cf_http_request *request)
{
    const char *authorization = cf_http_request_header(request, "Authorization");
    if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
        return cf_bytes_from_text(authorization + 7);
    const char *cookies = cf_http_request_header(request, "Cookie");
    const char *cookie = cookies == NULL ? NULL : strstr(cookies, CF_SESSION_COOKIE "=");
    if (cookie == NULL || (cookie != cookies && cookie[-1] != ' ' && cookie[-1] != ';'))
        return (struct cf_bytes){0};
    cookie += sizeof CF_SESSION_COOKIE;
    return cf_bytes_from(cookie, strcspn(cookie, "; "));
}

struct cf_bytes cf_exchange_token(const struct cf_exchange *exchange)
{
    return token_of(exchange->request);
}

/* Asks the keeper whose token it is. False: answered. */
static bool session_ask(struct cf_exchange *exchange, struct cf_bytes token)
{
    struct cf_api *api = exchange->api;
    struct cf_fault fault = {0};
    enum cf_status status = cf_keeper_ticket_check(api->keeper, token, CF_TICKET_SESSION, false,
                                                   &exchange->user_id, &fault);
    if (status == CF_OK) {
        cf_sessions_remember(api->sessions, token, &exchange->user_id, cf_api_now_us());
        return true;
    }
    if (status == CF_NOT_FOUND && exchange->route->access == CF_ACCESS_PUBLIC)
        return true;
    if (status == CF_NOT_FOUND)
        cf_exchange_problem(exchange, CF_PROBLEM_UNAUTHENTICATED, "the session has ended", NULL);
    else
        cf_exchange_failed(exchange, status, &fault);
    return false;
}

/* On the pool. */
static void exchange_run(void *work, size_t seat)
{
    struct cf_exchange *exchange = work;
    exchange->seat = seat;
    struct cf_bytes token = token_of(exchange->request);
    if (token.size > 0 && cf_id_is_zero(exchange->user_id) && !session_ask(exchange, token))
        return;
    (exchange->resume != NULL ? exchange->resume : exchange->route->run)(exchange);
}

void cf_exchange_wait(struct cf_exchange *exchange, cf_route_fn *resume)
{
    exchange->resume = resume;
    if (cf_pool_submit(exchange->api->pool, exchange) != CF_OK)
        cf_exchange_problem(exchange, CF_PROBLEM_BUSY, NULL, NULL);
}

static void exchange_begin(struct cf_exchange *exchange)
{
    struct cf_api *api = exchange->api;
    struct cf_bytes token = token_of(exchange->request);
    bool known = token.size > 0 &&
                 cf_sessions_find(api->sessions, token, cf_api_now_us(), &exchange->user_id);
    if (token.size == 0 && exchange->route->access == CF_ACCESS_SESSION) {
        cf_exchange_problem(exchange, CF_PROBLEM_UNAUTHENTICATED, NULL, NULL);
        return;
    }
    bool waits = exchange->route->place == CF_PLACE_POOL || (token.size > 0 && !known);
    if (!waits)
        exchange->route->run(exchange);
    else
        cf_exchange_wait(exchange, NULL);
}

static void handle(void *context, struct cf_http_request *request)
{
    struct cf_api *api = context;
    api->figures.requests++;
    struct cf_route_match match;
    cf_route_find(request->method, request->path, &match);
    if (match.route == NULL) {
        cf_problem_respond(request, match.path_known ? CF_PROBLEM_METHOD : CF_PROBLEM_NOT_FOUND,
                           NULL, NULL);
        return;
    }
    struct cf_exchange *exchange = cf_arena_allocate(request->arena, sizeof *exchange);
    if (exchange == NULL) {
        cf_problem_respond(request, CF_PROBLEM_INTERNAL, NULL, NULL);
        return;
    }
    exchange->api = api;
    exchange->request = request;
    exchange->route = match.route;
    memcpy(exchange->parameters, match.parameters, sizeof exchange->parameters);
    exchange_begin(exchange);
}

/* ---- What changes elsewhere ---- */

/* Drops what is rendered of a campaign that changed. */
static void change_hear(void *context, const char *topic)
{
    struct cf_api *api = context;
    const char *colon = strchr(topic, ':');
    struct cf_id campaign_id;
    if (colon != NULL && cf_id_parse(cf_bytes_from_text(colon + 1), &campaign_id) == CF_OK)
        cf_page_cache_drop(api->pages, &campaign_id);
}

static enum cf_status totals_read(void *context, const struct cf_id *campaign_id,
                                  struct cf_buf *ret_json)
{
    struct cf_api *api = context;
    return cf_query_totals(api->seats[CF_API_WORKERS].query, campaign_id, ret_json, NULL);
}

/* ---- Opening and closing ---- */

void cf_api_close(struct cf_api *api)
{
    if (api == NULL)
        return;
    if (api->server != NULL)
        cf_http_server_quiesce(api->server);
    cf_live_close(api->live);
    cf_http_server_close(api->server);
    cf_pool_close(api->pool);
    cf_link_close(api->link);
    cf_keeper_client_close(api->keeper);
    for (size_t i = 0; i <= CF_API_WORKERS; i++)
        cf_seat_close(&api->seats[i]);
    cf_sessions_destroy(api->sessions);
    cf_page_cache_destroy(api->pages);
    cf_rate_destroy(api->login_rate);
    pthread_mutex_destroy(&api->ids_mutex);
    free(api);
}
CF_SCOPE_DEFINE(struct cf_api *, cf_api_close)

static enum cf_status doors_open(struct cf_api *api, struct cf_fault *reterr_fault)
{
    const struct cf_api_options *options = api->options;
    CF_TRY(cf_sessions_new(&api->sessions));
    CF_TRY(cf_page_cache_new(&api->pages));
    CF_TRY(cf_rate_new(LOGIN_BURST, options->logins_per_minute, &api->login_rate));
    for (size_t i = 0; i <= CF_API_WORKERS; i++)
        CF_TRY(cf_seat_open(&api->seats[i], options, reterr_fault));
    CF_TRY(cf_keeper_client_open(options->keeper_url, CF_API_KEEPER_TIMEOUT_MS, &api->keeper,
                                 reterr_fault));
    CF_TRY(cf_link_open(options->writer_url, &api->link, reterr_fault));
    CF_TRY(cf_pool_open(CF_API_WORKERS, CF_API_QUEUE_MAX, exchange_run, &api->pool));
    CF_TRY(cf_live_open(&(struct cf_live_options){.feed_url = options->changes_url,
                                                  .read = totals_read,
                                                  .context = api,
                                                  .hear = change_hear},
                        &api->live, reterr_fault));
    return cf_http_server_open(&(struct cf_http_server_options){CF_HTTP_SERVER_OPTIONS_DEFAULT,
                                                                .address = options->address,
                                                                .port = options->port,
                                                                .handle = handle, .context = api},
                               &api->server, reterr_fault);
}

enum cf_status cf_api_open(const struct cf_api_options *options, struct cf_api **ret_api,
                           struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_api_close) struct cf_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the API");
    api->options = options;
    pthread_mutex_init(&api->ids_mutex, NULL);
    CF_TRY(doors_open(api, reterr_fault));
    *ret_api = CF_TAKE(api);
    return CF_OK;
}

uint16_t cf_api_port(const struct cf_api *api)
{
    return cf_http_server_port(api->server);
}
