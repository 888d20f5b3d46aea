/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exchange's questions and answers. Commands are in exchange_command.c.
 */
#include "api/exchange.h"

#include "api/api_private.h"
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "eventstore/sodium.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define PASSWORD_SIZE_MIN 8
#define PASSWORD_SIZE_MAX 1024
#define CF_JSON_SIZE_MAX ((size_t)16 << 20)
#define SEQUENCE_PATIENCE_MS 3000
#define SEQUENCE_POLL_MS 5

/* ---- What was asked ---- */

bool cf_exchange_id(struct cf_exchange *exchange, size_t parameter, struct cf_id *ret_id)
{
    if (cf_id_parse(exchange->parameters[parameter], ret_id) == CF_OK && !cf_id_is_zero(*ret_id))
        return true;
    cf_exchange_problem(exchange, CF_PROBLEM_NOT_FOUND, NULL, NULL);
    return false;
}

/* The client's Idempotency-Key, or one of our making: then nobody can repeat the request safely, but it
 * still has exactly one effect. */
static bool key_take(struct cf_exchange *exchange)
{
    const char *key = cf_http_request_header(exchange->request, "Idempotency-Key");
    if (key == NULL) {
        struct cf_id made = cf_exchange_new_id(exchange);
        cf_id_print(made, exchange->key);
        return true;
    }
    size_t size = strlen(key);
    bool fits = size >= 1 && size <= CF_IDEMPOTENCY_KEY_SIZE_MAX;
    for (size_t i = 0; fits && i < size; i++)
        fits = key[i] > ' ' && key[i] <= '~';
    if (!fits) {
        cf_exchange_problem(exchange, CF_PROBLEM_KEY, NULL, NULL);
        return false;
    }
    memcpy(exchange->key, key, size + 1);
    return true;
}

static bool body_is_json(struct cf_exchange *exchange)
{
    const char *type = cf_http_request_header(exchange->request, "Content-Type");
    return type != NULL && strncasecmp(type, "application/json", 16) == 0 &&
           (type[16] == '\0' || type[16] == ';' || type[16] == ' ');
}

/* Refuses members that the server sets itself. */
static bool body_keeps_off(struct cf_exchange *exchange)
{
    const char *own = exchange->route->own;
    for (size_t size = strcspn(own, " "); size > 0; own += size + 1, size = strcspn(own, " ")) {
        char field[64];
        snprintf(field, sizeof field, "%.*s", (int)size, own);
        if (cf_json_get(exchange->body, field) == NULL)
            continue;
        cf_exchange_problem(exchange, CF_PROBLEM_FIELD, "the server sets this field itself", field);
        return false;
    }
    return true;
}

bool cf_exchange_body(struct cf_exchange *exchange)
{
    if (!key_take(exchange))
        return false;
    if (!body_is_json(exchange)) {
        cf_exchange_problem(exchange, CF_PROBLEM_MEDIA_TYPE, NULL, NULL);
        return false;
    }
    struct cf_fault fault = {0};
    if (cf_json_parse(exchange->request->body, &exchange->body, &fault) != CF_OK) {
        char detail[256];
        snprintf(detail, sizeof detail, "%s, at byte %" PRId64 "%s%s", fault.text, fault.offset,
                 fault.detail[0] == '\0' ? "" : ": ", fault.detail);
        cf_exchange_problem(exchange, CF_PROBLEM_MALFORMED, detail, NULL);
        return false;
    }
    if (cf_json_kind(exchange->body) != CF_JSON_OBJECT) {
        cf_exchange_problem(exchange, CF_PROBLEM_MALFORMED, "an object is needed", NULL);
        return false;
    }
    return body_keeps_off(exchange);
}

bool cf_exchange_body_or_nothing(struct cf_exchange *exchange)
{
    if (exchange->request->body.size > 0)
        return cf_exchange_body(exchange);
    exchange->body = cf_json_object();
    return key_take(exchange);
}

/* A member of the body that clients are told of. */
static bool is_documented(const struct cf_route *route, const char *field)
{
    const struct cf_command_spec *command =
        route->command == NULL ? NULL : cf_command_find_name(cf_bytes_from_text(route->command));
    return cf_route_takes(route, CF_PLACE_BODY, field) ||
           (command != NULL && cf_shape_field(&command->shape, cf_bytes_from_text(field)) != NULL);
}

bool cf_exchange_text(struct cf_exchange *exchange, const char *field, const char **ret_text)
{
    CF_ASSERT(is_documented(exchange->route, field));
    const char *text = cf_json_text_at(exchange->body, field);
    if (text != NULL && text[0] != '\0') {
        *ret_text = text;
        return true;
    }
    cf_exchange_problem(exchange, CF_PROBLEM_FIELD, "a text is needed", field);
    return false;
}

bool cf_exchange_password(struct cf_exchange *exchange, const char **ret_password)
{
    if (!cf_exchange_text(exchange, "password", ret_password))
        return false;
    size_t size = strlen(*ret_password);
    if (size >= PASSWORD_SIZE_MIN && size <= PASSWORD_SIZE_MAX)
        return true;
    cf_exchange_problem(exchange, CF_PROBLEM_FIELD, "8 to 1,024 bytes", "password");
    return false;
}

static const struct cf_bytes *query_find(struct cf_exchange *exchange, const char *name)
{
    CF_ASSERT(cf_route_takes(exchange->route, CF_PLACE_QUERY, name));
    return cf_form_find(&exchange->request->query, name);
}

struct cf_bytes cf_exchange_query(struct cf_exchange *exchange, const char *name)
{
    const struct cf_bytes *value = query_find(exchange, name);
    return value == NULL ? (struct cf_bytes){0} : *value;
}

static bool number_parse(struct cf_bytes text, int64_t *ret_number)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    if (negative)
        text = cf_bytes_from(text.data + 1, text.size - 1);
    if (text.size == 0 || text.size > 18)
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (text.data[i] - '0');
    }
    *ret_number = negative ? -number : number;
    return true;
}

bool cf_exchange_query_number(struct cf_exchange *exchange, const char *name, int64_t otherwise,
                              int64_t minimum, int64_t maximum, int64_t *ret_number)
{
    const struct cf_bytes *text = query_find(exchange, name);
    int64_t number = otherwise;
    if (text != NULL && (!number_parse(*text, &number) || number < minimum || number > maximum)) {
        char detail[96];
        snprintf(detail, sizeof detail, "a number from %" PRId64 " to %" PRId64, minimum, maximum);
        cf_exchange_problem(exchange, CF_PROBLEM_PARAMETER, detail, name);
        return false;
    }
    *ret_number = number;
    return true;
}

bool cf_exchange_await_sequence(struct cf_exchange *exchange)
{
    int64_t wanted, reached = 0;
    if (!cf_exchange_query_number(exchange, "sequence", 0, 0, INT64_MAX, &wanted))
        return false;
    for (int waited_ms = 0; wanted > 0; waited_ms += SEQUENCE_POLL_MS) {
        struct cf_fault fault = {0};
        enum cf_status status =
            cf_query_position(exchange->api->seats[exchange->seat].query, &reached, &fault);
        if (status != CF_OK) {
            cf_exchange_failed(exchange, status, &fault);
            return false;
        }
        if (reached >= wanted)
            return true;
        if (waited_ms >= SEQUENCE_PATIENCE_MS) {
            cf_exchange_problem(exchange, CF_PROBLEM_BEHIND, NULL, "sequence");
            return false;
        }
        poll(NULL, 0, SEQUENCE_POLL_MS);
    }
    return true;
}

bool cf_exchange_as_of(struct cf_exchange *exchange, int64_t *ret_sequence)
{
    int64_t wanted, reached = 0;
    struct cf_fault fault = {0};
    if (!cf_exchange_query_number(exchange, "as_of", 0, 1, INT64_MAX, &wanted))
        return false;
    enum cf_status status =
        cf_query_position(exchange->api->seats[exchange->seat].query, &reached, &fault);
    if (status != CF_OK)
        cf_exchange_failed(exchange, status, &fault);
    else if (wanted > reached)
        cf_exchange_problem(exchange, CF_PROBLEM_BEHIND, NULL, "as_of");
    *ret_sequence = wanted > 0 ? wanted : reached;
    return status == CF_OK && wanted <= reached;
}

unsigned cf_exchange_prefers_wait(const struct cf_exchange *exchange)
{
    CF_ASSERT(cf_route_takes(exchange->route, CF_PLACE_HEADER, "Prefer"));
    const char *prefer = cf_http_request_header(exchange->request, "Prefer");
    const char *wait = prefer == NULL ? NULL : strstr(prefer, "wait=");
    if (wait == NULL)
        return 0;
    unsigned long seconds = strtoul(wait + 5, NULL, 10);
    return seconds > CF_EXCHANGE_WAIT_S_MAX ? CF_EXCHANGE_WAIT_S_MAX : (unsigned)seconds;
}

struct cf_id cf_exchange_new_id(struct cf_exchange *exchange)
{
    uint8_t random[CF_ID_RANDOM_SIZE];
    cf_random(random, sizeof random);
    struct cf_api *api = exchange->api;
    pthread_mutex_lock(&api->ids_mutex);
    struct cf_id id = cf_id_generator_next(&api->ids, cf_api_now_us(), random);
    pthread_mutex_unlock(&api->ids_mutex);
    return id;
}

struct cf_id cf_exchange_repeatable_id(const struct cf_exchange *exchange)
{
    uint8_t input[CF_ID_SIZE + CF_IDEMPOTENCY_KEY_SIZE_MAX];
    size_t key_size = strlen(exchange->key);
    memcpy(input, exchange->user_id.bytes, CF_ID_SIZE);
    memcpy(input + CF_ID_SIZE, exchange->key, key_size);
    struct cf_hash hash;
    cf_sha256(cf_bytes_from(input, CF_ID_SIZE + key_size), &hash);
    struct cf_id id;
    memcpy(id.bytes, hash.bytes, CF_ID_SIZE);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x80); /* UUIDv8: made of a hash */
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

void cf_exchange_set_id(struct cf_exchange *exchange, const char *field, const struct cf_id *id)
{
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(*id, text);
    cf_json_set_text(exchange->body, field, text);
}

/* ---- Answers ---- */

/* The request's arena, and the exchange in it, go with the answer; the body is what lives elsewhere. */
static struct cf_http_request *exchange_end(struct cf_exchange *exchange)
{
    cf_json_destroy(CF_TAKE(exchange->body));
    return exchange->request;
}

void cf_exchange_problem(struct cf_exchange *exchange, enum cf_problem problem, const char *detail,
                         const char *field)
{
    /* The detail may be borrowed from the body. */
    struct cf_json *body = CF_TAKE(exchange->body);
    cf_problem_respond(exchange_end(exchange), problem, detail, field);
    cf_json_destroy(body);
}

void cf_exchange_failed(struct cf_exchange *exchange, enum cf_status status,
                        const struct cf_fault *fault)
{
    enum cf_problem problem = CF_PROBLEM_INTERNAL;
    if (status == CF_NOT_FOUND)
        problem = CF_PROBLEM_NOT_FOUND;
    else if (status == CF_RETRY)
        problem = CF_PROBLEM_BUSY;
    else if (status == CF_TIMEOUT || status == CF_CLOSED || status == CF_IO)
        problem = CF_PROBLEM_UNAVAILABLE;
    if (problem == CF_PROBLEM_INTERNAL || problem == CF_PROBLEM_UNAVAILABLE)
        fprintf(stderr, "coffer api: %s: %s: %s %s\n", exchange->route->name,
                cf_status_name(status),
                fault->text == NULL ? cf_status_sentence(status) : fault->text, fault->detail);
    cf_exchange_problem(exchange, problem, NULL, NULL);
}

static void respond(struct cf_exchange *exchange, unsigned http_status, struct cf_bytes body,
                    const struct cf_http_header *headers, size_t header_count)
{
    cf_http_respond(exchange_end(exchange), &(struct cf_http_response){.status = http_status,
                                                                       .headers = headers,
                                                                       .header_count = header_count,
                                                                       .body = body});
}

/* Prints and destroys. False: answered with a problem. */
static bool json_finish(struct cf_exchange *exchange, struct cf_json *json, struct cf_buf *text)
{
    cf_buf_init(text, CF_JSON_SIZE_MAX);
    enum cf_status status = cf_json_print(json, text);
    cf_json_destroy(json);
    if (status == CF_OK)
        return true;
    cf_buf_clean_up(text);
    cf_exchange_problem(exchange, CF_PROBLEM_INTERNAL, NULL, NULL);
    return false;
}

void cf_exchange_json(struct cf_exchange *exchange, unsigned http_status, struct cf_json *json)
{
    cf_exchange_json_with_cookie(exchange, http_status, json, NULL, 0);
}

void cf_exchange_json_with_cookie(struct cf_exchange *exchange, unsigned http_status,
                                  struct cf_json *json, const char *token, int64_t lifetime_s)
{
    struct cf_buf text;
    if (!json_finish(exchange, json, &text))
        return;
    struct cf_http_header headers[4] = {{"Content-Type", "application/json"},
                                        {"Cache-Control", "no-store"}};
    size_t count = 2;
    if (exchange->key[0] != '\0')
        headers[count++] = (struct cf_http_header){"Idempotency-Key", exchange->key};
    char cookie[256];
    if (token != NULL) {
        snprintf(cookie, sizeof cookie,
                 CF_SESSION_COOKIE "=%s; Max-Age=%" PRId64 "; Path=/; HttpOnly; SameSite=Strict",
                 token, lifetime_s);
        headers[count++] = (struct cf_http_header){"Set-Cookie", cookie};
    }
    respond(exchange, http_status, cf_buf_bytes(&text), headers, count);
    cf_buf_clean_up(&text);
}

void cf_exchange_etag(struct cf_bytes text, char ret_etag[CF_ETAG_SIZE])
{
    struct cf_hash hash;
    cf_sha256(text, &hash);
    char hex[2 * 12 + 1];
    cf_hex_print(cf_bytes_from(hash.bytes, 12), hex);
    snprintf(ret_etag, CF_ETAG_SIZE, "\"%s\"", hex);
}

void cf_exchange_json_text(struct cf_exchange *exchange, struct cf_bytes text)
{
    char etag[CF_ETAG_SIZE];
    cf_exchange_etag(text, etag);
    const struct cf_http_header headers[] = {
        {"ETag", etag}, {"Cache-Control", "no-cache"}, {"Content-Type", "application/json"}};
    const char *known = cf_http_request_header(exchange->request, "If-None-Match");
    if (known != NULL && strstr(known, etag) != NULL)
        respond(exchange, 304, (struct cf_bytes){0}, headers, 2);
    else
        respond(exchange, 200, text, headers, 3);
}

void cf_exchange_json_etag(struct cf_exchange *exchange, struct cf_json *json)
{
    struct cf_buf text;
    if (!json_finish(exchange, json, &text))
        return;
    cf_exchange_json_text(exchange, cf_buf_bytes(&text));
    cf_buf_clean_up(&text);
}

void cf_exchange_bytes(struct cf_exchange *exchange, const char *content_type,
                       const char *cache_control, struct cf_bytes bytes)
{
    const struct cf_http_header headers[] = {{"Content-Type", content_type},
                                             {"Cache-Control", cache_control},
                                             {"X-Content-Type-Options", "nosniff"}};
    respond(exchange, 200, bytes, headers, 3);
}

void cf_exchange_page(struct cf_exchange *exchange, const char *content_type, struct cf_bytes bytes)
{
    const struct cf_http_header headers[] = {
        {"Content-Type", content_type},
        {"Cache-Control", "no-cache"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "same-origin"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
         "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}};
    respond(exchange, 200, bytes, headers, 5);
}
