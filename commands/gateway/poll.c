/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices get lost: the provider gives up after some days, or our address was wrong. Now and then its own
 * lists are read, and what the ledger does not know is handed in as if it had come by webhook. The same
 * notice is recorded once, whichever way it comes.
 *
 * A round reads the platform's list, from a little before where the last round was, and those of the next few
 * connected accounts, which have lists of their own. Accounts take turns: at one round a minute each of
 * 43,000 is looked at within the days that its list is read back.
 */
#include "commands/gateway/gateway_private.h"

#include "commands/gateway/stripe.h"
#include "commands/gateway/webhook.h"
#include "core/json_value.h"
#include "eventstore/sodium.h"

#include <stdio.h>

#define OVERLAP_S 600
#define LOOK_BACK_S (INT64_C(3) * 86400)
#define ACCOUNTS_PER_ROUND 10
#define COMMAND_TIMEOUT_MS 15000
#define NOTICE_SIZE_MAX ((size_t)1 << 20)

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

static void take_notice(struct cf_gateway *gateway, const struct cf_json *event)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf body;
    struct cf_webhook_notice notice;
    struct cf_id known;
    cf_buf_init(&body, NOTICE_SIZE_MAX);
    if (cf_json_print(event, &body) != CF_OK ||
        cf_webhook_parse(cf_buf_bytes(&body), &notice, NULL) != CF_OK)
        return;
    snprintf(gateway->poll.after, sizeof gateway->poll.after, "%s", notice.event);
    if (notice.account[0] == '\0')
        snprintf(notice.account, sizeof notice.account, "%s", gateway->poll.account);
    if (notice.created_at_us / 1000000 > gateway->poll.newest_s)
        gateway->poll.newest_s = notice.created_at_us / 1000000;
    if (cf_range_lookup(gateway->range, CF_LOOKUP_PROVIDER_EVENT, cf_bytes_from_text(notice.event),
                        &known, NULL) == CF_NOT_FOUND)
        record(gateway, &notice, cf_buf_bytes(&body));
}

/* Looks through the page that came. False when none did; then the list is read again in the next round. */
static bool read_page(struct cf_gateway *gateway, bool *ret_goes_on)
{
    struct cf_bytes page = cf_buf_bytes(&gateway->poll.body);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *list = NULL;
    if (page.size == 0 || cf_json_parse(page, &list, NULL) != CF_OK)
        return false;
    const struct cf_json *data = cf_json_get(list, "data");
    for (size_t i = 0; i < cf_json_size(data); i++)
        take_notice(gateway, cf_json_item(data, i));
    *ret_goes_on = cf_json_is_true(cf_json_get(list, "has_more"));
    return true;
}

static void ask(struct cf_gateway *gateway)
{
    bool of_account = gateway->poll.account[0] != '\0';
    const struct cf_port_request request = {
        .operation = CF_PORT_LIST_EVENTS,
        .since_s =
            of_account ? gateway->poll.began_s - LOOK_BACK_S : gateway->poll.since_s - OVERLAP_S,
        .account = of_account ? gateway->poll.account : NULL,
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

/* Whose turn it is next in this round; false when it is over. */
static bool next_account(struct cf_gateway *gateway)
{
    if (gateway->poll.accounts_left == 0)
        return false;
    gateway->poll.accounts_left--;
    if (cf_range_name_behind(gateway->range, CF_LOOKUP_ACCOUNT,
                             cf_bytes_from_text(gateway->poll.last_account), gateway->poll.account,
                             NULL) != CF_OK) {
        gateway->poll.last_account[0] = '\0'; /* the next round begins with the first again */
        return false;
    }
    memcpy(gateway->poll.last_account, gateway->poll.account, sizeof gateway->poll.account);
    return true;
}

static void begin_round(struct cf_gateway *gateway)
{
    gateway->poll.began_s = cf_gateway__now_us(gateway) / 1000000;
    if (gateway->poll.since_s == 0)
        gateway->poll.since_s = gateway->poll.began_s - LOOK_BACK_S;
    gateway->poll.newest_s = gateway->poll.since_s;
    gateway->poll.account[0] = gateway->poll.after[0] = '\0';
    gateway->poll.accounts_left = ACCOUNTS_PER_ROUND;
    ask(gateway);
}

static void go_on(struct cf_gateway *gateway)
{
    bool goes_on = false;
    gateway->poll.busy = false;
    bool came = read_page(gateway, &goes_on);
    if (came && goes_on) {
        ask(gateway);
        return;
    }
    if (came && gateway->poll.account[0] == '\0')
        gateway->poll.since_s = gateway->poll.newest_s;
    gateway->poll.after[0] = '\0';
    if (came && next_account(gateway))
        ask(gateway);
    else
        gateway->poll.next_us =
            cf_gateway__monotonic_us() + (int64_t)gateway->options.poll_interval_s * 1000000;
}

void cf_gateway__poll(struct cf_gateway *gateway)
{
    if (gateway->options.poll_interval_s == 0)
        return;
    pthread_mutex_lock(&gateway->mutex);
    bool answered = gateway->poll.answered;
    pthread_mutex_unlock(&gateway->mutex);
    if (gateway->poll.busy && answered)
        go_on(gateway);
    else if (!gateway->poll.busy && cf_gateway__monotonic_us() >= gateway->poll.next_us)
        begin_round(gateway);
}
