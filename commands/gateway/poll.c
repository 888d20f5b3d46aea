/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices get lost: the provider gives up after some days, or our address was wrong. Now and then its own list is
 * read, from a little before where we were, and what the ledger does not know is handed in as
 * if it had come by webhook. The same notice is recorded once, whichever way it comes.
 */
#include "commands/gateway/gateway_private.h"

#include "commands/gateway/stripe.h"
#include "commands/gateway/webhook.h"
#include "core/json_value.h"
#include "eventstore/sodium.h"

#include <stdio.h>

#define OVERLAP_S 600
#define FIRST_LOOK_BACK_S (INT64_C(3) * 86400)
#define COMMAND_TIMEOUT_MS 15000

/* Callbacks, on threads of port and link. */

static void on_list(void *context, const struct cf_port_result *result, struct cf_bytes body)
{
    struct cf_gateway *gateway = context;
    pthread_mutex_lock(&gateway->mutex);
    cf_buf_clear(&gateway->poll.body);
    if (result->outcome == CF_PORT_DONE && cf_buf_append(&gateway->poll.body, body) != CF_OK)
        cf_buf_clear(&gateway->poll.body);
    gateway->poll.answered = true;
    gateway->under_way--;
    pthread_cond_broadcast(&gateway->changed);
    pthread_mutex_unlock(&gateway->mutex);
}

static void on_recorded(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct cf_gateway *gateway = context;
    pthread_mutex_lock(&gateway->mutex);
    gateway->missed += status == CF_OK && reply->kind == CF_REPLY_ACCEPTED;
    gateway->under_way--;
    pthread_cond_broadcast(&gateway->changed);
    pthread_mutex_unlock(&gateway->mutex);
}

/* Hands in a notice that never reached us. */
static void record(struct cf_gateway *gateway, const struct cf_webhook_notice *notice,
                   struct cf_bytes body)
{
    struct cf_hash hash;
    struct cf_command_input input;
    const struct {
        const char *field, *text;
    } texts[] = {{"event", notice->event},     {"event_type", notice->type},
                 {"object", notice->object},   {"object_status", notice->object_status},
                 {"account", notice->account}, {"request_key", notice->request_key}};
    cf_sha256(body, &hash);
    cf_command_input_init(&input, CF_COMMAND_provider_receive_event);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].text[0] != '\0')
            cf_command_set_text(&input, texts[i].field, cf_bytes_from_text(texts[i].text));
    }
    cf_command_set_signed(&input, "created_at", notice->created_at_us);
    cf_command_set_hash(&input, "body_hash", hash.bytes);
    const struct cf_link_command command = {
        .input = &input, .actor = CF_ACTOR_GATEWAY, .key = cf_bytes_from_text(notice->event)};
    pthread_mutex_lock(&gateway->mutex);
    gateway->under_way++;
    pthread_mutex_unlock(&gateway->mutex);
    if (cf_link_start(gateway->link, &command, COMMAND_TIMEOUT_MS, on_recorded, gateway, NULL) ==
        CF_OK)
        return;
    pthread_mutex_lock(&gateway->mutex);
    gateway->under_way--; /* the next round overlaps this one */
    pthread_mutex_unlock(&gateway->mutex);
}

/* Looks through a page; true when the list goes on. */
static bool read_page(struct cf_gateway *gateway, struct cf_bytes page)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *list = NULL;
    if (page.size == 0 || cf_json_parse(page, &list, NULL) != CF_OK)
        return false;
    const struct cf_json *data = cf_json_get(list, "data");
    for (size_t i = 0; i < cf_json_size(data); i++) {
        struct cf_buf body;
        struct cf_webhook_notice notice;
        struct cf_id known;
        cf_buf_init(&body, 1 << 20);
        if (cf_json_print(cf_json_item(data, i), &body) == CF_OK &&
            cf_webhook_parse(cf_buf_bytes(&body), &notice, NULL) == CF_OK) {
            snprintf(gateway->poll.after, sizeof gateway->poll.after, "%s", notice.event);
            if (notice.created_at_us / 1000000 > gateway->poll.newest_s)
                gateway->poll.newest_s = notice.created_at_us / 1000000;
            if (cf_range_lookup(gateway->range, CF_LOOKUP_PROVIDER_EVENT,
                                cf_bytes_from_text(notice.event), &known, NULL) == CF_NOT_FOUND)
                record(gateway, &notice, cf_buf_bytes(&body));
        }
        cf_buf_clean_up(&body);
    }
    return cf_json_is_true(cf_json_get(list, "has_more"));
}

static void ask(struct cf_gateway *gateway)
{
    const struct cf_port_request request = {
        .operation = CF_PORT_LIST_EVENTS,
        .since_s = gateway->poll.since_s - OVERLAP_S,
        .after = gateway->poll.after[0] == '\0' ? NULL : gateway->poll.after};
    gateway->poll.busy = true;
    pthread_mutex_lock(&gateway->mutex);
    gateway->under_way++;
    gateway->poll.answered = false;
    pthread_mutex_unlock(&gateway->mutex);
    if (cf_payment_port_submit(gateway->options.port, &request, on_list, gateway) == CF_OK)
        return;
    gateway->poll.busy = false;
    pthread_mutex_lock(&gateway->mutex);
    gateway->under_way--;
    pthread_mutex_unlock(&gateway->mutex);
}

void cf_gateway__poll(struct cf_gateway *gateway)
{
    int64_t now_us = cf_gateway__monotonic_us();
    if (gateway->options.poll_interval_s == 0)
        return;
    pthread_mutex_lock(&gateway->mutex);
    bool answered = gateway->poll.answered;
    pthread_mutex_unlock(&gateway->mutex);
    if (gateway->poll.busy && answered) {
        gateway->poll.busy = false;
        if (read_page(gateway, cf_buf_bytes(&gateway->poll.body))) {
            ask(gateway);
            return;
        }
        if (gateway->poll.newest_s > gateway->poll.since_s)
            gateway->poll.since_s = gateway->poll.newest_s;
        gateway->poll.after[0] = '\0';
        gateway->poll.next_us = now_us + (int64_t)gateway->options.poll_interval_s * 1000000;
    } else if (!gateway->poll.busy && now_us >= gateway->poll.next_us) {
        if (gateway->poll.since_s == 0)
            gateway->poll.since_s = cf_gateway__now_us(gateway) / 1000000 - FIRST_LOOK_BACK_S;
        ask(gateway);
    }
}
