/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts a campaign for whoever is logged in. A slug that the body leaves out is made of the title's
 * ASCII letters and digits and the end of the campaign's id, so that it is never taken.
 */
#include "api/exchange.h"

#include <ctype.h>

#define SLUG_TITLE_MAX 48
#define SLUG_ID_LETTERS 8

static void slug_make(struct cf_exchange *exchange, const char *title,
                      const struct cf_id *campaign_id)
{
    char slug[64] = "";
    size_t size = 0;
    for (const char *letter = title; *letter != '\0' && size < SLUG_TITLE_MAX; letter++) {
        if (isascii((unsigned char)*letter) && isalnum((unsigned char)*letter))
            slug[size++] = (char)tolower((unsigned char)*letter);
        else if (size > 0 && slug[size - 1] != '-')
            slug[size++] = '-';
    }
    if (size > 0 && slug[size - 1] != '-')
        slug[size++] = '-';
    char id_text[CF_ID_TEXT_SIZE];
    cf_id_print(*campaign_id, id_text);
    memcpy(slug + size, id_text + CF_ID_TEXT_SIZE - 1 - SLUG_ID_LETTERS, SLUG_ID_LETTERS + 1);
    cf_json_set_text(exchange->body, "slug", slug);
}

static void answer(struct cf_exchange *exchange, const struct cf_reply *reply)
{
    char id_text[CF_ID_TEXT_SIZE];
    cf_id_print(reply->stream_id, id_text);
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "campaign_id", id_text);
    cf_json_set_integer(json, "sequence", (int64_t)reply->last_sequence);
    cf_exchange_json(exchange, 201, json);
}

void cf_route_post_campaigns(struct cf_exchange *exchange)
{
    const char *title;
    if (!cf_exchange_body(exchange) || !cf_exchange_text(exchange, "title", &title))
        return;
    struct cf_id campaign_id = cf_exchange_repeatable_id(exchange);
    if (cf_json_get(exchange->body, "slug") == NULL)
        slug_make(exchange, title, &campaign_id);
    cf_exchange_set_id(exchange, "campaign_id", &campaign_id);
    cf_exchange_set_id(exchange, "creator_id", &exchange->user_id);
    cf_exchange_command_as(exchange, exchange->user_id, CF_COMMAND_campaign_draft, &campaign_id,
                           true, answer);
}
