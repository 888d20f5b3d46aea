/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the adapter does at the provider what the port asks, once, whatever the network does; reads
 * every way it can end; keeps to the pace it is given, adapts when told to, and leaves a provider that is down alone.
 * Shown: against the sandbox in this process, with its faults.
 */
#include "commands/gateway/http_client.h"
#include "commands/gateway/stripe.h"
#include "core/base/scope.h"
#include "core/json_value.h"
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"
#include "tools/sandbox/sandbox.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

struct fixture {
    struct cf_temp_dir directory;
    struct cf_sandbox *sandbox;
    struct cf_payment_port *port;
    struct cf_http_client *client; /* for the sandbox's controls */
    char url[64];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned outcomes[8]; /* ended requests by outcome */
    unsigned ended;
    struct cf_port_result last;
    unsigned key;
};

static void open_port(struct fixture *fixture, struct cf_stripe_options options)
{
    cf_payment_port_close(fixture->port);
    options.base_url = fixture->url;
    options.secret_key = "sk_test_adapter";
    assert_int_equal(cf_stripe_open(&options, &fixture->port, NULL), CF_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_sodium_init();
    cf_temp_dir_make(&fixture->directory);
    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    const struct cf_sandbox_options sandbox = {.directory = fixture->directory.path,
                                               .address = "127.0.0.1"};
    assert_int_equal(cf_sandbox_open(&sandbox, &fixture->sandbox, NULL), CF_OK);
    const struct cf_http_client_options client = {.in_flight_max = 4};
    assert_int_equal(cf_http_client_open(&client, &fixture->client, NULL), CF_OK);
    snprintf(fixture->url, sizeof fixture->url, "http://127.0.0.1:%u",
             cf_sandbox_port(fixture->sandbox));
    open_port(fixture, (struct cf_stripe_options){.timeout_ms = 3000});
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_payment_port_close(fixture->port);
    cf_http_client_close(fixture->client);
    cf_sandbox_close(fixture->sandbox);
    cf_temp_dir_remove(&fixture->directory);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->mutex);
    free(fixture);
    return 0;
}

/* Asks the sandbox itself; the answer, owned by the caller. */
static struct cf_json *call(struct fixture *fixture, const char *method, const char *path,
                            const char *body)
{
    static const char *const headers[] = {"Authorization: Bearer sk_test_x", NULL};
    char url[256];
    long status = 0;
    struct cf_buf answer;
    struct cf_json *json = NULL;
    cf_buf_init(&answer, 1 << 20);
    snprintf(url, sizeof url, "%s%s", fixture->url, path);
    const struct cf_http_call request = {
        .method = method, .url = url, .headers = headers, .body = cf_bytes_from_text(body)};
    assert_int_equal(cf_http_client_perform(fixture->client, &request, &status, &answer, NULL),
                     CF_OK);
    assert_int_equal(status, 200);
    assert_int_equal(cf_json_parse(cf_buf_bytes(&answer), &json, NULL), CF_OK);
    cf_buf_clean_up(&answer);
    return json;
}

static void control(struct fixture *fixture, const char *path, const char *body)
{
    cf_json_destroy(call(fixture, "POST", path, body));
}

static void on_done(void *context, const struct cf_port_result *result, struct cf_bytes body)
{
    (void)body;
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->mutex);
    fixture->last = *result;
    fixture->outcomes[result->outcome]++;
    fixture->ended++;
    pthread_cond_signal(&fixture->changed);
    pthread_mutex_unlock(&fixture->mutex);
}

static void submit(struct fixture *fixture, struct cf_port_request *request)
{
    if (request->key[0] == '\0')
        snprintf(request->key, sizeof request->key, "key-%u", fixture->key++);
    assert_int_equal(cf_payment_port_submit(fixture->port, request, on_done, fixture), CF_OK);
}

static void wait_ended(struct fixture *fixture, unsigned count)
{
    pthread_mutex_lock(&fixture->mutex);
    while (fixture->ended < count)
        pthread_cond_wait(&fixture->changed, &fixture->mutex);
    pthread_mutex_unlock(&fixture->mutex);
}

static const struct cf_port_result *ask(struct fixture *fixture, struct cf_port_request request)
{
    unsigned before = fixture->ended;
    submit(fixture, &request);
    wait_ended(fixture, before + 1);
    return &fixture->last;
}

static struct cf_port_request payment(const char *method, int64_t minor)
{
    return (struct cf_port_request){.operation = CF_PORT_PAY,
                                    .pledge_id = {{7}},
                                    .currency = CF_CURRENCY_EUR,
                                    .amount = cf_money_of(minor),
                                    .payment_method = method};
}

/* How many objects a list of the sandbox has. */
static size_t count_of(struct fixture *fixture, const char *path)
{
    struct cf_json *list = call(fixture, "GET", path, "");
    size_t count = cf_json_size(cf_json_get(list, "data"));
    cf_json_destroy(list);
    return count;
}

static void test_stripe__charges_and_reads_what_it_cost(void **state)
{
    const struct cf_port_result *result = ask(*state, payment("pm_card_visa", 2500));
    assert_int_equal(result->outcome, CF_PORT_DONE);
    assert_int_equal(result->state, CF_PORT_STATE_TAKEN);
    assert_int_equal(cf_money_minor(result->amount), 2500);
    assert_int_equal(cf_money_minor(result->fee), 103);
    assert_int_equal(result->currency, CF_CURRENCY_EUR);
    assert_memory_equal(result->intent, "pi_", 3);
    assert_memory_equal(result->charge, "ch_", 3);
    assert_memory_equal(result->balance_transaction, "txn_", 4);
    assert_memory_equal(result->payment_method, "pm_", 3);
    assert_int_equal(result->pledge_id.bytes[0], 7);
    assert_false(result->funds_available);
    assert_true(result->available_at_us > 0);
}

static void test_stripe__holds_captures_and_gives_back(void **state)
{
    struct cf_port_request request = payment("pm_card_visa", 2500);
    request.hold = true;
    struct cf_port_result held = *ask(*state, request);
    assert_int_equal(held.state, CF_PORT_STATE_HELD);
    assert_true(held.capture_before_us > 0);

    struct cf_port_request capture = {.operation = CF_PORT_CAPTURE,
                                      .currency = CF_CURRENCY_EUR,
                                      .amount = cf_money_of(2000),
                                      .intent = held.intent};
    struct cf_port_result taken = *ask(*state, capture);
    assert_int_equal(taken.state, CF_PORT_STATE_TAKEN);
    assert_int_equal(cf_money_minor(taken.amount), 2000);
    assert_string_equal(taken.charge, held.charge);
    capture.key[0] = '\0';
    const struct cf_port_result *again = ask(*state, capture); /* another request, too late */
    assert_int_equal(again->outcome, CF_PORT_OTHERWISE);
    assert_int_equal(again->state, CF_PORT_STATE_TAKEN);

    struct cf_port_result other = *ask(*state, request);
    const struct cf_port_result *gone =
        ask(*state, (struct cf_port_request){.operation = CF_PORT_VOID, .intent = other.intent});
    assert_int_equal(gone->outcome, CF_PORT_DONE);
    assert_int_equal(gone->state, CF_PORT_STATE_CANCELLED);
}

static void test_stripe__reads_every_decline(void **state)
{
    static const struct {
        const char *method;
        enum cf_decline decline;
        bool retryable;
    } rows[] = {
        {"pm_card_chargeDeclined", CF_DECLINE_CARD_DECLINED, true},
        {"pm_card_chargeDeclinedInsufficientFunds", CF_DECLINE_INSUFFICIENT_FUNDS, true},
        {"pm_card_chargeDeclinedLostCard", CF_DECLINE_LOST_OR_STOLEN, false},
        {"pm_card_chargeDeclinedStolenCard", CF_DECLINE_LOST_OR_STOLEN, false},
        {"pm_card_chargeDeclinedExpiredCard", CF_DECLINE_EXPIRED_CARD, false},
        {"pm_card_chargeDeclinedIncorrectCvc", CF_DECLINE_INCORRECT_CVC, false},
        {"pm_card_chargeDeclinedProcessingError", CF_DECLINE_PROCESSING_ERROR, true},
        {"pm_card_chargeDeclinedFraudulent", CF_DECLINE_FRAUDULENT, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cf_port_result *result = ask(*state, payment(rows[i].method, 900));
        assert_int_equal(result->outcome, CF_PORT_DECLINED);
        assert_int_equal(result->decline, rows[i].decline);
        assert_int_equal(result->retryable, rows[i].retryable);
        assert_memory_equal(result->intent, "pi_", 3);
    }
    struct cf_port_request away = payment("pm_card_authenticationRequired", 900);
    assert_int_equal(ask(*state, away)->outcome, CF_PORT_ACTION_REQUIRED);
    assert_non_null(strstr(((struct fixture *)*state)->last.action_url, "/_sandbox/authenticate/"));
    away.off_session = true;
    assert_int_equal(ask(*state, away)->decline, CF_DECLINE_AUTHENTICATION_REQUIRED);
}

/* The least depends on where the provider settles, so its own word counts. */
static void test_stripe__a_charge_below_the_least_fails_as_a_card_does(void **state)
{
    const struct cf_port_result *result = ask(*state, payment("pm_card_visa", 49));
    assert_int_equal(result->outcome, CF_PORT_DECLINED);
    assert_int_equal(result->decline, CF_DECLINE_OTHER);
    assert_false(result->retryable);
    assert_int_equal(count_of(*state, "/v1/charges"), 0);
}

static void test_stripe__saves_cards_refunds_and_pays_out(void **state)
{
    struct cf_port_request make = {.operation = CF_PORT_MAKE_CUSTOMER};
    struct cf_port_result customer = *ask(*state, make);
    assert_int_equal(customer.outcome, CF_PORT_DONE);
    struct cf_port_request save = {.operation = CF_PORT_SAVE_CARD,
                                   .customer = customer.id,
                                   .payment_method = "pm_card_mastercard"};
    assert_int_equal(ask(*state, save)->state, CF_PORT_STATE_SAVED);
    save.payment_method = "pm_card_chargeDeclined";
    save.key[0] = '\0';
    assert_int_equal(ask(*state, save)->outcome, CF_PORT_DECLINED);

    struct cf_port_result paid = *ask(*state, payment("pm_card_bypassPending", 90000));
    assert_true(paid.funds_available);
    struct cf_port_request refund = {.operation = CF_PORT_REFUND,
                                     .charge = paid.charge,
                                     .refund_id = {{9}},
                                     .currency = CF_CURRENCY_EUR,
                                     .amount = cf_money_of(1000)};
    const struct cf_port_result *back = ask(*state, refund);
    assert_int_equal(back->state, CF_PORT_STATE_REFUNDED);
    assert_int_equal(back->refund_id.bytes[0], 9);

    struct cf_port_result account =
        *ask(*state, (struct cf_port_request){.operation = CF_PORT_MAKE_ACCOUNT, .country = "DE"});
    struct cf_port_request transfer = {.operation = CF_PORT_TRANSFER,
                                       .account = account.id,
                                       .currency = CF_CURRENCY_EUR,
                                       .amount = cf_money_of(5000)};
    assert_int_equal(ask(*state, transfer)->outcome, CF_PORT_REFUSED); /* not onboarded */
    char path[128];
    snprintf(path, sizeof path, "/_sandbox/onboarding/%s", account.id);
    control(*state, path, "outcome=complete");
    transfer.key[0] = '\0';
    struct cf_port_result moved = *ask(*state, transfer);
    assert_int_equal(moved.state, CF_PORT_STATE_MOVED);
    struct cf_port_request pay_out = {.operation = CF_PORT_PAY_OUT,
                                      .account = account.id,
                                      .currency = CF_CURRENCY_EUR,
                                      .amount = cf_money_of(6000)};
    assert_int_equal(ask(*state, pay_out)->outcome, CF_PORT_NOT_FUNDED);
    pay_out.amount = cf_money_of(4000);
    assert_int_equal(ask(*state, pay_out)->state, CF_PORT_STATE_SENT);
    const struct cf_port_result *reversed =
        ask(*state, (struct cf_port_request){.operation = CF_PORT_REVERSE,
                                             .transfer = moved.id,
                                             .currency = CF_CURRENCY_EUR,
                                             .amount = cf_money_of(1000)});
    assert_int_equal(reversed->outcome, CF_PORT_DONE);
    assert_memory_equal(reversed->id, "trr_", 4);
}

static void test_stripe__refuses_what_the_provider_could_not_take(void **state)
{
    struct cf_port_request dinar = payment("pm_card_visa", 5124);
    dinar.currency = CF_CURRENCY_KWD;
    assert_int_equal(ask(*state, dinar)->outcome, CF_PORT_REFUSED);
    struct cf_port_request traversal = {.operation = CF_PORT_VOID, .intent = "../../v1/refunds"};
    assert_int_equal(ask(*state, traversal)->outcome, CF_PORT_REFUSED);
    struct cf_port_request unknown = {.operation = CF_PORT_LOOK, .object = "pi_unknown"};
    assert_int_equal(ask(*state, unknown)->outcome, CF_PORT_REFUSED);
}

static void test_stripe__does_it_once_when_answers_get_lost(void **state)
{
    static const char *const kinds[] = {"lost_response", "lost_request", "error", "conflict",
                                        "rate_limit"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char fault[80];
        size_t before = count_of(*state, "/v1/charges?limit=100");
        snprintf(fault, sizeof fault, "kind=%s&path=/v1/payment_intents", kinds[i]);
        control(*state, "/_sandbox/faults", fault);
        assert_int_equal(ask(*state, payment("pm_card_visa", 1000))->outcome, CF_PORT_DONE);
        assert_int_equal(count_of(*state, "/v1/charges?limit=100"), before + 1);
    }
}

/* Time passes, on both clocks. */
static void wait_for(struct fixture *fixture, struct cf_port_request *request, int64_t seconds)
{
    char advance[32];
    snprintf(advance, sizeof advance, "advance=%lld", (long long)seconds);
    control(fixture, "/_sandbox/clock", advance);
    request->now_us += seconds * 1000000;
}

static void test_stripe__looks_before_it_repeats_after_a_day(void **state)
{
    struct fixture *fixture = *state;
    struct cf_json *clock = call(fixture, "GET", "/_sandbox/clock", "");
    int64_t now_us = cf_json_integer_at(clock, "now", 0) * 1000000;
    cf_json_destroy(clock);
    struct cf_port_request request = payment("pm_card_visa", 1000);
    snprintf(request.key, sizeof request.key, "asked-once");
    request.asked_at_us = now_us;
    request.now_us = now_us;
    struct cf_port_result first = *ask(fixture, request);
    static const int64_t waits_s[] = {86400 - 60, 60,
                                      86400}; /* at the second one the key is forgotten */
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        wait_for(fixture, &request, waits_s[i]);
        const struct cf_port_result *found = ask(fixture, request);
        assert_int_equal(found->outcome, CF_PORT_DONE);
        assert_string_equal(found->intent, first.intent);
        assert_int_equal(cf_money_minor(found->fee), cf_money_minor(first.fee));
        assert_int_equal(count_of(fixture, "/v1/charges"), 1);
    }

    snprintf(request.key, sizeof request.key, "never-arrived");
    assert_int_equal(ask(fixture, request)->outcome, CF_PORT_DONE);
    assert_int_equal(count_of(fixture, "/v1/charges"), 2);
}

/* More has happened since than the provider lists at once. */
static void test_stripe__looks_behind_the_first_hundred(void **state)
{
    struct fixture *fixture = *state;
    struct cf_json *made = call(fixture, "POST", "/v1/customers", "");
    struct cf_port_request request = payment("pm_card_visa", 1000),
                           newer = payment("pm_card_visa", 500);
    snprintf(request.key, sizeof request.key, "long-ago");
    request.customer = newer.customer = cf_json_text_at(made, "id");
    request.asked_at_us = request.now_us = cf_json_integer_at(made, "created", 0) * 1000000;
    struct cf_port_result first = *ask(fixture, request);
    for (unsigned i = 0; i < 205; i++) {
        newer.key[0] = '\0';
        submit(fixture, &newer);
    }
    wait_ended(fixture, 206);
    control(fixture, "/_sandbox/clock", "advance=172800");
    request.now_us += INT64_C(172800) * 1000000;
    const struct cf_port_result *found = ask(fixture, request);
    assert_int_equal(found->outcome, CF_PORT_DONE);
    assert_string_equal(found->intent, first.intent);
    cf_json_destroy(made);
}

/* The platform has another public URL by the time that a lost answer is asked for again. */
static void test_stripe__finds_what_was_asked_for_in_another_form(void **state)
{
    struct fixture *fixture = *state;
    struct cf_json *made = call(fixture, "POST", "/v1/customers", "");
    struct cf_port_request requests[] = {payment("pm_card_visa", 1000),
                                         payment("pm_card_chargeDeclined", 1000)};
    static const enum cf_port_outcome outcomes[] = {CF_PORT_DONE, CF_PORT_DECLINED};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct cf_port_request *request = &requests[i];
        snprintf(request->key, sizeof request->key, "moved-%zu", i);
        request->customer = cf_json_text_at(made, "id");
        request->asked_at_us = request->now_us = cf_json_integer_at(made, "created", 0) * 1000000;
        request->return_url = "http://before.example/";
        struct cf_port_result first = *ask(fixture, *request);
        assert_int_equal(first.outcome, outcomes[i]);
        request->return_url = "http://after.example/";
        const struct cf_port_result *found = ask(fixture, *request);
        assert_int_equal(found->outcome, outcomes[i]);
        assert_string_equal(found->intent, first.intent);
        assert_int_equal(found->decline, first.decline);
    }
    assert_int_equal(count_of(fixture, "/v1/payment_intents"), 2);
    cf_json_destroy(made);
}

/* The key holds a failure that made nothing: nothing is done under it until it is forgotten, and then once. */
static void test_stripe__waits_for_a_key_that_holds_another_form(void **state)
{
    struct fixture *fixture = *state;
    struct cf_json *clock = call(fixture, "GET", "/_sandbox/clock", "");
    struct cf_port_request request = payment("pm_card_visa", 1000);
    request.asked_at_us = request.now_us = cf_json_integer_at(clock, "now", 0) * 1000000;
    cf_json_destroy(clock);
    snprintf(request.key, sizeof request.key, "made-nothing");
    request.payment_method = "pm_nobody";
    assert_int_equal(ask(fixture, request)->outcome, CF_PORT_REFUSED);
    request.payment_method = "pm_card_visa";
    assert_int_equal(ask(fixture, request)->outcome, CF_PORT_UNAVAILABLE);
    assert_int_equal(count_of(fixture, "/v1/charges"), 0);
    struct cf_port_request save =
        payment("pm_card_visa", 0); /* what cannot be looked for waits, too */
    save.operation = CF_PORT_SAVE_CARD;
    snprintf(save.key, sizeof save.key, "card-to-save");
    save.return_url = "http://before.example/";
    assert_int_equal(ask(fixture, save)->outcome, CF_PORT_DONE);
    save.return_url = "http://after.example/";
    assert_int_equal(ask(fixture, save)->outcome, CF_PORT_UNAVAILABLE);
    control(fixture, "/_sandbox/clock", "advance=90000");
    request.now_us += INT64_C(90000) * 1000000;
    assert_int_equal(ask(fixture, request)->outcome, CF_PORT_DONE);
    assert_int_equal(ask(fixture, request)->outcome, CF_PORT_DONE);
    assert_int_equal(count_of(fixture, "/v1/charges"), 1);
}

static void test_stripe__adapts_to_a_provider_that_wants_it_slower(void **state)
{
    struct fixture *fixture = *state;
    open_port(fixture, (struct cf_stripe_options){.endpoint_limit = 400, .global_limit = 400});
    control(fixture, "/_sandbox/limits", "per_endpoint=5");
    for (int i = 0; i < 40; i++) {
        struct cf_port_request request = payment("pm_card_visa", 1000);
        submit(fixture, &request);
    }
    wait_ended(fixture, 40);
    assert_int_equal(fixture->outcomes[CF_PORT_DONE], 40);
    struct cf_buf about;
    cf_buf_init(&about, 4096);
    assert_int_equal(fixture->port->ops->describe(fixture->port, &about), CF_OK);
    struct cf_json *json = NULL;
    assert_int_equal(cf_json_parse(cf_buf_bytes(&about), &json, NULL), CF_OK);
    int64_t limited = cf_json_integer_at(json, "limited", 0);
    assert_in_range(limited, 1, 400); /* told so, and not over and over */
    int64_t rate = cf_json_integer_at(json, "rate_per_second", 0);
    assert_in_range(rate, 1, 100);
    cf_json_destroy(json);
    cf_buf_clean_up(&about);
}

static void test_stripe__leaves_a_provider_that_is_down_alone(void **state)
{
    struct fixture *fixture = *state;
    open_port(fixture, (struct cf_stripe_options){.try_count_max = 1});
    control(fixture, "/_sandbox/faults", "kind=error&path=/v1/payment_intents&count=5");
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask(fixture, payment("pm_card_visa", 1000))->outcome, CF_PORT_UNAVAILABLE);
    const struct cf_port_result *turned_away = ask(fixture, payment("pm_card_visa", 1000));
    assert_int_equal(turned_away->outcome, CF_PORT_UNAVAILABLE);
    assert_true(turned_away->retry_after_ms > 0);
    assert_int_equal(count_of(fixture, "/v1/payment_intents"), 0);
    /* The sandbox is well again; the first probe that is let through finds out. */
    struct timespec pause = {.tv_nsec = 100000000};
    int tries = 0;
    while (ask(fixture, payment("pm_card_visa", 1000))->outcome != CF_PORT_DONE && tries++ < 100)
        nanosleep(&pause, NULL);
    assert_in_range(tries, 0, 99);
    assert_int_equal(ask(fixture, payment("pm_card_visa", 1000))->outcome, CF_PORT_DONE);
}

static void test_stripe__closing_ends_every_request(void **state)
{
    struct fixture *fixture = *state;
    open_port(fixture, (struct cf_stripe_options){.endpoint_limit = 10});
    for (int i = 0; i < 50; i++) {
        struct cf_port_request request = payment("pm_card_visa", 1000);
        submit(fixture, &request);
    }
    cf_payment_port_close(CF_TAKE(fixture->port));
    assert_int_equal(fixture->ended, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stripe__charges_and_reads_what_it_cost),
        TEST(test_stripe__holds_captures_and_gives_back),
        TEST(test_stripe__reads_every_decline),
        TEST(test_stripe__a_charge_below_the_least_fails_as_a_card_does),
        TEST(test_stripe__saves_cards_refunds_and_pays_out),
        TEST(test_stripe__refuses_what_the_provider_could_not_take),
        TEST(test_stripe__does_it_once_when_answers_get_lost),
        TEST(test_stripe__looks_before_it_repeats_after_a_day),
        TEST(test_stripe__looks_behind_the_first_hundred),
        TEST(test_stripe__finds_what_was_asked_for_in_another_form),
        TEST(test_stripe__waits_for_a_key_that_holds_another_form),
        TEST(test_stripe__adapts_to_a_provider_that_wants_it_slower),
        TEST(test_stripe__leaves_a_provider_that_is_down_alone),
        TEST(test_stripe__closing_ends_every_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
