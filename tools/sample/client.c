/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sample/client.h"

#include "core/base/assert.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_SIZE_MAX ((size_t)4 << 20)
#define TIMEOUT_MS 20000
#define HEADER_COUNT_MAX 4

enum cf_status cf_client_open(const char *base_url, struct cf_client *ret_client,
                              struct cf_fault *reterr_fault)
{
    struct cf_client client = {0};
    size_t size = strlen(base_url);
    while (size > 0 && base_url[size - 1] == '/')
        size--;
    if (size == 0 || size >= sizeof client.base_url)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "say which API as http://ADDRESS:PORT", "%s",
                   base_url);
    memcpy(client.base_url, base_url, size);
    const struct cf_http_client_options options = {.body_size_max = ANSWER_SIZE_MAX,
                                                   .user_agent = "coffer"};
    CF_TRY(cf_http_client_open(&options, &client.http, reterr_fault));
    *ret_client = client;
    return CF_OK;
}

void cf_client_close(struct cf_client *client)
{
    cf_http_client_close(client->http);
    client->http = NULL;
}

/* The headers of a call; texts are kept in the four buffers. */
static void make_headers(const struct cf_client_call *call, char token[160], char key[160],
                         const char *ret_headers[HEADER_COUNT_MAX])
{
    size_t count = 0;
    if (call->token != NULL) {
        CF_ASSERT(snprintf(token, 160, "Authorization: Bearer %s", call->token) < 160);
        ret_headers[count++] = token;
    }
    if (call->key != NULL) {
        CF_ASSERT(snprintf(key, 160, "Idempotency-Key: %s", call->key) < 160);
        ret_headers[count++] = key;
    }
    if (call->body != NULL)
        ret_headers[count++] = "Content-Type: application/json";
    ret_headers[count] = NULL;
}

enum cf_status cf_client_ask(struct cf_client *client, const struct cf_client_call *call,
                             long *ret_status, struct cf_json **ret_answer,
                             struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf body, answer;
    cf_buf_init(&body, ANSWER_SIZE_MAX);
    cf_buf_init(&answer, ANSWER_SIZE_MAX);
    if (call->body != NULL && cf_json_print(call->body, &body) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_SPACE, "a request is too large");
    char url[256], token[160], key[160];
    if (snprintf(url, sizeof url, "%s%s", client->base_url, call->path) >= (int)sizeof url)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a path is too long", "%s", call->path);
    const char *headers[HEADER_COUNT_MAX];
    make_headers(call, token, key, headers);
    const struct cf_http_call http = {.method = call->method,
                                      .url = url,
                                      .headers = headers,
                                      .body = cf_buf_bytes(&body),
                                      .timeout_ms = TIMEOUT_MS};
    CF_TRY(cf_http_client_perform(client->http, &http, ret_status, &answer, reterr_fault));
    *ret_answer = NULL;
    if (answer.size > 0 && cf_json_parse(cf_buf_bytes(&answer), ret_answer, NULL) != CF_OK)
        *ret_answer = NULL;
    return CF_OK;
}

static enum cf_status status_of(long http_status)
{
    if (http_status >= 200 && http_status < 300)
        return CF_OK;
    if (http_status == 401 || http_status == 403)
        return CF_DENIED;
    if (http_status == 404)
        return CF_NOT_FOUND;
    if (http_status == 409)
        return CF_CONFLICT;
    return http_status >= 400 && http_status < 500 ? CF_INVALID : CF_IO;
}

enum cf_status cf_client_do(struct cf_client *client, const struct cf_client_call *call,
                            struct cf_json **ret_answer, struct cf_fault *reterr_fault)
{
    long http_status;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    CF_TRY(cf_client_ask(client, call, &http_status, &answer, reterr_fault));
    enum cf_status status = status_of(http_status);
    if (status != CF_OK) {
        const char *title = cf_json_text_at(answer, "title");
        const char *detail = cf_json_text_at(answer, "detail");
        CF_FAIL_ON(reterr_fault, status, "the API refused", "%s %s: %ld %s %s", call->method,
                   call->path, http_status, title != NULL ? title : "",
                   detail != NULL ? detail : "");
    }
    if (ret_answer != NULL)
        *ret_answer = CF_TAKE(answer);
    return CF_OK;
}
