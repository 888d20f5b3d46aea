/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A campaign's page. From the cache, without waiting, where it is there; else it goes on in the
 * pool, reads, and leaves the page in the cache. What has not been launched is its creator's alone, and
 * never cached.
 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "api/unseal.h"

#define PAGE_SIZE_MAX ((size_t)4 << 20)

static void page_answer(struct cf_exchange *exchange, const struct cf_id *campaign_id,
                        bool is_public, uint64_t generation, const struct cf_json *json)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, PAGE_SIZE_MAX);
    if (cf_json_print(json, &text) != CF_OK) {
        cf_exchange_problem(exchange, CF_PROBLEM_INTERNAL, NULL, NULL);
        return;
    }
    char etag[CF_ETAG_SIZE];
    cf_exchange_etag(cf_buf_bytes(&text), etag);
    if (is_public)
        cf_page_cache_put(exchange->api->pages, campaign_id, generation, cf_api_now_us(), etag,
                          cf_buf_bytes(&text));
    cf_exchange_json_text(exchange, cf_buf_bytes(&text));
}

static void page_read(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id) || !cf_exchange_await_sequence(exchange))
        return;
    uint64_t generation = cf_page_cache_generation(exchange->api->pages);
    struct cf_unseal unseal = {.keeper = exchange->api->keeper};
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    struct cf_id creator_id;
    bool is_public = false;
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_query_campaign(exchange->api->seats[exchange->seat].query, &campaign_id,
                          cf_unsealer(&unseal), &json, &creator_id, &is_public, &fault);
    if (status == CF_OK && !is_public && !cf_id_equal(creator_id, exchange->user_id))
        status = CF_NOT_FOUND;
    if (status == CF_OK)
        page_answer(exchange, &campaign_id, is_public, generation, json);
    else
        cf_exchange_failed(exchange, status, &fault);
    cf_unseal_clean_up(&unseal);
}

void cf_route_get_campaign(struct cf_exchange *exchange)
{
    struct cf_id campaign_id;
    if (!cf_exchange_id(exchange, 0, &campaign_id))
        return;
    bool any = cf_form_find(&exchange->request->query, "sequence") == NULL;
    if (any && cf_page_cache_answer(exchange->api->pages, &campaign_id, cf_api_now_us(),
                                    exchange->request)) {
        exchange->api->figures.page_hits++;
        return;
    }
    exchange->api->figures.page_misses++;
    cf_exchange_wait(exchange, page_read);
}
