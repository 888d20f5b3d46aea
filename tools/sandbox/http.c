/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an HTTP request to a call and back: key, route, parameters, idempotency, faults, the
 * transaction, expansion of the answer.
 */
#include "core/base/assert.h"
#include "eventstore/sodium.h"
#include "tools/sandbox/form_tree.h"
#include "tools/sandbox/parameters.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>
#include <strings.h>

#define ANSWER_SIZE_MAX ((size_t)4 << 20)
#define FORM_PAIR_COUNT_MAX 1000
#define IDEMPOTENCY_LIFE_S 86400
#define IDEMPOTENCY_KEY_SIZE_MAX 255
#define EXPAND_COUNT_MAX 20

const struct cf_endpoint cf_endpoints[] = {
#define CF_ENDPOINT(name, METHOD, path, parameters)                                                \
    {#name, CF_HTTP_##METHOD, path, parameters, cf_sandbox_##name},
#include "tools/sandbox/endpoints.def"
#undef CF_ENDPOINT
};
const size_t cf_endpoint_count = sizeof cf_endpoints / sizeof cf_endpoints[0];

/* Everything about one request. */
struct exchange {
    struct cf_http_request *request;
    const struct cf_endpoint *endpoint;
    struct cf_call call;
    struct cf_json *params; /* owned */
    char id[128];
    char account[64];
    char request_id[64];
    char fingerprint[CF_HASH_SIZE * 2 + 1];
    bool replayed, lost;
    bool executed; /* the endpoint's handler ran: what it answered is kept under the key */
    int64_t delay_ms;
};

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
static void refuse_by_headers(struct exchange *exchange)
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

static bool parse_params(struct exchange *exchange)
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
    struct cf_buf printed;
    cf_buf_init(&printed, ANSWER_SIZE_MAX);
    CF_ASSERT(cf_json_print(exchange->params, &printed) == CF_OK);
    struct cf_hash hash;
    cf_sha256(cf_buf_bytes(&printed), &hash);
    cf_buf_clean_up(&printed);
    for (int i = 0; i < CF_HASH_SIZE; i++)
        snprintf(exchange->fingerprint + 2 * i, 3, "%02x", hash.bytes[i]);

    struct cf_parameter_refusal refusal;
    if (cf_parameters_check(exchange->endpoint->parameters, exchange->params, &refusal))
        return true;
    cf_call_refuse(&exchange->call, 400, refusal.code, refusal.parameter, "%s", refusal.message);
    return false;
}

/* Idempotency. */

static void hash_key(const struct exchange *exchange, struct cf_hash *ret_hash)
{
    char name[1024];
    int size = snprintf(name, sizeof name, "%s\n%s\n%s\n%s", exchange->account,
                        exchange->endpoint->name, exchange->id, exchange->call.idempotency_key);
    cf_sha256(cf_bytes_from(name, (size_t)size < sizeof name ? (size_t)size : sizeof name - 1),
              ret_hash);
}

/* The answer given before under this key, if any. */
static bool replay(struct exchange *exchange)
{
    struct cf_call *call = &exchange->call;
    struct cf_hash hash;
    hash_key(exchange, &hash);
    const struct cf_json *before =
        cf_store_answer(call->store, cf_bytes_from(hash.bytes, CF_HASH_SIZE));
    if (before == NULL || cf_json_integer_at(before, "at", 0) + IDEMPOTENCY_LIFE_S <= call->now)
        return false;
    if (!cf_json_is(cf_json_get(before, "fingerprint"), exchange->fingerprint)) {
        cf_call_refuse(call, 400, "idempotency_error", NULL,
                       "Keys for idempotent requests can only be used with the same parameters "
                       "they were first used with.");
        return true;
    }
    call->status = (unsigned)cf_json_integer_at(before, "status", 500);
    call->answer = cf_json_copy(cf_json_get(before, "body"));
    exchange->replayed = true;
    return true;
}

static void remember(const struct exchange *exchange)
{
    struct cf_hash hash;
    hash_key(exchange, &hash);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = cf_json_object();
    cf_json_set_integer(answer, "at", exchange->call.now);
    cf_json_set_integer(answer, "status", exchange->call.status);
    cf_json_set_text(answer, "fingerprint", exchange->fingerprint);
    cf_json_set(answer, "body", cf_json_copy(exchange->call.answer));
    cf_store_answer_set(exchange->call.store, cf_bytes_from(hash.bytes, CF_HASH_SIZE), answer);
}

/* Expansion. */

/* Replaces the ids at `path` below `json` by their objects. False when there is nothing to expand.
 */
static bool expand(struct cf_call *call, struct cf_json *json, const char *path)
{
    if (cf_json_kind(json) == CF_JSON_ARRAY) {
        for (size_t i = 0; i < cf_json_size(json); i++) {
            if (!expand(call, cf_json_item(json, i), path))
                return false;
        }
        return true;
    }
    char key[64];
    size_t size = strcspn(path, ".");
    snprintf(key, sizeof key, "%.*s", (int)size, path);
    struct cf_json *member = cf_json_get(json, key);
    if (member == NULL)
        return false;
    if (cf_json_text(member) != NULL) {
        const struct cf_json *object =
            cf_store_find(call->store, call->account, cf_json_text(member));
        if (object == NULL)
            return false;
        member = cf_json_copy(object);
        cf_json_set(json, key, member);
    }
    if (path[size] == '\0' || cf_json_kind(member) == CF_JSON_NULL)
        return true;
    return expand(call, member, path + size + 1);
}

static void expand_answer(struct cf_call *call)
{
    const struct cf_json *paths = cf_json_get(call->params, "expand");
    if (call->status != 200 || paths == NULL)
        return;
    for (size_t i = 0; i < cf_json_size(paths) && i < EXPAND_COUNT_MAX; i++) {
        const char *path = cf_json_text(cf_json_item(paths, i));
        if (expand(call, call->answer, path))
            continue;
        cf_json_destroy(CF_TAKE(call->answer));
        call->status = 0;
        cf_call_refuse(call, 400, NULL, "expand", "This property cannot be expanded (%s).", path);
        return;
    }
}

/* Faults and limits. */

static bool over_limit(struct cf_sandbox *sandbox, const struct cf_endpoint *endpoint)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != sandbox->window) {
        sandbox->window = now.tv_sec;
        sandbox->window_count = 0;
        memset(sandbox->window_counts, 0, sizeof sandbox->window_counts);
    }
    int64_t *count = &sandbox->window_counts[endpoint - cf_endpoints];
    ++*count;
    ++sandbox->window_count;
    ++sandbox->request_count;
    if (sandbox->window_count > sandbox->busiest_second)
        sandbox->busiest_second = sandbox->window_count;
    if (*count > sandbox->busiest_endpoint_second)
        sandbox->busiest_endpoint_second = *count;
    bool over = (sandbox->limit_global > 0 && sandbox->window_count > sandbox->limit_global) ||
                (sandbox->limit_per_endpoint > 0 && *count > sandbox->limit_per_endpoint);
    sandbox->limited_count += over;
    return over;
}

/* What goes wrong before anything is done; true when something does. */
static bool fails_before(struct exchange *exchange)
{
    struct cf_sandbox *sandbox = exchange->call.sandbox;
    struct cf_call *call = &exchange->call;
    const char *path = (const char *)exchange->request->path.data;
    struct cf_sandbox_fault fault;
    if (cf_sandbox_fault_take(sandbox, "slow", path, &fault))
        exchange->delay_ms = fault.delay_ms;
    if (cf_sandbox_fault_take(sandbox, "lost_request", path, &fault)) {
        exchange->lost = true;
        cf_call_refuse(call, 503, NULL, NULL, "Lost on the way");
    } else if (over_limit(sandbox, exchange->endpoint) ||
               cf_sandbox_fault_take(sandbox, "rate_limit", path, &fault)) {
        cf_call_refuse(call, 429, "rate_limit", NULL, "Too many requests hit the API too quickly.");
    } else if (cf_sandbox_fault_take(sandbox, "conflict", path, &fault)) {
        cf_call_refuse(call, 409, "idempotency_key_in_use", NULL,
                       "There is currently another in-progress request using this Idempotent Key.");
    } else if (cf_sandbox_fault_take(sandbox, "error", path, &fault)) {
        cf_call_refuse(call, 500, NULL, NULL, "An unknown error occurred.");
    }
    return call->status != 0;
}

/* What goes wrong after it was done. */
static void fail_after(struct exchange *exchange)
{
    struct cf_sandbox_fault fault;
    struct cf_call *call = &exchange->call;
    const char *path = (const char *)exchange->request->path.data;
    if (cf_sandbox_fault_take(call->sandbox, "error_after", path, &fault)) {
        cf_json_destroy(CF_TAKE(call->answer));
        call->status = 0;
        cf_call_refuse(call, 500, NULL, NULL, "An unknown error occurred.");
    }
    if (cf_sandbox_fault_take(call->sandbox, "lost_response", path, &fault))
        exchange->lost = true;
}

/* The call. */

static bool is_keyed(const struct exchange *exchange)
{
    return exchange->request->method == CF_HTTP_POST && exchange->call.idempotency_key != NULL;
}

static void execute(struct exchange *exchange)
{
    struct cf_call *call = &exchange->call;
    bool provider = strncmp(exchange->endpoint->path, "/v1/", 4) == 0;
    if (!parse_params(exchange) || (provider && fails_before(exchange)))
        return;
    if (exchange->account[0] != '\0' && cf_store_find(call->store, "", exchange->account) == NULL) {
        cf_call_refuse(call, 403, "account_invalid", NULL,
                       "The provided key does not have access to account '%s'", exchange->account);
        return;
    }
    if (is_keyed(exchange) && replay(exchange))
        return;
    exchange->endpoint->handle(call);
    CF_ASSERT(call->status != 0);
    exchange->executed = true;
    expand_answer(call);
}

/* Ends the transaction. A refusal undoes what the handler did; under a key it is kept itself, as every
 * answer is once the handler began. */
static enum cf_status conclude(struct exchange *exchange, struct cf_fault *reterr_fault)
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
        fail_after(exchange);
    if (is_keyed(exchange))
        remember(exchange);
    return cf_store_commit(call->store, reterr_fault);
}

static void run(struct cf_sandbox *sandbox, struct exchange *exchange)
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
    pthread_cond_broadcast(&sandbox->changed); /* something new may be due */
    pthread_mutex_unlock(&sandbox->mutex);
    if (status != CF_OK) {
        cf_json_destroy(CF_TAKE(call->answer));
        call->status = 0;
        cf_call_refuse(call, 500, NULL, NULL, "The sandbox's store failed: %s %s", fault.text,
                       fault.detail);
    }
}

/* Sends what the call answered. */
static void respond(struct exchange *exchange)
{
    struct cf_call *call = &exchange->call;
    if (exchange->lost) {
        cf_http_drop(exchange->request);
        return;
    }
    struct cf_http_header headers[8];
    size_t count = 0;
    headers[count++] = (struct cf_http_header){
        "Content-Type", call->html ? "text/html; charset=utf-8" : "application/json"};
    headers[count++] = (struct cf_http_header){"Cache-Control", "no-store"};
    if (exchange->request_id[0] != '\0')
        headers[count++] = (struct cf_http_header){"Request-Id", exchange->request_id};
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
    if (exchange->delay_ms > 0)
        cf_sandbox_respond_later(call->sandbox, exchange->request, &response, exchange->delay_ms);
    else
        cf_http_respond(exchange->request, &response);
    cf_buf_clean_up(&body);
}

void cf_sandbox_handle(void *context, struct cf_http_request *request)
{
    struct cf_sandbox *sandbox = context;
    struct exchange exchange = {.request = request, .call = {.sandbox = sandbox}};
    struct cf_call *call = &exchange.call;
    const char *path = (const char *)request->path.data;
    const char *account = cf_http_request_header(request, "Stripe-Account");
    if (account != NULL)
        snprintf(exchange.account, sizeof exchange.account, "%s", account);
    exchange.endpoint = route(request, exchange.id);
    if (strncmp(path, "/v1/", 4) == 0)
        refuse_by_headers(&exchange);
    if (exchange.endpoint == NULL)
        cf_call_refuse(call, 404, NULL, NULL, "Unrecognized request URL (%s).", path);
    if (call->status == 0)
        run(sandbox, &exchange);
    respond(&exchange);
    cf_json_destroy(call->answer);
    cf_json_destroy(exchange.params);
}
