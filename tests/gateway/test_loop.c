/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: an outcome that the writer has no room for is told again, nothing is put off by a clock that nobody has
 * told yet, and letters that go slowly hold up no payment.
 * Shown: with a real writer, a provider of this test's own, and somebody in front of the writer who answers wrongly, or
 * not at all.
 */
#include "commands/gateway/gateway.h"
#include "commands/gateway/mailer.h"
#include "commands/link_wire.h"
#include "eventstore/bus.h"
#include "eventstore/range.h"
#include "tests/support/cmocka.h"
#include "tests/support/ledger.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define ENDS_AT "2026-01-31T00:00:00Z"
#define TAKE_MS 100
#define CALL_MS 5000
#define PATIENCE_MS 60000
#define LETTERS 300

struct world {
    struct cf_payment_port port; /* first, so that one leads to the other */
    struct cf_test_ledger ledger;
    struct cf_temp_dir temp;
    struct cf_gateway *gateway;
    pthread_t gateway_thread, front_thread;
    struct cf_bus_server *front;
    struct cf_bus_client *writer;
    atomic_bool closing;
    atomic_int timers_to_drop;    /* questions about timers that nobody answers */
    atomic_int outcomes_to_fail;  /* messages with commands that find no room */
    atomic_int unavailable_count; /* requests that the provider cannot take yet */
    atomic_int saved;
};

/* ---- In front of the writer ---- */

static void answer_full(struct cf_bus_request *request, uint32_t count)
{
    struct cf_buf buf;
    const struct cf_reply full = {.kind = CF_REPLY_FAILED, .text = "there is no room"};
    cf_buf_init(&buf, 65536);
    struct cf_wire_writer writer = cf_wire_writer_to(&buf);
    cf_link_write_reply_head(&writer, count);
    for (uint32_t i = 0; i < count; i++)
        cf_link_write_reply(&writer, &full);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    assert_int_equal(cf_bus_request_reply(request, cf_buf_bytes(&buf)), CF_OK);
    cf_buf_clean_up(&buf);
}

static void pass_on(struct world *world, struct cf_bus_request *request)
{
    struct cf_buf reply;
    cf_buf_init(&reply, CF_BUS_MESSAGE_SIZE_MAX);
    if (cf_bus_client_call(world->writer, cf_bus_request_bytes(request), CALL_MS, &reply, NULL) !=
            CF_OK ||
        cf_bus_request_reply(request, cf_buf_bytes(&reply)) != CF_OK)
        world->closing = true;
    cf_buf_clean_up(&reply);
}

static void answer(struct world *world, struct cf_bus_request *request)
{
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(cf_bus_request_bytes(request), CF_WIRE_LENIENT);
    struct cf_link_request asked;
    assert_int_equal(cf_link_read_request_head(&cursor, &asked, NULL), CF_OK);
    if (asked.timers_max > 0 && world->timers_to_drop > 0) {
        world->timers_to_drop--;
        cf_bus_request_drop(request);
    } else if (asked.command_count > 0 && world->saved > 0 && world->outcomes_to_fail > 0) {
        world->outcomes_to_fail--;
        answer_full(request, asked.command_count);
    } else {
        pass_on(world, request);
    }
}

static void *stand_in_front(void *context)
{
    struct world *world = context;
    while (!world->closing) {
        struct cf_bus_request *request;
        size_t count = 0;
        if (cf_bus_server_take(world->front, &request, 1, TAKE_MS, &count) == CF_OK && count == 1)
            answer(world, request);
    }
    return NULL;
}

/* ---- The provider ---- */

static enum cf_status submit(struct cf_payment_port *port, const struct cf_port_request *request,
                             cf_port_done_fn *done, void *context)
{
    struct world *world = (struct world *)port;
    struct cf_port_result result = {.outcome = CF_PORT_DONE};
    if (request->operation == CF_PORT_MAKE_CUSTOMER) {
        snprintf(result.id, sizeof result.id, "cus_1");
    } else if (world->unavailable_count > 0) {
        world->unavailable_count--;
        result.outcome = CF_PORT_UNAVAILABLE;
    } else {
        assert_int_equal(request->operation, CF_PORT_SAVE_CARD);
        result.state = CF_PORT_STATE_SAVED;
        snprintf(result.intent, sizeof result.intent, "seti_1");
        snprintf(result.payment_method, sizeof result.payment_method, "%s",
                 request->payment_method);
        world->saved++;
    }
    done(context, &result, (struct cf_bytes){0});
    return CF_OK;
}

static enum cf_status describe(struct cf_payment_port *port, struct cf_buf *buf)
{
    (void)port;
    return cf_buf_append_text(buf, "{}");
}

static const struct cf_payment_port_ops ops = {.submit = submit, .describe = describe};

/* ---- The world ---- */

static void *run_gateway(void *context)
{
    struct cf_fault fault = {0};
    CF_ASSERT(cf_gateway_run(context, &fault) == CF_OK);
    return NULL;
}

static void begin(struct world *world)
{
    char front[96];
    *world = (struct world){.port = {.ops = &ops}};
    cf_test_ledger_open(&world->ledger, CF_CLOCK_SIMULATED);
    cf_test_ledger_campaign(&world->ledger, ENDS_AT);
    cf_temp_dir_make(&world->temp);
    snprintf(front, sizeof front, "ipc://%s/writer", world->temp.path);
    assert_int_equal(cf_bus_server_open(front, 64, &world->front, NULL), CF_OK);
    assert_int_equal(cf_bus_client_open(cf_data_dir_socket(&world->ledger.dir, "writer").text,
                                        &world->writer, NULL),
                     CF_OK);
}

static void start(struct world *world, struct cf_mailer *mailer)
{
    char front[96];
    struct cf_data_dir_url range = cf_data_dir_socket(&world->ledger.dir, "range");
    struct cf_data_dir_url head = cf_data_dir_socket(&world->ledger.dir, "head");
    snprintf(front, sizeof front, "ipc://%s/writer", world->temp.path);
    const struct cf_gateway_options options = {.writer_url = front,
                                               .range_url = range.text,
                                               .head_url = head.text,
                                               .port = &world->port,
                                               .mailer = mailer};
    assert_int_equal(cf_gateway_open(&options, &world->gateway, NULL), CF_OK);
    assert_int_equal(pthread_create(&world->front_thread, NULL, stand_in_front, world), 0);
    assert_int_equal(pthread_create(&world->gateway_thread, NULL, run_gateway, world->gateway), 0);
}

static void end(struct world *world, struct cf_mailer *mailer)
{
    cf_gateway_stop(world->gateway);
    pthread_join(world->gateway_thread, NULL);
    cf_mailer_close(mailer);
    cf_gateway_close(world->gateway);
    world->closing = true;
    pthread_join(world->front_thread, NULL);
    cf_bus_client_close(world->writer);
    cf_bus_server_close(world->front);
    cf_test_ledger_close(&world->ledger);
    cf_temp_dir_remove(&world->temp);
}

/* Person 2 pledges with a new card, which the provider is to save. */
static void pledge(struct world *world)
{
    cf_test_ledger_do(&world->ledger, cf_test_id(2), "pledge_start_checkout",
                      "{\"pledge_id\":\"@9\",\"campaign_id\":\"@4\",\"backer_id\":\"@2\","
                      "\"currency\":\"EUR\",\"amount\":1000,\"payment_method\":\"pm_2\"}");
}

/* The event of that type that came last to a stream; false when none of it has come. */
static bool find_event(struct cf_range_client *range, struct cf_id stream, enum cf_event_type type,
                       struct cf_event *ret_event)
{
    uint64_t sequences[64];
    size_t count = 0;
    bool found = false;
    if (cf_range_stream(range, stream, 1, sequences, 64, &count, NULL) != CF_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct cf_range_records records = {0};
        struct cf_record record;
        struct cf_event event;
        assert_int_equal(cf_range_read(range, sequences[i], 1, &records, NULL), CF_OK);
        assert_int_equal(cf_record_decode(records.records[0], &record, NULL), CF_OK);
        assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
        if (event.type == type) {
            *ret_event = event;
            found = true;
        }
        cf_range_records_clean_up(&records);
    }
    return found;
}

static void wait_until_committed(struct world *world)
{
    struct cf_range_client *range = NULL;
    struct cf_event event;
    int64_t waited_ms = 0;
    assert_int_equal(cf_range_client_open(cf_data_dir_socket(&world->ledger.dir, "range").text,
                                          NULL, &range, NULL),
                     CF_OK);
    while (!find_event(range, cf_test_id(9), CF_EVENT_PLEDGE_COMMITTED, &event) &&
           waited_ms < PATIENCE_MS) {
        struct timespec moment = {.tv_nsec = 20000000};
        nanosleep(&moment, NULL);
        waited_ms += 20;
    }
    cf_range_client_close(range);
    assert_true(waited_ms < PATIENCE_MS);
}

/* Waits for a timer of that kind to be set; when it is due. */
static int64_t wait_for_timer(struct world *world, enum cf_timer wanted, int64_t *ret_now_us)
{
    for (int64_t waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 20) {
        struct cf_link_timer timers[CF_LINK_TIMERS_MAX];
        struct timespec moment = {.tv_nsec = 20000000};
        size_t count;
        assert_int_equal(cf_link_timers(world->ledger.link, CALL_MS, timers, CF_LINK_TIMERS_MAX,
                                        &count, ret_now_us, NULL),
                         CF_OK);
        for (size_t i = 0; i < count; i++)
            if (timers[i].timer == wanted)
                return timers[i].due_us;
        nanosleep(&moment, NULL);
    }
    fail_msg("no such timer");
    return 0;
}

/* ---- What is promised ---- */

static void test_loop__tells_an_outcome_again_that_found_no_room(void **state)
{
    (void)state;
    for (int failures = 1; failures <= 3; failures++) {
        struct world world;
        begin(&world);
        world.outcomes_to_fail = failures;
        start(&world, NULL);
        pledge(&world);
        char json[96], due[CF_TIME_TEXT_SIZE];
        int64_t now_us;
        cf_time_print(wait_for_timer(&world, CF_TIMER_RETRY_PAYMENT, &now_us), due);
        assert_int_equal(world.outcomes_to_fail, 0);
        snprintf(json, sizeof json, "{\"to\":\"%s\"}", due);
        cf_test_ledger_do(&world.ledger, CF_ACTOR_OPERATOR, "clock_advance", json);
        wait_until_committed(&world);
        end(&world, NULL);
    }
}

static void test_loop__puts_nothing_off_by_a_clock_that_nobody_told(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.timers_to_drop = 3;
    world.unavailable_count = 1;
    start(&world, NULL);
    pledge(&world);
    int64_t now_us, due_us = wait_for_timer(&world, CF_TIMER_RETRY_PAYMENT, &now_us);
    assert_in_range(due_us - now_us, 1, CF_HOUR_US);
    end(&world, NULL);
}

static void test_loop__slow_letters_hold_up_no_payment(void **state)
{
    (void)state;
    struct world world;
    struct cf_mailer *mailer = NULL;
    struct cf_mail_port *port = NULL;
    char maildir[96];
    begin(&world);
    snprintf(maildir, sizeof maildir, "%s/mail", world.temp.path);
    assert_int_equal(cf_maildir_open(maildir, &port, NULL), CF_OK);
    struct cf_data_dir_url range = cf_data_dir_socket(&world.ledger.dir, "range");
    /* A keeper that takes questions and answers none. */
    char keeper_url[96];
    struct cf_bus_server *keeper = NULL;
    snprintf(keeper_url, sizeof keeper_url, "ipc://%s/keeper", world.temp.path);
    assert_int_equal(cf_bus_server_open(keeper_url, 64, &keeper, NULL), CF_OK);
    const struct cf_mailer_options options = {.port = port,
                                              .keeper_url = keeper_url,
                                              .range_url = range.text,
                                              .from = "ledger@example.org",
                                              .public_url = "http://127.0.0.1"};
    assert_int_equal(cf_mailer_open(&options, &mailer, NULL), CF_OK);
    for (int i = 0; i < LETTERS; i++)
        cf_test_ledger_do(&world.ledger, cf_test_id(2), "user_request_mail",
                          "{\"user_id\":\"@2\",\"mail\":\"receipt\"}");
    start(&world, mailer);
    pledge(&world);
    wait_until_committed(&world);
    end(&world, mailer);
    cf_bus_server_close(keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop__tells_an_outcome_again_that_found_no_room),
        cmocka_unit_test(test_loop__puts_nothing_off_by_a_clock_that_nobody_told),
        cmocka_unit_test(test_loop__slow_letters_hold_up_no_payment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
