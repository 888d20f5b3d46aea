/* SPDX-License-Identifier: Apache-2.0 */
/* A table of fixed size: a text takes the place of the one whose hash leads to the same slot. */
#include "eventstore/keeper_cache.h"

#include "core/base/scope.h"
#include "eventstore/sodium.h"

#include <pthread.h>

#define SLOT_COUNT 8192
#define TEXT_SIZE_MAX 2048

struct slot {
    struct cf_hash hash; /* of subject and sealed bytes */
    struct cf_id subject_id;
    size_t size;
    uint8_t *text; /* owned; NULL in a free slot */
};

struct cf_keeper_cache {
    pthread_mutex_t lock;
    uint64_t generation;
    bool open;
    struct slot slots[SLOT_COUNT];
};

struct cf_keeper_cache *cf_keeper_cache_new(void)
{
    struct cf_keeper_cache *cache = calloc(1, sizeof *cache);
    if (cache != NULL)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static void slot_clear(struct slot *slot)
{
    if (slot->text != NULL)
        cf_secret_wipe(slot->text, slot->size);
    free(slot->text);
    *slot = (struct slot){0};
}

void cf_keeper_cache_destroy(struct cf_keeper_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        slot_clear(&cache->slots[i]);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static struct slot *slot_of(struct cf_keeper_cache *cache, struct cf_id subject_id,
                            struct cf_bytes sealed, struct cf_hash *ret_hash)
{
    cf_hmac_sha256(cf_id_bytes(&subject_id), sealed, ret_hash);
    return &cache->slots[(ret_hash->bytes[0] | (size_t)ret_hash->bytes[1] << 8) % SLOT_COUNT];
}

enum cf_status cf_keeper_cache_get(struct cf_keeper_cache *cache, struct cf_id subject_id,
                                   struct cf_bytes sealed, struct cf_buf *clear)
{
    struct cf_hash hash;
    struct slot *slot = slot_of(cache, subject_id, sealed, &hash);
    enum cf_status status = CF_NOT_FOUND;
    pthread_mutex_lock(&cache->lock);
    if (slot->text != NULL && memcmp(&slot->hash, &hash, sizeof hash) == 0)
        status = cf_buf_append(clear, cf_bytes_from(slot->text, slot->size));
    pthread_mutex_unlock(&cache->lock);
    return status;
}

uint64_t cf_keeper_cache_generation(struct cf_keeper_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    uint64_t generation = cache->generation;
    pthread_mutex_unlock(&cache->lock);
    return generation;
}

void cf_keeper_cache_put(struct cf_keeper_cache *cache, uint64_t generation,
                         struct cf_id subject_id, struct cf_bytes sealed, struct cf_bytes clear)
{
    struct cf_hash hash;
    struct slot *slot = slot_of(cache, subject_id, sealed, &hash);
    uint8_t *text = clear.size > TEXT_SIZE_MAX ? NULL : malloc(clear.size + 1);
    if (text == NULL)
        return;
    if (clear.size > 0)
        memcpy(text, clear.data, clear.size);
    pthread_mutex_lock(&cache->lock);
    if (cache->open && cache->generation == generation) {
        slot_clear(slot);
        *slot = (struct slot){
            .hash = hash, .subject_id = subject_id, .size = clear.size, .text = CF_TAKE(text)};
    }
    pthread_mutex_unlock(&cache->lock);
    free(text);
}

void cf_keeper_cache_forget(struct cf_keeper_cache *cache, struct cf_id subject_id)
{
    pthread_mutex_lock(&cache->lock);
    cache->generation++;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (cf_id_equal(cache->slots[i].subject_id, subject_id))
            slot_clear(&cache->slots[i]);
    }
    pthread_mutex_unlock(&cache->lock);
}

void cf_keeper_cache_close(struct cf_keeper_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->generation++;
    cache->open = false;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        slot_clear(&cache->slots[i]);
    pthread_mutex_unlock(&cache->lock);
}

void cf_keeper_cache_open(struct cf_keeper_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->open = true;
    pthread_mutex_unlock(&cache->lock);
}
