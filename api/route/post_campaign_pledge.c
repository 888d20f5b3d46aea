/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pledge, with a saved card (card_id), with a card that the provider's form just took
 * (payment_method), or with none yet: then the pledge waits in checkout for /confirm.
 *
 * The hot path: it holds no thread while the ledger decides.
 */
#include "api/action.h"
#include "api/api_private.h"
#include "api/exchange.h"

#include <poll.h>

#define OUTCOME_POLL_MS 20

static struct cf_json *pledge_made(const struct cf_exchange *exchange)
{
    char id_text[CF_ID_TEXT_SIZE];
    cf_id_print(exchange->made_id, id_text);
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "pledge_id", id_text);
    cf_json_set_integer(json, "sequence", (int64_t)exchange->sequence);
    return json;
}

/* A decline is an outcome, too: the checkout waits for another card. */
static bool is_under_way(const struct cf_json *pledge)
{
    static const char *const states[] = {"checkout", "authorizing", "capturing"};
    const char *state = cf_json_text_at(pledge, "state");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (state != NULL && strcmp(state, states[i]) == 0)
            return cf_json_text_at(pledge, "decline") == NULL;
    return false;
}

/* The client prefers to wait: answers when the provider's word is in the read models, or time is up. */
static void outcome_await(struct cf_exchange *exchange)
{
    int left_ms = (int)cf_exchange_prefers_wait(exchange) * 1000;
    struct cf_query *query = exchange->api->seats[exchange->seat].query;
    struct cf_json *json = pledge_made(exchange);
    for (;; left_ms -= OUTCOME_POLL_MS) {
        CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *pledge = NULL;
        struct cf_id backer_id;
        enum cf_status status =
            cf_query_pledge(query, &exchange->made_id, &pledge, &backer_id, NULL);
        bool known = status == CF_OK && (left_ms <= 0 || !is_under_way(pledge));
        if (known) {
            static const char *const words[] = {"state", "status", "decline"};
            for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
                cf_json_set_text(json, words[i], cf_json_text_at(pledge, words[i]));
            cf_action_add(exchange, pledge, json);
        }
        if (known || left_ms <= 0)
            break;
        poll(NULL, 0, OUTCOME_POLL_MS);
    }
    cf_exchange_json(exchange, 201, json);
}

static void answer(struct cf_exchange *exchange, const struct cf_reply *reply)
{
    exchange->made_id = reply->stream_id;
    exchange->sequence = reply->last_sequence;
    if (cf_exchange_prefers_wait(exchange) > 0)
        cf_exchange_wait(exchange, outcome_await);
    else
        cf_exchange_json(exchange, 201, pledge_made(exchange));
}

void cf_route_post_campaign_pledge(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id) || !cf_exchange_body(exchange))
        return;
    struct cf_id pledge_id = cf_exchange_new_id(exchange);
    cf_exchange_set_id(exchange, "pledge_id", &pledge_id);
    cf_exchange_set_id(exchange, "campaign_id", &campaign_id);
    cf_exchange_set_id(exchange, "backer_id", &exchange->user_id);
    if (cf_json_get(exchange->body, "add_ons") == NULL)
        cf_json_set(exchange->body, "add_ons", cf_json_array());
    cf_exchange_command(exchange, CF_COMMAND_pledge_start_checkout, &exchange->user_id, answer);
}
