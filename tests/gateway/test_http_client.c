/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: every call is answered once, with the server's words or with what went wrong; many are
 * in flight over few connections; time and size are limited; closing ends what is under way. Shown:
 * against our own HTTP server.
 */
#include "api/server.h"
#include "commands/gateway/http_client.h"
#include "core/base/scope.h"
#include "tests/support/cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

struct fixture {
    struct cf_http_server *server;
    struct cf_http_client *client;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct cf_http_request *held[8]; /* /hold keeps these unanswered */
    size_t held_count;
    unsigned answered[2]; /* ended calls by success and failure */
    enum cf_status last_failure;
    char url[2][64];
};

static void handle(void *context, struct cf_http_request *request)
{
    struct fixture *fixture = context;
    static const struct cf_http_header headers[] = {{"X-Answer", " spaced "}};
    struct cf_http_response response = {.status = 201, .headers = headers, .header_count = 1};
    if (strcmp((const char *)request->path.data, "/hold") == 0) {
        pthread_mutex_lock(&fixture->mutex);
        fixture->held[fixture->held_count++] = request;
        pthread_cond_broadcast(&fixture->changed);
        pthread_mutex_unlock(&fixture->mutex);
        return;
    }
    static char large[1 << 17];
    if (strcmp((const char *)request->path.data, "/large") == 0)
        response.body = cf_bytes_from(large, sizeof large);
    else
        response.body = request->method == CF_HTTP_POST ? request->body : request->target;
    cf_http_respond(request, &response);
}

static void release_held(struct fixture *fixture)
{
    struct cf_http_response response = {.status = 200};
    pthread_mutex_lock(&fixture->mutex);
    while (fixture->held_count > 0)
        cf_http_respond(fixture->held[--fixture->held_count], &response);
    pthread_mutex_unlock(&fixture->mutex);
}

static void on_done(void *context, const struct cf_http_result *result)
{
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->mutex);
    fixture->answered[result->status == CF_OK ? 0 : 1]++;
    if (result->status != CF_OK)
        fixture->last_failure = result->status;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->mutex);
}

static void wait_answered(struct fixture *fixture, int which, unsigned count)
{
    pthread_mutex_lock(&fixture->mutex);
    while (fixture->answered[which] < count)
        pthread_cond_wait(&fixture->changed, &fixture->mutex);
    pthread_mutex_unlock(&fixture->mutex);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    struct cf_http_server_options server = {CF_HTTP_SERVER_OPTIONS_DEFAULT, .address = "127.0.0.1",
                                            .thread_count = 2, .handle = handle,
                                            .context = fixture};
    assert_int_equal(cf_http_server_open(&server, &fixture->server, NULL), CF_OK);
    struct cf_http_client_options client = {.in_flight_max = 16, .body_size_max = 1 << 16};
    assert_int_equal(cf_http_client_open(&client, &fixture->client, NULL), CF_OK);
    snprintf(fixture->url[0], sizeof fixture->url[0], "http://127.0.0.1:%u/a?b=c",
             cf_http_server_port(fixture->server));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_http_client_close(fixture->client);
    release_held(fixture);
    cf_http_server_close(fixture->server);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->mutex);
    free(fixture);
    return 0;
}

static const char *url_of(struct fixture *fixture, const char *path)
{
    snprintf(fixture->url[1], sizeof fixture->url[1], "http://127.0.0.1:%u%s",
             cf_http_server_port(fixture->server), path);
    return fixture->url[1];
}

static void test_client__brings_back_what_the_server_said(void **state)
{
    struct fixture *fixture = *state;
    struct cf_buf body;
    cf_buf_init(&body, 1 << 16);
    long http_status = 0;
    struct cf_http_call get = {.method = "GET", .url = fixture->url[0]};
    struct cf_fault fault = {0};
    assert_int_equal(cf_http_client_perform(fixture->client, &get, &http_status, &body, &fault),
                     CF_OK);
    assert_int_equal(http_status, 201);
    assert_true(cf_bytes_equal(cf_buf_bytes(&body), CF_BYTES_LITERAL("/a?b=c")));

    cf_buf_clear(&body);
    struct cf_http_call post = {
        .method = "POST", .url = fixture->url[0], .body = CF_BYTES_LITERAL("x=1")};
    assert_int_equal(cf_http_client_perform(fixture->client, &post, &http_status, &body, &fault),
                     CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&body), CF_BYTES_LITERAL("x=1")));
    cf_buf_clean_up(&body);
}

static void on_done_check_header(void *context, const struct cf_http_result *result)
{
    struct cf_bytes value = {0};
    assert_true(cf_http_result_header(result, "x-answer", &value));
    assert_true(cf_bytes_equal(value, CF_BYTES_LITERAL("spaced")));
    assert_false(cf_http_result_header(result, "x-answe", &value));
    on_done(context, result);
}

static void test_client__finds_headers_in_any_case(void **state)
{
    struct fixture *fixture = *state;
    struct cf_http_call call = {
        .method = "GET", .url = fixture->url[0], .done = on_done_check_header, .context = fixture};
    assert_int_equal(cf_http_client_submit(fixture->client, &call), CF_OK);
    wait_answered(fixture, 0, 1);
}

static void test_client__keeps_many_in_flight_over_few_connections(void **state)
{
    struct fixture *fixture = *state;
    struct cf_http_call call = {
        .method = "GET", .url = fixture->url[0], .done = on_done, .context = fixture};
    for (int i = 0; i < 2000; i++)
        assert_int_equal(cf_http_client_submit(fixture->client, &call), CF_OK);
    wait_answered(fixture, 0, 2000);
    assert_int_equal(cf_http_client_pending(fixture->client), 0);
    assert_true(cf_http_server_connection_count(fixture->server) <= 16);
}

static void test_client__limits_time_and_size(void **state)
{
    struct fixture *fixture = *state;
    struct cf_http_call call = {.method = "GET",
                                .url = url_of(fixture, "/hold"),
                                .timeout_ms = 50,
                                .done = on_done,
                                .context = fixture};
    assert_int_equal(cf_http_client_submit(fixture->client, &call), CF_OK);
    wait_answered(fixture, 1, 1);
    assert_int_equal(fixture->last_failure, CF_TIMEOUT);
    call.url = url_of(fixture, "/large");
    call.timeout_ms = 0;
    assert_int_equal(cf_http_client_submit(fixture->client, &call), CF_OK);
    wait_answered(fixture, 1, 2);
    assert_int_equal(fixture->last_failure, CF_NO_SPACE);
}

static void test_client__says_when_nobody_listens_or_the_url_is_none(void **state)
{
    struct fixture *fixture = *state;
    struct cf_buf body;
    cf_buf_init(&body, 100);
    long http_status = 0;
    static const char *const urls[] = {"http://127.0.0.1:1/", "file:///etc/hostname", "nonsense:"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct cf_http_call call = {.method = "GET", .url = urls[i]};
        struct cf_fault fault = {0};
        assert_int_equal(
            cf_http_client_perform(fixture->client, &call, &http_status, &body, &fault), CF_IO);
        assert_string_not_equal(fault.detail, "");
    }
}

static void test_client__closing_ends_every_call(void **state)
{
    struct fixture *fixture = *state;
    struct cf_http_call call = {
        .method = "GET", .url = url_of(fixture, "/hold"), .done = on_done, .context = fixture};
    for (int i = 0; i < 4; i++)
        assert_int_equal(cf_http_client_submit(fixture->client, &call), CF_OK);
    cf_http_client_close(CF_TAKE(fixture->client));
    assert_int_equal(fixture->answered[1], 4);
    assert_int_equal(fixture->last_failure, CF_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_client__brings_back_what_the_server_said, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_client__finds_headers_in_any_case, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client__keeps_many_in_flight_over_few_connections,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client__limits_time_and_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client__says_when_nobody_listens_or_the_url_is_none,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client__closing_ends_every_call, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
