/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: every request names the provider's version that we speak and our secret key, a POST its idempotency key;
 * the provider's own word on trying again counts for more than the status; what cannot be read is no answer.
 * Shown: against a server that says what the test wrote down for it, one answer after the other.
 */
#include "api/server.h"
#include "commands/gateway/stripe.h"
#include "core/base/scope.h"
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"

#include <pthread.h>
#include <stdio.h>

#define DAY_US (INT64_C(86400) * 1000000)

struct scripted {
    unsigned status;
    const char *should_retry; /* NULL for no such header */
    const char *body;
};

static const char customer[] = "{\"id\":\"cus_1\",\"object\":\"customer\"}";
static const char refusal[] = "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}}";
static const char failure[] = "{\"error\":{\"type\":\"api_error\",\"message\":\"later\"}}";

struct fixture {
    struct cf_http_server *server;
    struct cf_payment_port *port;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    const struct scripted *script;
    unsigned asked; /* requests that came */
    char seen[256]; /* the last one: method, version, authorization, key */
    bool ended;
    struct cf_port_result result;
};

static const char *header_of(const struct cf_http_request *request, const char *name)
{
    const char *value = cf_http_request_header(request, name);
    return value == NULL ? "none" : value;
}

static void handle(void *context, struct cf_http_request *request)
{
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->mutex);
    const struct scripted *answer = &fixture->script[fixture->asked++];
    snprintf(fixture->seen, sizeof fixture->seen, "%s %s %s %s",
             request->method == CF_HTTP_POST ? "POST" : "GET", header_of(request, "Stripe-Version"),
             header_of(request, "Authorization"), header_of(request, "Idempotency-Key"));
    pthread_mutex_unlock(&fixture->mutex);
    const struct cf_http_header retry = {"Stripe-Should-Retry", answer->should_retry};
    const struct cf_http_response response = {.status = answer->status,
                                              .headers = &retry,
                                              .header_count = answer->should_retry != NULL,
                                              .body = cf_bytes_from_text(answer->body)};
    cf_http_respond(request, &response);
}

static void on_done(void *context, const struct cf_port_result *result, struct cf_bytes body)
{
    (void)body;
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->mutex);
    fixture->result = *result;
    fixture->ended = true;
    pthread_cond_signal(&fixture->changed);
    pthread_mutex_unlock(&fixture->mutex);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char url[64];
    cf_sodium_init();
    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    const struct cf_http_server_options server = {CF_HTTP_SERVER_OPTIONS_DEFAULT,
                                                  .address = "127.0.0.1", .thread_count = 1,
                                                  .handle = handle, .context = fixture};
    assert_int_equal(cf_http_server_open(&server, &fixture->server, NULL), CF_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", cf_http_server_port(fixture->server));
    const struct cf_stripe_options stripe = {.base_url = url, .secret_key = "sk_test_wire"};
    assert_int_equal(cf_stripe_open(&stripe, &fixture->port, NULL), CF_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_payment_port_close(fixture->port);
    cf_http_server_close(fixture->server);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->mutex);
    free(fixture);
    return 0;
}

/* How a request ends whose every attempt is answered by the script's next row. */
static enum cf_port_outcome ask(struct fixture *fixture, struct cf_port_request request,
                                const struct scripted *script)
{
    fixture->script = script;
    fixture->asked = 0;
    fixture->ended = false;
    snprintf(request.key, sizeof request.key, "the-key");
    assert_int_equal(cf_payment_port_submit(fixture->port, &request, on_done, fixture), CF_OK);
    pthread_mutex_lock(&fixture->mutex);
    while (!fixture->ended)
        pthread_cond_wait(&fixture->changed, &fixture->mutex);
    pthread_mutex_unlock(&fixture->mutex);
    return fixture->result.outcome;
}

static const struct cf_port_request make_customer = {.operation = CF_PORT_MAKE_CUSTOMER};

static void test_stripe_wire__pins_the_version_and_names_key_and_request(void **state)
{
    struct fixture *fixture = *state;
    const struct scripted script[] = {{200, NULL, customer}};
    assert_int_equal(ask(fixture, make_customer, script), CF_PORT_DONE);
    assert_string_equal(fixture->seen, "POST 2022-11-15 Bearer sk_test_wire the-key");
    const struct cf_port_request look = {.operation = CF_PORT_LOOK, .object = "cus_1"};
    assert_int_equal(ask(fixture, look, script), CF_PORT_DONE);
    assert_string_equal(fixture->seen, "GET 2022-11-15 Bearer sk_test_wire none");
}

static void test_stripe_wire__obeys_the_providers_word_on_trying_again(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        struct scripted script[2];
        enum cf_port_outcome outcome;
        unsigned asked;
    } rows[] = {
        {{{500, NULL, failure}, {200, NULL, customer}}, CF_PORT_DONE, 2},
        {{{409, NULL, refusal}, {200, NULL, customer}}, CF_PORT_DONE, 2},
        {{{500, "true", failure}, {200, NULL, customer}}, CF_PORT_DONE, 2},
        {{{500, "false", failure}, {200, NULL, customer}}, CF_PORT_UNAVAILABLE, 1},
        {{{409, "false", refusal}, {200, NULL, customer}}, CF_PORT_UNAVAILABLE, 1},
        {{{400, "true", refusal}, {200, NULL, customer}}, CF_PORT_DONE, 2},
        {{{400, "false", refusal}, {200, NULL, customer}}, CF_PORT_REFUSED, 1},
        {{{400, NULL, refusal}, {200, NULL, customer}}, CF_PORT_REFUSED, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(ask(fixture, make_customer, rows[i].script), rows[i].outcome);
        assert_int_equal(fixture->asked, rows[i].asked);
    }
}

/* A search that fails says nothing about what was made: the payment is not asked for again. */
static void test_stripe_wire__repeats_nothing_after_a_search_that_it_cannot_read(void **state)
{
    struct fixture *fixture = *state;
    const struct cf_port_request request = {.operation = CF_PORT_PAY,
                                            .currency = CF_CURRENCY_EUR,
                                            .amount = cf_money_of(1000),
                                            .customer = "cus_1",
                                            .payment_method = "pm_1",
                                            .asked_at_us = DAY_US,
                                            .now_us = 3 * DAY_US};
    static const char *const pages[] = {
        "",
        "{",
        "{}",
        "{\"object\":\"list\",\"data\":{}}",
        "{\"object\":\"list\",\"data\":[],\"has_more\":true}",
        "{\"object\":\"list\",\"data\":[{\"id\":\"../x\"}],\"has_more\":true}"};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        const struct scripted script[] = {{200, NULL, pages[i]}, {200, NULL, customer}};
        assert_int_equal(ask(fixture, request, script), CF_PORT_UNAVAILABLE);
        assert_int_equal(fixture->asked, 1);
    }
    const struct scripted nothing[] = {
        {200, NULL, "{\"data\":[{\"id\":\"pi_9\"}],\"has_more\":true}"},
        {200, NULL, "{\"data\":[],\"has_more\":false}"},
        {400, NULL, refusal}};
    assert_int_equal(ask(fixture, request, nothing), CF_PORT_REFUSED);
    assert_int_equal(fixture->asked, 3);
    assert_string_equal(fixture->seen, "POST 2022-11-15 Bearer sk_test_wire the-key");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stripe_wire__pins_the_version_and_names_key_and_request),
        TEST(test_stripe_wire__obeys_the_providers_word_on_trying_again),
        TEST(test_stripe_wire__repeats_nothing_after_a_search_that_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
