/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"

static void answer(struct cf_exchange *exchange, const struct cf_reply *reply)
{
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "update_id", cf_json_text_at(exchange->body, "update_id"));
    cf_json_set_integer(json, "sequence", (int64_t)reply->last_sequence);
    cf_exchange_json(exchange, 201, json);
}

void cf_route_post_campaign_updates(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id) || !cf_exchange_body(exchange))
        return;
    struct cf_id update_id = cf_exchange_new_id(exchange);
    cf_exchange_set_id(exchange, "campaign_id", &campaign_id);
    cf_exchange_set_id(exchange, "update_id", &update_id);
    if (cf_json_get(exchange->body, "backers_only") == NULL)
        cf_json_set_bool(exchange->body, "backers_only", false);
    cf_exchange_command(exchange, CF_COMMAND_campaign_post_update, &campaign_id, answer);
}
