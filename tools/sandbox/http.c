/* SPDX-License-Identifier: Apache-2.0 */
/* From an HTTP request to a call and back: key, route, parameters, the transaction. */
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "eventstore/sodium.h"
#include "tools/sandbox/event_types.h"
#include "tools/sandbox/exchange.h"
#include "tools/sandbox/form_tree.h"
#include "tools/sandbox/parameters.h"

#include <stdio.h>
#include <strings.h>

#define ANSWER_SIZE_MAX ((size_t)4 << 20)
#define FORM_PAIR_COUNT_MAX 1000
#define IDEMPOTENCY_KEY_SIZE_MAX 255

const struct cf_endpoint cf_endpoints[] = {
#define CF_ENDPOINT(name, METHOD, path, parameters)                                                \
    {#name, CF_HTTP_##METHOD, path, parameters, cf_sandbox_##name},
#include "tools/sandbox/endpoints.def"
#undef CF_ENDPOINT
};
const size_t cf_endpoint_count = sizeof cf_endpoints / sizeof cf_endpoints[0];

/* Routes. */

/* "/v1/refunds/{id}" against a path; the id may be anything but empty. */
static bool matches(const char *pattern, const char *path, char ret_id[128])
{
    while (*pattern != '\0') {
        if (*pattern == '{') {
            size_t size = strcspn(path, "/");
            if (size == 0 || size >= 128)
                return false;
            memcpy(ret_id, path, size);
            ret_id[size] = '\0';
            path += size;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static const struct cf_endpoint *route(const struct cf_http_request *request, char ret_id[128])
{
    const char *path = (const char *)request->path.data;
    for (size_t i = 0; i < cf_endpoint_count; i++) {
        if (cf_endpoints[i].method == request->method &&
            matches(cf_endpoints[i].path, path, ret_id))
            return &cf_endpoints[i];
    }
    return NULL;
}

/* Keys. */

static bool is_test_key(const char *text, size_t size)
{
    static const char prefix[] = "sk_test_";
    return size >= sizeof prefix - 1 && memcmp(text, prefix, sizeof prefix - 1) == 0;
}

static bool is_authorized(const struct cf_http_request *request)
{
    const char *header = cf_http_request_header(request, "Authorization");
    if (header == NULL)
        return false;
    if (strncasecmp(header, "Bearer ", 7) == 0)
        return is_test_key(header + 7, strlen(header + 7));
    uint8_t text[256];
    size_t size = 0;
    return strncasecmp(header, "Basic ", 6) == 0 &&
           cf_base64_decode(cf_bytes_from_text(header + 6), text, sizeof text, &size) == CF_OK &&
           is_test_key((const char *)text, size);
}

/* What can be told from the headers alone. */
static void refuse_by_headers(struct cf_exchange *exchange)
{
    static const char form[] = "application/x-www-form-urlencoded";
    struct cf_http_request *request = exchange->request;
    const char *type = cf_http_request_header(request, "Content-Type");
    const char *key = cf_http_request_header(request, "Idempotency-Key");
    if (cf_http_request_header(request, "Authorization") == NULL)
        cf_call_refuse(&exchange->call, 401, NULL, NULL,
                       "You did not provide an API key. Use any that begins with sk_test_.");
    else if (!is_authorized(request))
        cf_call_refuse(&exchange->call, 401, NULL, NULL,
                       "Invalid API key provided. Use any that begins with sk_test_.");
    else if (request->body.size > 0 && type != NULL &&
             strncasecmp(type, form, sizeof form - 1) != 0)
        cf_call_refuse(&exchange->call, 400, NULL, NULL,
                       "Invalid request (check that your POST content type is %s).", form);
    else if (key != NULL && strlen(key) > IDEMPOTENCY_KEY_SIZE_MAX)
        cf_call_refuse(&exchange->call, 400, NULL, NULL,
                       "An idempotency key has at most %d characters.", IDEMPOTENCY_KEY_SIZE_MAX);
}

/* Parameters. */

static bool parse_params(struct cf_exchange *exchange)
{
    struct cf_http_request *request = exchange->request;
    struct cf_fault fault = {0};
    struct cf_form form = request->query;
    if (request->method == CF_HTTP_POST &&
        cf_form_parse(request->body, FORM_PAIR_COUNT_MAX, request->arena, &form) != CF_OK) {
        cf_call_refuse(&exchange->call, 400, NULL, NULL, "The body is not a form");
        return false;
    }
    if (cf_form_tree_parse(&form, &exchange->params, &fault) != CF_OK) {
        cf_call_refuse(&exchange->call, 400, NULL, NULL, "Invalid parameters: %s %s", fault.text,
                       fault.detail);
        return false;
    }
    exchange->call.params = exchange->params;
    cf_exchange_take_fingerprint(exchange);
    struct cf_parameter_refusal refusal;
    if (cf_parameters_check(exchange->endpoint->parameters, exchange->params, &refusal))
        return true;
    cf_call_refuse(&exchange->call, 400, refusal.code, refusal.parameter, "%s", refusal.message);
    return false;
}

/* The call. */

static void execute(struct cf_exchange *exchange)
{
    struct cf_call *call = &exchange->call;
    bool provider = strncmp(exchange->endpoint->path, "/v1/", 4) == 0;
    if (!parse_params(exchange) || (provider && cf_exchange_fails_before(exchange)))
        return;
    if (exchange->account[0] != '\0' && cf_store_find(call->store, "", exchange->account) == NULL) {
        cf_call_refuse(call, 403, "account_invalid", NULL,
                       "The provided key does not have access to account '%s'", exchange->account);
        return;
    }
    if (cf_exchange_is_keyed(exchange) && cf_exchange_replay(exchange))
        return;
    exchange->endpoint->handle(call);
    CF_ASSERT(call->status != 0);
    exchange->executed = true;
    cf_call_expand_answer(call);
}

/* Ends the transaction. A refusal undoes what the handler did; under a key it is kept itself, as every
 * answer is once the handler began. */
static enum cf_status conclude(struct cf_exchange *exchange, struct cf_fault *reterr_fault)
{
    struct cf_call *call = &exchange->call;
    bool done = call->status == 200 || call->status == 402;
    bool provider = strncmp(exchange->endpoint->path, "/v1/", 4) == 0;
    if (!exchange->executed || !done)
        cf_store_abort(call->store);
    if (!exchange->executed)
        return CF_OK;
    if (!done)
        CF_TRY(cf_store_begin(call->store, reterr_fault));
    if (done && provider)
        cf_exchange_fails_after(exchange);
    if (cf_exchange_is_keyed(exchange))
        cf_exchange_remember(exchange);
    return cf_store_commit(call->store, reterr_fault);
}

static void run(struct cf_sandbox *sandbox, struct cf_exchange *exchange)
{
    struct cf_call *call = &exchange->call;
    struct cf_fault fault = {0};
    pthread_mutex_lock(&sandbox->mutex);
    enum cf_status status = cf_sandbox_call_begin(sandbox, call, &fault);
    if (status == CF_OK) {
        cf_call_new_id(call, "req", exchange->request_id);
        call->request_id = exchange->request_id;
        call->account = exchange->account;
        call->id = exchange->id[0] == '\0' ? NULL : exchange->id;
        call->idempotency_key = cf_http_request_header(exchange->request, "Idempotency-Key");
        execute(exchange);
        status = conclude(exchange, &fault);
    }
    if (exchange->delay_ms > 0 && !exchange->lost) {
        struct cf_hash key = {{0}};
        if (cf_exchange_is_keyed(exchange))
            cf_exchange_hash_key(exchange, &key);
        exchange->delayed = cf_sandbox_delay(sandbox, &key);
    }
    pthread_cond_broadcast(&sandbox->changed); /* something new may be due */
    pthread_mutex_unlock(&sandbox->mutex);
    if (status != CF_OK) {
        cf_json_destroy(CF_TAKE(call->answer));
        call->status = 0;
        cf_call_refuse(call, 500, NULL, NULL, "The sandbox's store failed: %s %s", fault.text,
                       fault.detail);
    }
}

static void new_request_id(char ret_id[64])
{
    uint8_t random[12];
    cf_random(random, sizeof random);
    memcpy(ret_id, "req_", 4);
    cf_hex_print(cf_bytes_from(random, sizeof random), ret_id + 4);
    ret_id[4 + 2 * sizeof random] = '\0';
}

/* Sends what the call answered. */
static void respond(struct cf_exchange *exchange)
{
    struct cf_call *call = &exchange->call;
    if (exchange->lost) {
        cf_http_drop(exchange->request);
        return;
    }
    struct cf_http_header headers[10];
    size_t count = 0;
    headers[count++] = (struct cf_http_header){
        "Content-Type", call->html ? "text/html; charset=utf-8" : "application/json"};
    headers[count++] = (struct cf_http_header){"Cache-Control", "no-store"};
    if (exchange->request_id[0] == '\0') /* refused before it was a call */
        new_request_id(exchange->request_id);
    headers[count++] = (struct cf_http_header){"Request-Id", exchange->request_id};
    if (call->status == 401)
        headers[count++] = (struct cf_http_header){"WWW-Authenticate", "Basic realm=\"Stripe\""};
    if (call->idempotency_key != NULL && !call->html)
        headers[count++] = (struct cf_http_header){"Idempotency-Key", call->idempotency_key};
    if (exchange->replayed)
        headers[count++] = (struct cf_http_header){"Idempotent-Replayed", "true"};
    if (call->location[0] != '\0')
        headers[count++] = (struct cf_http_header){"Location", call->location};
    if (strncmp((const char *)exchange->request->path.data, "/v1/", 4) == 0)
        headers[count++] = (struct cf_http_header){"Stripe-Version", "2022-11-15"};
    struct cf_buf body;
    cf_buf_init(&body, ANSWER_SIZE_MAX);
    if (call->html)
        CF_ASSERT(cf_buf_append_text(&body, cf_json_text(call->answer)) == CF_OK);
    else if (cf_json_print(call->answer, &body) != CF_OK)
        call->status = 500;
    struct cf_http_response response = {.status = call->location[0] != '\0' ? 303 : call->status,
                                        .headers = headers,
                                        .header_count = count,
                                        .body = cf_buf_bytes(&body)};
    if (exchange->delayed != NULL)
        cf_sandbox_respond_later(call->sandbox, exchange->delayed, exchange->request, &response,
                                 exchange->delay_ms);
    else
        cf_http_respond(exchange->request, &response);
    cf_buf_clean_up(&body);
}

static const char *method_name(enum cf_http_method method)
{
    static const char *const names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "OTHER"};
    CF_ASSERT((size_t)method < sizeof names / sizeof names[0]);
    return names[method];
}

void cf_sandbox_handle(void *context, struct cf_http_request *request)
{
    struct cf_sandbox *sandbox = context;
    struct cf_exchange exchange = {.request = request, .call = {.sandbox = sandbox}};
    struct cf_call *call = &exchange.call;
    const char *path = (const char *)request->path.data;
    const char *account = cf_http_request_header(request, "Stripe-Account");
    if (account != NULL)
        snprintf(exchange.account, sizeof exchange.account, "%s", account);
    exchange.endpoint = route(request, exchange.id);
    if (strncmp(path, "/v1/", 4) == 0)
        refuse_by_headers(&exchange);
    if (exchange.endpoint == NULL)
        cf_call_refuse(call, 404, NULL, NULL,
                       "Unrecognized request URL (%s: %s). Please see https://stripe.com/docs.",
                       method_name(request->method), path);
    if (call->status == 0)
        run(sandbox, &exchange);
    respond(&exchange);
    cf_json_destroy(call->answer);
    cf_json_destroy(exchange.params);
}
