/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A notice from the provider: the signature is checked over the bytes as they came, the fields that matter
 * and the body's hash go to the log, and the provider is answered. What the notice means is looked into
 * after, by the gateway. A notice that is known already is answered like the first time.
 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "commands/gateway/webhook.h"
#include "core/base/hex.h"
#include "eventstore/sodium.h"

#include <stdio.h>

static bool is_genuine(struct cf_exchange *exchange)
{
    const char *const *secrets = exchange->api->options->webhook_secrets;
    size_t count = 0;
    while (secrets[count] != NULL)
        count++;
    const char *header = cf_http_request_header(exchange->request, "Stripe-Signature");
    return header != NULL && cf_webhook_verify(cf_bytes_from_text(header), exchange->request->body,
                                               secrets, count, cf_api_now_us() / 1000000,
                                               CF_WEBHOOK_TOLERANCE_S) == CF_WEBHOOK_SIGNED;
}

static void text_set(struct cf_json *body, const char *member, const char *text)
{
    if (text[0] != '\0')
        cf_json_set_text(body, member, text);
}

static void body_make(struct cf_exchange *exchange, const struct cf_webhook_notice *notice)
{
    struct cf_hash hash;
    cf_sha256(exchange->request->body, &hash);
    char hash_text[2 * CF_HASH_SIZE + 1];
    cf_hex_print(cf_bytes_from(hash.bytes, CF_HASH_SIZE), hash_text);
    char created_text[CF_TIME_TEXT_SIZE];
    cf_time_print(notice->created_at_us, created_text);

    exchange->body = cf_json_object();
    cf_json_set_text(exchange->body, "event", notice->event);
    cf_json_set_text(exchange->body, "event_type", notice->type);
    cf_json_set_text(exchange->body, "created_at", created_text);
    cf_json_set_text(exchange->body, "body_hash", hash_text);
    text_set(exchange->body, "object", notice->object);
    text_set(exchange->body, "object_status", notice->object_status);
    text_set(exchange->body, "account", notice->account);
    text_set(exchange->body, "request_key", notice->request_key);
}

void cf_route_post_webhooks_stripe(struct cf_exchange *exchange)
{
    if (!is_genuine(exchange)) {
        cf_exchange_problem(exchange, CF_PROBLEM_SIGNATURE, NULL, NULL);
        return;
    }
    struct cf_webhook_notice notice;
    struct cf_fault fault = {0};
    if (cf_webhook_parse(exchange->request->body, &notice, &fault) != CF_OK) {
        cf_exchange_problem(exchange, CF_PROBLEM_MALFORMED, fault.text, NULL);
        return;
    }
    body_make(exchange, &notice);
    snprintf(exchange->key, sizeof exchange->key, "%s", notice.event);
    cf_exchange_command_as(exchange, CF_ACTOR_GATEWAY, CF_COMMAND_provider_receive_event,
                           &CF_PROVIDER_STREAM, false, cf_exchange_accepted_plainly);
}
