/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what the cache hands out is what was put there under the same level and index; upper nodes
 * stay however many lower ones come by; any thread may use it. Shown: with eight times as many nodes
 * as it has places, each with a hash that tells level and index, and by several threads at once.
 */
#include "eventstore/node_cache.h"
#include "tests/support/cmocka.h"

#include <pthread.h>

#define LEVELS 19 /* of a tree of 2^26 leaves, levels 8 to 26 */
#define THREADS 4

static struct cf_hash hash_of(unsigned level, uint64_t index)
{
    struct cf_hash hash = {{(uint8_t)level}};
    memcpy(hash.bytes + 8, &index, sizeof index);
    return hash;
}

static void assert_right(struct cf_node_cache *cache, unsigned level, uint64_t index,
                         bool *ret_found)
{
    struct cf_hash hash, wanted = hash_of(level, index);
    *ret_found = cf_node_cache_get(cache, level, index, &hash);
    if (*ret_found)
        assert_memory_equal(hash.bytes, wanted.bytes, CF_HASH_SIZE);
}

/* All nodes of a large tree, upper ones first: the lower ones would like their places. */
static void fill(struct cf_node_cache *cache)
{
    for (unsigned depth = 0; depth < LEVELS; depth++) {
        unsigned level = 8 + LEVELS - 1 - depth;
        for (uint64_t index = 0; index < (uint64_t)1 << depth; index++) {
            struct cf_hash hash = hash_of(level, index);
            cf_node_cache_put(cache, level, index, &hash);
        }
    }
}

static struct cf_node_cache *make(void)
{
    struct cf_node_cache *cache;
    assert_int_equal(cf_node_cache_make(&cache, NULL), CF_OK);
    return cache;
}

static void test_node_cache__gives_back_what_was_put(void **state)
{
    (void)state;
    struct cf_node_cache *cache = make();
    bool found;
    assert_right(cache, 8, 0, &found);
    assert_false(found);
    fill(cache);
    size_t count = 0;
    for (unsigned depth = 0; depth < LEVELS; depth++)
        for (uint64_t index = 0; index < (uint64_t)1 << depth; index++) {
            assert_right(cache, 8 + LEVELS - 1 - depth, index, &found);
            count += found;
        }
    assert_true(count > 1 << 15); /* else it would be of little use */
    cf_node_cache_free(cache);
}

static void test_node_cache__upper_nodes_stay(void **state)
{
    (void)state;
    struct cf_node_cache *cache = make();
    fill(cache);
    size_t missing = 0;
    for (unsigned depth = 0; depth < 13; depth++)
        for (uint64_t index = 0; index < (uint64_t)1 << depth; index++) {
            bool found;
            assert_right(cache, 8 + LEVELS - 1 - depth, index, &found);
            missing += !found; /* for one still higher */
        }
    assert_true(missing < (1 << 13) / 8);
    cf_node_cache_free(cache);
}

static void test_node_cache__leaves_are_not_kept(void **state)
{
    (void)state;
    struct cf_node_cache *cache = make();
    struct cf_hash hash = hash_of(0, 5);
    bool found;
    cf_node_cache_put(cache, 0, 5, &hash);
    assert_right(cache, 0, 5, &found);
    assert_false(found);
    cf_node_cache_free(cache);
}

static void *use(void *cache)
{
    fill(cache);
    for (uint64_t index = 0; index < 1 << 12; index++) {
        bool found;
        assert_right(cache, 14, index, &found);
    }
    return NULL;
}

static void test_node_cache__any_thread_at_any_time(void **state)
{
    (void)state;
    struct cf_node_cache *cache = make();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, cache), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    bool found;
    assert_right(cache, 26, 0, &found);
    assert_true(found);
    cf_node_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node_cache__gives_back_what_was_put),
        cmocka_unit_test(test_node_cache__upper_nodes_stay),
        cmocka_unit_test(test_node_cache__leaves_are_not_kept),
        cmocka_unit_test(test_node_cache__any_thread_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
