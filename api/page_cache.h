/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_PAGE_CACHE_H
#define CF_API_PAGE_CACHE_H

/*
 * Rendered campaigns, ready to be sent. An entry is dropped when the feed says that the campaign
 * changed, and after CF_PAGE_CACHE_KEPT_US in any case, since the feed may lose news. What was read before a drop and is put
 * in after it does not stick: a reader takes the cache's generation first and hands it in with the page.
 *
 * Thread-safe. A reply that is found is counted for the finder until it was sent.
 */

#include "api/server.h"
#include "core/id.h"

#define CF_PAGE_CACHE_ENTRIES 16384
#define CF_PAGE_CACHE_KEPT_US INT64_C(2000000)
#define CF_ETAG_SIZE 32

struct cf_page_cache;

CF_MUST_CHECK enum cf_status cf_page_cache_new(struct cf_page_cache **ret_cache);
/* Accepts NULL. */
void cf_page_cache_destroy(struct cf_page_cache *cache);

/* Answers the request with the cached page (or 304, when the client has it) and returns true. */
bool cf_page_cache_answer(struct cf_page_cache *cache, const struct cf_id *campaign_id,
                          int64_t now_us, struct cf_http_request *request);

/* Grows with every drop. */
uint64_t cf_page_cache_generation(struct cf_page_cache *cache);

/* Keeps a page that was read at that generation. `etag` is with its quotes. */
void cf_page_cache_put(struct cf_page_cache *cache, const struct cf_id *campaign_id,
                       uint64_t generation, int64_t now_us, const char *etag, struct cf_bytes json);

void cf_page_cache_drop(struct cf_page_cache *cache, const struct cf_id *campaign_id);

#endif
