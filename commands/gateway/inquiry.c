/* SPDX-License-Identifier: Apache-2.0 */
/* A message is "status", or "action <intent>"; the reply to the latter is an address, or nothing. */
#include "commands/gateway/inquiry.h"

#include "commands/gateway/gateway_private.h"
#include "commands/gateway/stripe.h"
#include "core/json_value.h"

#include <stdio.h>

#define REPLY_SIZE_MAX ((size_t)64 << 10)

static const char action_prefix[] = "action ";

/* ---- Who asks ---- */

static enum cf_status ask(const char *gateway_url, const char *question, int timeout_ms,
                          struct cf_buf *ret_reply, struct cf_fault *reterr_fault)
{
    struct cf_bus_client *client = NULL;
    CF_TRY(cf_bus_client_open(gateway_url, &client, reterr_fault));
    enum cf_status status = cf_bus_client_call(client, cf_bytes_from_text(question), timeout_ms,
                                               ret_reply, reterr_fault);
    cf_bus_client_close(client);
    return status;
}

enum cf_status cf_inquire_status(const char *gateway_url, int timeout_ms, struct cf_buf *ret_about,
                                 struct cf_fault *reterr_fault)
{
    return ask(gateway_url, "status", timeout_ms, ret_about, reterr_fault);
}

enum cf_status cf_inquire_idle(struct cf_bus_client *gateway, int timeout_ms, bool *ret_idle,
                               struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf about;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    cf_buf_init(&about, REPLY_SIZE_MAX);
    CF_TRY(cf_bus_client_call(gateway, cf_bytes_from_text("status"), timeout_ms, &about,
                              reterr_fault));
    CF_TRY(cf_json_parse(cf_buf_bytes(&about), &json, reterr_fault));
    *ret_idle =
        cf_json_integer_at(json, "jobs", 1) == 0 && cf_json_integer_at(json, "under_way", 1) == 0;
    return CF_OK;
}

enum cf_status cf_inquire_action(const char *gateway_url, const char *intent, int timeout_ms,
                                 char ret_url[CF_INQUIRY_ACTION_SIZE],
                                 struct cf_fault *reterr_fault)
{
    char question[sizeof action_prefix + CF_PORT_NAME_SIZE];
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf reply;
    cf_buf_init(&reply, CF_INQUIRY_ACTION_SIZE - 1);
    snprintf(question, sizeof question, "%s%.63s", action_prefix, intent);
    CF_TRY(ask(gateway_url, question, timeout_ms, &reply, reterr_fault));
    if (reply.size == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "no authentication is wanted");
    snprintf(ret_url, CF_INQUIRY_ACTION_SIZE, "%.*s", (int)reply.size, (const char *)reply.data);
    return CF_OK;
}

/* ---- The gateway ---- */

/* A question that waits for the provider. */
struct question {
    struct cf_gateway *gateway;
    struct cf_bus_request *request;
};

static void reply(struct cf_bus_request *request, struct cf_bytes answer)
{
    enum cf_status status = cf_bus_request_reply(request, answer);
    (void)status; /* whoever asked may be gone */
}

static void set_under_way(struct cf_gateway *gateway, bool begins)
{
    pthread_mutex_lock(&gateway->mutex);
    gateway->under_way += begins ? 1 : (size_t)-1;
    pthread_cond_broadcast(&gateway->changed);
    pthread_mutex_unlock(&gateway->mutex);
}

static void on_looked(void *context, const struct cf_port_result *result, struct cf_bytes body)
{
    struct question *question = context;
    (void)body;
    reply(question->request, cf_bytes_from_text(result->action_url));
    set_under_way(question->gateway, false);
    free(question);
}

static void answer_action(struct cf_gateway *gateway, struct cf_bus_request *request,
                          struct cf_bytes intent)
{
    char name[CF_PORT_NAME_SIZE];
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL || intent.size == 0 || intent.size >= sizeof name) {
        free(question);
        cf_bus_request_drop(request);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)intent.size, (const char *)intent.data);
    *question = (struct question){.gateway = gateway, .request = request};
    const struct cf_port_request look = {.operation = CF_PORT_LOOK, .object = name};
    set_under_way(gateway, true);
    if (cf_payment_port_submit(gateway->options.port, &look, on_looked, question) == CF_OK)
        return;
    set_under_way(gateway, false);
    cf_bus_request_drop(request);
    free(question);
}

static void answer_status(struct cf_gateway *gateway, struct cf_bus_request *request)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf about;
    cf_buf_init(&about, REPLY_SIZE_MAX);
    if (cf_gateway_describe(gateway, &about) == CF_OK)
        reply(request, cf_buf_bytes(&about));
    else
        cf_bus_request_drop(request);
}

void *cf_gateway__answer_inquiries(void *context)
{
    const size_t prefix_size = sizeof action_prefix - 1;
    struct cf_gateway *gateway = context;
    struct cf_bus_request *request;
    size_t count;
    while (cf_bus_server_take(gateway->status, &request, 1, CF_BUS_FOREVER, &count) == CF_OK) {
        struct cf_bytes question = cf_bus_request_bytes(request);
        if (question.size > prefix_size && memcmp(question.data, action_prefix, prefix_size) == 0)
            answer_action(gateway, request,
                          cf_bytes_from(question.data + prefix_size, question.size - prefix_size));
        else
            answer_status(gateway, request);
    }
    return NULL;
}
