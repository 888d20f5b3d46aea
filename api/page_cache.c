/* SPDX-License-Identifier: Apache-2.0 */
#include "api/page_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct entry {
    struct cf_id campaign_id;
    struct cf_http_reply *reply; /* owned; NULL: empty */
    int64_t kept_until_us;
    char etag[CF_ETAG_SIZE];
};

struct cf_page_cache {
    pthread_rwlock_t lock;
    uint64_t generation;
    struct entry entries[CF_PAGE_CACHE_ENTRIES]; /* one place each: a newer page takes it */
};

enum cf_status cf_page_cache_new(struct cf_page_cache **ret_cache)
{
    struct cf_page_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return CF_NO_MEMORY;
    pthread_rwlock_init(&cache->lock, NULL);
    *ret_cache = cache;
    return CF_OK;
}

static void entry_empty(struct entry *entry)
{
    cf_http_reply_destroy(entry->reply);
    entry->reply = NULL;
}

void cf_page_cache_destroy(struct cf_page_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CF_PAGE_CACHE_ENTRIES; i++)
        entry_empty(&cache->entries[i]);
    pthread_rwlock_destroy(&cache->lock);
    free(cache);
}

static struct entry *place_of(struct cf_page_cache *cache, const struct cf_id *campaign_id)
{
    uint32_t number; /* the random end of the id */
    memcpy(&number, campaign_id->bytes + CF_ID_SIZE - sizeof number, sizeof number);
    return &cache->entries[number % CF_PAGE_CACHE_ENTRIES];
}

bool cf_page_cache_answer(struct cf_page_cache *cache, const struct cf_id *campaign_id,
                          int64_t now_us, struct cf_http_request *request)
{
    const char *known = cf_http_request_header(request, "If-None-Match");
    pthread_rwlock_rdlock(&cache->lock);
    const struct entry *entry = place_of(cache, campaign_id);
    bool found = entry->reply != NULL && cf_id_equal(entry->campaign_id, *campaign_id) &&
                 now_us < entry->kept_until_us;
    if (found && known != NULL && strstr(known, entry->etag) != NULL) {
        const struct cf_http_header headers[] = {{"ETag", entry->etag},
                                                 {"Cache-Control", "no-cache"}};
        cf_http_respond(request, &(struct cf_http_response){
                                     .status = 304, .headers = headers, .header_count = 2});
    } else if (found) {
        cf_http_reply_send(request, entry->reply);
    }
    pthread_rwlock_unlock(&cache->lock);
    return found;
}

uint64_t cf_page_cache_generation(struct cf_page_cache *cache)
{
    pthread_rwlock_rdlock(&cache->lock);
    uint64_t generation = cache->generation;
    pthread_rwlock_unlock(&cache->lock);
    return generation;
}

void cf_page_cache_put(struct cf_page_cache *cache, const struct cf_id *campaign_id,
                       uint64_t generation, int64_t now_us, const char *etag, struct cf_bytes json)
{
    const struct cf_http_header headers[] = {
        {"Content-Type", "application/json"}, {"Cache-Control", "no-cache"}, {"ETag", etag}};
    struct cf_http_reply *reply = NULL;
    if (cf_http_reply_new(
            &(struct cf_http_response){
                .status = 200, .headers = headers, .header_count = 3, .body = json},
            &reply) != CF_OK)
        return;
    pthread_rwlock_wrlock(&cache->lock);
    if (cache->generation == generation) {
        struct entry *entry = place_of(cache, campaign_id);
        struct cf_http_reply *former = entry->reply;
        *entry = (struct entry){.campaign_id = *campaign_id,
                                .reply = reply,
                                .kept_until_us = now_us + CF_PAGE_CACHE_KEPT_US};
        snprintf(entry->etag, sizeof entry->etag, "%s", etag);
        reply = former;
    }
    pthread_rwlock_unlock(&cache->lock);
    cf_http_reply_destroy(reply);
}

void cf_page_cache_drop(struct cf_page_cache *cache, const struct cf_id *campaign_id)
{
    pthread_rwlock_wrlock(&cache->lock);
    cache->generation++;
    struct entry *entry = place_of(cache, campaign_id);
    if (cf_id_equal(entry->campaign_id, *campaign_id))
        entry_empty(entry);
    pthread_rwlock_unlock(&cache->lock);
}
