/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a cache hears of everybody whom the keeper forgot; when it may have missed somebody (the keeper
 * began anew, a number was skipped, it is silent), it is told to drop everything; and a cache that is told
 * so keeps nothing, also not what was asked for before.
 * Shown: with a teller and a listener on a real socket, and on a cache alone.
 */
#include "eventstore/keeper_news.h"

#include "eventstore/bus.h"
#include "eventstore/keeper_cache.h"
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"

#include <poll.h>
#include <pthread.h>

struct heard {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int forgotten[8]; /* by the first byte of the id */
    int missed;
    int hears;
};

static void change(struct heard *heard, int *counter)
{
    pthread_mutex_lock(&heard->lock);
    ++*counter;
    pthread_cond_broadcast(&heard->changed);
    pthread_mutex_unlock(&heard->lock);
}

static void on_forget(void *context, struct cf_id subject)
{
    struct heard *heard = context;
    change(heard, &heard->forgotten[subject.bytes[0]]);
}

static void on_missed(void *context)
{
    struct heard *heard = context;
    change(heard, &heard->missed);
}

static void on_hears(void *context)
{
    struct heard *heard = context;
    change(heard, &heard->hears);
}

static void wait_for(struct heard *heard, const int *counter, int value)
{
    pthread_mutex_lock(&heard->lock);
    while (*counter < value)
        pthread_cond_wait(&heard->changed, &heard->lock);
    pthread_mutex_unlock(&heard->lock);
}

static int value_of(struct heard *heard, const int *counter)
{
    pthread_mutex_lock(&heard->lock);
    int value = *counter;
    pthread_mutex_unlock(&heard->lock);
    return value;
}

/* Tells of somebody until the listener hears anything at all: before it is connected it hears nothing. */
static void tell_until_heard(struct cf_keeper_teller *teller, struct heard *heard, int hears)
{
    while (value_of(heard, &heard->hears) < hears) {
        cf_keeper_teller_forget(teller, (struct cf_id){.bytes = {7}});
        poll(NULL, 0, 1); /* no faster than it is heard, or the queue drops some */
    }
}

/* Tells of one until it is heard; on a machine that stands still for seconds something may be missed. */
static void tell(struct cf_keeper_teller *teller, struct heard *heard, uint8_t number)
{
    while (value_of(heard, &heard->forgotten[number]) == 0) {
        cf_keeper_teller_forget(teller, (struct cf_id){.bytes = {number}});
        poll(NULL, 0, 1);
    }
}

static void test_news__tell_who_was_forgotten_and_when_something_was_missed(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    char url[96];
    struct heard heard = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const struct cf_keeper_hearing hearing = {&heard, on_forget, on_missed, on_hears};
    struct cf_keeper_teller *teller;
    struct cf_keeper_listener *listener;
    cf_sodium_init();
    cf_temp_dir_make(&dir);
    snprintf(url, sizeof url, "ipc://%s/keeper", dir.path);
    assert_int_equal(cf_keeper_teller_open(url, &teller, NULL), CF_OK);
    assert_int_equal(cf_keeper_listener_open(url, &hearing, &listener, NULL), CF_OK);

    /* The first thing heard follows nothing: whatever was before was missed. */
    tell_until_heard(teller, &heard, 1);
    int missed = value_of(&heard, &heard.missed);
    assert_true(missed >= 1);
    tell(teller, &heard, 1);
    tell(teller, &heard, 2);
    missed = value_of(&heard, &heard.missed);

    /* A keeper that began anew may have forgotten anybody meanwhile. */
    cf_keeper_teller_close(teller);
    assert_int_equal(cf_keeper_teller_open(url, &teller, NULL), CF_OK);
    tell_until_heard(teller, &heard, 2);
    assert_true(value_of(&heard, &heard.missed) > missed);

    /* Silence. */
    missed = value_of(&heard, &heard.missed);
    wait_for(&heard, &heard.missed, missed + 1);
    cf_keeper_listener_close(listener);
    cf_keeper_teller_close(teller);
    cf_temp_dir_remove(&dir);
}

static void test_cache__keeps_nothing_that_may_be_forgotten(void **state)
{
    (void)state;
    struct cf_id ada = {.bytes = {1}}, bob = {.bytes = {2}};
    struct cf_bytes sealed = CF_BYTES_LITERAL("sealed"), clear = CF_BYTES_LITERAL("clear");
    struct cf_keeper_cache *cache = cf_keeper_cache_new();
    struct cf_buf buf;
    cf_buf_init(&buf, 64);
    uint64_t generation = cf_keeper_cache_generation(cache);

    cf_keeper_cache_put(cache, generation, ada, sealed, clear); /* it is closed at first */
    assert_int_equal(cf_keeper_cache_get(cache, ada, sealed, &buf), CF_NOT_FOUND);
    cf_keeper_cache_open(cache);
    cf_keeper_cache_put(cache, generation, ada, sealed, clear);
    cf_keeper_cache_put(cache, generation, bob, sealed, clear);
    assert_int_equal(cf_keeper_cache_get(cache, ada, sealed, &buf), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&buf), clear));

    cf_keeper_cache_forget(cache, ada);
    assert_int_equal(cf_keeper_cache_get(cache, ada, sealed, &buf), CF_NOT_FOUND);
    assert_int_equal(cf_keeper_cache_get(cache, bob, sealed, &buf), CF_OK);
    cf_keeper_cache_put(cache, generation, ada, sealed, clear); /* asked for before */
    assert_int_equal(cf_keeper_cache_get(cache, ada, sealed, &buf), CF_NOT_FOUND);

    cf_keeper_cache_close(cache);
    cf_keeper_cache_open(cache);
    assert_int_equal(cf_keeper_cache_get(cache, bob, sealed, &buf), CF_NOT_FOUND);
    cf_keeper_cache_destroy(cache);
    cf_buf_clean_up(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_news__tell_who_was_forgotten_and_when_something_was_missed),
        cmocka_unit_test(test_cache__keeps_nothing_that_may_be_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
