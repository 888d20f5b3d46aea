/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events and their delivery. A delivery is a row that is due: taking it schedules the next attempt
 * before anything is sent, and success removes that again, so a process that dies in between sends
 * twice rather than never.
 */
#include "commands/gateway/webhook.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>
#include <time.h>

#define ATTEMPT_COUNT_MAX 16
#define DELIVERY_TIMEOUT_MS 20000
#define REDELIVERY_FIRST_S 5

static bool takes(const struct cf_json *endpoint, const char *type)
{
    const struct cf_json *types = cf_json_get(endpoint, "enabled_events");
    if (cf_json_is(cf_json_get(endpoint, "status"), "disabled"))
        return false;
    for (size_t i = 0; i < cf_json_size(types); i++) {
        const struct cf_json *item = cf_json_item(types, i);
        if (cf_json_is(item, "*") || cf_json_is(item, type))
            return true;
    }
    return false;
}

struct fan_out {
    struct cf_call *call;
    const char *event, *type;
    size_t count;
};

static bool visit_endpoint(void *context, const char *id)
{
    struct fan_out *fan_out = context;
    struct cf_call *call = fan_out->call;
    const struct cf_json *endpoint = cf_store_find(call->store, "", id);
    if (endpoint == NULL || !takes(endpoint, fan_out->type))
        return true;
    char what[200];
    struct cf_sandbox_fault fault;
    int64_t delay_s = 0;
    if (cf_sandbox_fault_take(call->sandbox, "webhook_drop", fan_out->type, &fault))
        return true;
    if (cf_sandbox_fault_take(call->sandbox, "webhook_delay", fan_out->type, &fault))
        delay_s = fault.delay_ms / 1000;
    snprintf(what, sizeof what, "deliver %s %s 0", fan_out->event, id);
    cf_store_due_add(call->store, call->now + delay_s, what);
    if (cf_sandbox_fault_take(call->sandbox, "webhook_duplicate", fan_out->type, &fault))
        cf_store_due_add(call->store, call->now + delay_s, what);
    fan_out->count++;
    return true;
}

void cf_call_emit(struct cf_call *call, const char *account, const char *type,
                  const struct cf_json *object)
{
    struct cf_json *event = cf_call_make(call, account, "event", "evt");
    struct cf_json *data = cf_json_object();
    cf_json_set(data, "object", cf_json_copy(object));
    cf_json_set(event, "data", data);
    cf_json_set_text(event, "type", type);
    if (account[0] != '\0')
        cf_json_set_text(event, "account", account);
    struct cf_json *request = cf_json_get(event, "request");
    cf_json_set_text(request, "id", call->request_id);
    cf_json_set_text(request, "idempotency_key", call->idempotency_key);
    struct fan_out fan_out = {.call = call, .event = cf_json_text_at(event, "id"), .type = type};
    cf_store_walk(call->store, "webhook_endpoint@", NULL, true, visit_endpoint, &fan_out);
    cf_json_set_integer(event, "pending_webhooks", (int64_t)fan_out.count);
}

/* A delivery on its way. */
struct delivery {
    struct cf_sandbox *sandbox;
    int64_t retry_at;
    uint64_t retry_number;
};

static void on_delivered(void *context, const struct cf_http_result *result)
{
    struct delivery *delivery = context;
    struct cf_sandbox *sandbox = delivery->sandbox;
    bool accepted =
        result->status == CF_OK && result->http_status >= 200 && result->http_status < 300;
    pthread_mutex_lock(&sandbox->mutex);
    sandbox->deliveries_in_flight--;
    if (accepted && delivery->retry_at != 0 && cf_store_begin(sandbox->store, NULL) == CF_OK) {
        cf_store_due_remove(sandbox->store, delivery->retry_at, delivery->retry_number);
        if (cf_store_commit(sandbox->store, NULL) != CF_OK)
            fprintf(stderr, "coffer sandbox: a delivery could not be recorded\n");
    }
    pthread_cond_broadcast(&sandbox->changed);
    pthread_mutex_unlock(&sandbox->mutex);
    free(delivery);
}

static void send_event(struct cf_call *call, const struct cf_json *event, const char *url,
                       const char *secret, struct delivery *delivery)
{
    struct cf_buf body;
    cf_buf_init(&body, 1 << 20);
    char header[CF_WEBHOOK_SIGNATURE_SIZE], signature[sizeof header + 32];
    enum cf_status status = cf_json_print(event, &body);
    /* Real time, whatever the sandbox's clock says: whoever checks it looks at the wire's age. */
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    cf_webhook_sign(secret, (int64_t)real.tv_sec, cf_buf_bytes(&body), header);
    snprintf(signature, sizeof signature, "Stripe-Signature: %s", header);
    const char *const headers[] = {"Content-Type: application/json; charset=utf-8", signature,
                                   NULL};
    struct cf_http_call post = {.method = "POST",
                                .url = url,
                                .headers = headers,
                                .body = cf_buf_bytes(&body),
                                .timeout_ms = DELIVERY_TIMEOUT_MS,
                                .done = on_delivered,
                                .context = delivery};
    if (status == CF_OK)
        status = cf_http_client_submit(call->sandbox->client, &post);
    if (status == CF_OK)
        call->sandbox->deliveries_in_flight++;
    else
        free(delivery); /* the next attempt is scheduled */
    cf_buf_clean_up(&body);
}

void cf_sandbox_deliver(struct cf_call *call, const char *what)
{
    char event_id[64], endpoint_id[64], again[200], secret_name[80];
    int attempt = 0;
    if (sscanf(what, "%63s %63s %d", event_id, endpoint_id, &attempt) != 3)
        return;
    const struct cf_json *event = cf_store_find_anywhere(call->store, event_id);
    const struct cf_json *endpoint = cf_store_find(call->store, "", endpoint_id);
    snprintf(secret_name, sizeof secret_name, "secret_of_%s", endpoint_id);
    const struct cf_json *secret = cf_store_find(call->store, "", secret_name);
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (event == NULL || endpoint == NULL || secret == NULL || delivery == NULL) {
        free(delivery);
        return; /* the endpoint was deleted */
    }
    delivery->sandbox = call->sandbox;
    call->now = cf_sandbox_now(call->sandbox); /* it may have waited */
    if (attempt + 1 < ATTEMPT_COUNT_MAX) {
        snprintf(again, sizeof again, "deliver %s %s %d", event_id, endpoint_id, attempt + 1);
        delivery->retry_at = call->now + ((int64_t)REDELIVERY_FIRST_S << attempt);
        delivery->retry_number = cf_store_due_add(call->store, delivery->retry_at, again);
    }
    send_event(call, event, cf_json_text_at(endpoint, "url"), cf_json_text_at(secret, "secret"),
               delivery);
}

/* The resource. */

void cf_sandbox_event_list(struct cf_call *call)
{
    cf_call_answer_list(call, "event");
}

void cf_sandbox_event_get(struct cf_call *call)
{
    const struct cf_json *event = cf_call_fetch(call, "event", call->id, "id");
    if (event != NULL)
        cf_call_answer(call, event);
}
