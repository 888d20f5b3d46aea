/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/node_cache.h"

#include "core/base/assert.h"

#include <pthread.h>
#include <stdlib.h>

#define PLACES_LOG2 16
#define LEVEL_MIN 8

struct place {
    uint64_t name; /* 0: empty */
    struct cf_hash hash;
};

struct cf_node_cache {
    pthread_mutex_t lock;
    struct place places[1 << PLACES_LOG2];
};

/* The level is the number of zero bits at the end, so an upper node's name has a higher lowest bit. */
static uint64_t name_of(unsigned level, uint64_t index)
{
    return (index << 1 | 1) << level;
}

static bool is_above(uint64_t name, uint64_t other)
{
    return (name & -name) > (other & -other);
}

static struct place *place_of(struct cf_node_cache *cache, uint64_t name)
{
    return &cache->places[name * 0x9e3779b97f4a7c15 >> (64 - PLACES_LOG2)];
}

enum cf_status cf_node_cache_make(struct cf_node_cache **ret_cache, struct cf_fault *reterr_fault)
{
    struct cf_node_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the tree's upper nodes");
    CF_ASSERT(pthread_mutex_init(&cache->lock, NULL) == 0);
    *ret_cache = cache;
    return CF_OK;
}

void cf_node_cache_free(struct cf_node_cache *cache)
{
    if (cache == NULL)
        return;
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

bool cf_node_cache_get(struct cf_node_cache *cache, unsigned level, uint64_t index,
                       struct cf_hash *ret_hash)
{
    if (level < LEVEL_MIN)
        return false;
    uint64_t name = name_of(level, index);
    const struct place *place = place_of(cache, name);
    pthread_mutex_lock(&cache->lock);
    bool found = place->name == name;
    if (found)
        *ret_hash = place->hash;
    pthread_mutex_unlock(&cache->lock);
    return found;
}

void cf_node_cache_put(struct cf_node_cache *cache, unsigned level, uint64_t index,
                       const struct cf_hash *hash)
{
    if (level < LEVEL_MIN)
        return;
    uint64_t name = name_of(level, index);
    struct place *place = place_of(cache, name);
    pthread_mutex_lock(&cache->lock);
    if (place->name == 0 || !is_above(place->name, name))
        *place = (struct place){.name = name, .hash = *hash};
    pthread_mutex_unlock(&cache->lock);
}
