/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a page is answered from the cache until its campaign changes or its time is over; a page that
 * was read before a change does not stick; a client that has the page gets 304.
 * Shown: over real connections, with times that the test makes up.
 */
#include "api/page_cache.h"
#include "commands/gateway/http_client.h"
#include "tests/support/cmocka.h"

#include <stdatomic.h>
#include <stdio.h>

struct place {
    struct cf_page_cache *cache;
    struct cf_http_server *server;
    struct cf_http_client *client;
    struct cf_id campaign_id;
    _Atomic int64_t now_us;
    char url[64];
};

/* Answers from the cache, or 404. */
static void handle(void *context, struct cf_http_request *request)
{
    struct place *place = context;
    if (!cf_page_cache_answer(place->cache, &place->campaign_id, place->now_us, request))
        cf_http_respond(request, &(struct cf_http_response){.status = 404});
}

static int open_place(void **state)
{
    static struct place place;
    place = (struct place){.campaign_id = {{1, 2, 3}}, .now_us = 1};
    assert_int_equal(cf_page_cache_new(&place.cache), CF_OK);
    assert_int_equal(cf_http_server_open(
                         &(struct cf_http_server_options){CF_HTTP_SERVER_OPTIONS_DEFAULT,
                                                          .address = "127.0.0.1", .thread_count = 1,
                                                          .handle = handle, .context = &place},
                         &place.server, NULL),
                     CF_OK);
    assert_int_equal(cf_http_client_open(&(struct cf_http_client_options){0}, &place.client, NULL),
                     CF_OK);
    snprintf(place.url, sizeof place.url, "http://127.0.0.1:%u/",
             cf_http_server_port(place.server));
    *state = &place;
    return 0;
}

static int close_place(void **state)
{
    struct place *place = *state;
    cf_http_client_close(place->client);
    cf_http_server_close(place->server);
    cf_page_cache_destroy(place->cache);
    return 0;
}

static long get(struct place *place, const char *header)
{
    const char *const headers[] = {header, NULL};
    struct cf_buf body;
    cf_buf_init(&body, 1024);
    long http_status = 0;
    assert_int_equal(
        cf_http_client_perform(place->client,
                               &(struct cf_http_call){.method = "GET",
                                                      .url = place->url,
                                                      .headers = header == NULL ? NULL : headers},
                               &http_status, &body, NULL),
        CF_OK);
    if (http_status == 200)
        assert_memory_equal(body.data, "{}", 2);
    cf_buf_clean_up(&body);
    return http_status;
}

static void put(struct place *place, uint64_t generation)
{
    cf_page_cache_put(place->cache, &place->campaign_id, generation, place->now_us, "\"abc\"",
                      CF_BYTES_LITERAL("{}"));
}

static void test_page__is_answered_until_its_campaign_changes(void **state)
{
    struct place *place = *state;
    struct cf_id other = {{9}};
    assert_int_equal(get(place, NULL), 404);
    put(place, cf_page_cache_generation(place->cache));
    assert_int_equal(get(place, NULL), 200);
    cf_page_cache_drop(place->cache, &other);
    assert_int_equal(get(place, NULL), 200);
    cf_page_cache_drop(place->cache, &place->campaign_id);
    assert_int_equal(get(place, NULL), 404);
}

static void test_page__read_before_a_change_does_not_stick(void **state)
{
    struct place *place = *state;
    uint64_t before = cf_page_cache_generation(place->cache);
    cf_page_cache_drop(place->cache, &place->campaign_id);
    put(place, before);
    assert_int_equal(get(place, NULL), 404);
}

static void test_page__is_kept_for_a_short_while_only(void **state)
{
    struct place *place = *state;
    put(place, cf_page_cache_generation(place->cache));
    place->now_us += CF_PAGE_CACHE_KEPT_US - 1;
    assert_int_equal(get(place, NULL), 200);
    place->now_us += 1;
    assert_int_equal(get(place, NULL), 404);
}

static void test_page__that_the_client_has_is_not_sent_again(void **state)
{
    struct place *place = *state;
    put(place, cf_page_cache_generation(place->cache));
    assert_int_equal(get(place, "If-None-Match: \"abc\""), 304);
    assert_int_equal(get(place, "If-None-Match: \"abd\""), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_page__is_answered_until_its_campaign_changes,
                                        open_place, close_place),
        cmocka_unit_test_setup_teardown(test_page__read_before_a_change_does_not_stick, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(test_page__is_kept_for_a_short_while_only, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(test_page__that_the_client_has_is_not_sent_again,
                                        open_place, close_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
