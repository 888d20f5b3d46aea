/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a link sends two batches at a time and fills the next one meanwhile; full ones need not wait,
 * up to eight; what lingers goes when it is hurried. Every command is answered once. Shown with a server in the
 * test that takes messages and lets them wait.
 */
#include "commands/link.h"
#include "commands/link_wire.h"
#include "eventstore/bus.h"
#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"

#include <stdatomic.h>
#include <stdio.h>

#define COMMANDS (12 * CF_LINK_BATCH_MAX)
#define FLIGHTS_MAX 8
#define TIMEOUT_MS 60000

struct fixture {
    struct cf_temp_dir dir;
    struct cf_bus_server *server;
    struct cf_link *link;
    struct cf_bus_request *taken[16];
    size_t taken_count;
    atomic_int answers[COMMANDS];
    atomic_int answered;
};

struct slot {
    struct fixture *fixture;
    int number;
};

static void on_answer(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct slot *slot = context;
    if (status == CF_OK && reply->kind == CF_REPLY_BUSY)
        atomic_fetch_add(&slot->fixture->answers[slot->number], 1);
    atomic_fetch_add(&slot->fixture->answered, 1);
}

static void start(struct fixture *fixture, struct slot *slot)
{
    struct cf_command_input input;
    char key[16];
    snprintf(key, sizeof key, "%d", slot->number);
    cf_command_input_init(&input, CF_COMMAND_user_verify_email);
    cf_command_set_id(&input, "user_id", (struct cf_id){{1}});
    const struct cf_link_command command = {.input = &input, .key = cf_bytes_from_text(key)};
    assert_int_equal(cf_link_start(fixture->link, &command, TIMEOUT_MS, on_answer, slot, NULL),
                     CF_OK);
}

/* How many messages come within this time, with those that were taken before. */
static size_t take(struct fixture *fixture, int timeout_ms)
{
    size_t count;
    while (cf_bus_server_take(fixture->server, fixture->taken + fixture->taken_count,
                              16 - fixture->taken_count, timeout_ms, &count) == CF_OK)
        fixture->taken_count += count;
    return fixture->taken_count;
}

static uint32_t command_count(const struct cf_bus_request *message)
{
    struct cf_link_request request;
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(cf_bus_request_bytes(message), CF_WIRE_LENIENT);
    assert_int_equal(cf_link_read_request_head(&cursor, &request, NULL), CF_OK);
    return request.command_count;
}

static void reply_to_all(struct fixture *fixture)
{
    const struct cf_reply busy = {.kind = CF_REPLY_BUSY, .retry_after_ms = 1};
    for (size_t i = 0; i < fixture->taken_count; i++) {
        CF_CLEANUP(cf_buf_clean_up) struct cf_buf bytes;
        cf_buf_init(&bytes, CF_BUS_MESSAGE_SIZE_MAX);
        struct cf_wire_writer writer = cf_wire_writer_to(&bytes);
        uint32_t count = command_count(fixture->taken[i]);
        cf_link_write_reply_head(&writer, count);
        for (uint32_t j = 0; j < count; j++)
            cf_link_write_reply(&writer, &busy);
        assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
        assert_int_equal(cf_bus_request_reply(fixture->taken[i], cf_buf_bytes(&bytes)), CF_OK);
    }
    fixture->taken_count = 0;
}

static void set_up(struct fixture *fixture)
{
    char url[128];
    cf_temp_dir_make(&fixture->dir);
    snprintf(url, sizeof url, "ipc://%s/writer", fixture->dir.path);
    assert_int_equal(cf_bus_server_open(url, 64, &fixture->server, NULL), CF_OK);
    assert_int_equal(cf_link_open(url, &fixture->link, NULL), CF_OK);
}

static void tear_down(struct fixture *fixture)
{
    cf_link_close(fixture->link);
    cf_bus_server_close(fixture->server);
    cf_temp_dir_remove(&fixture->dir);
}

static void test_link__full_batches_do_not_wait(void **state)
{
    (void)state;
    static struct fixture fixture;
    static struct slot slots[COMMANDS];
    set_up(&fixture);
    for (int i = 0; i < COMMANDS; i++)
        slots[i] = (struct slot){.fixture = &fixture, .number = i};

    /* Two are under way, so the others fill a batch that waits. */
    int next = 0;
    for (size_t i = 0; i < 2; i++) {
        start(&fixture, &slots[next++]);
        while (take(&fixture, 10) == i)
            continue;
    }
    for (int i = 0; i < CF_LINK_BATCH_MAX / 2; i++)
        start(&fixture, &slots[next++]);
    assert_int_equal(take(&fixture, 100), 2);
    while (next < COMMANDS)
        start(&fixture, &slots[next++]);
    assert_int_equal(take(&fixture, 500), FLIGHTS_MAX);
    for (size_t i = 2; i < FLIGHTS_MAX; i++)
        assert_int_equal(command_count(fixture.taken[i]), CF_LINK_BATCH_MAX);

    while (atomic_load(&fixture.answered) < COMMANDS) {
        reply_to_all(&fixture);
        take(&fixture, 10);
    }
    for (int i = 0; i < COMMANDS; i++)
        assert_int_equal(atomic_load(&fixture.answers[i]), 1);
    tear_down(&fixture);
}

static void test_link__what_lingers_goes_at_once_when_hurried(void **state)
{
    (void)state;
    static struct fixture fixture;
    static struct slot slots[2];
    set_up(&fixture);
    cf_link_linger(fixture.link, TIMEOUT_MS);
    cf_link_hurry(fixture.link); /* there is nothing yet */
    for (int i = 0; i < 2; i++) {
        slots[i] = (struct slot){.fixture = &fixture, .number = i};
        start(&fixture, &slots[i]);
    }
    assert_int_equal(take(&fixture, 50), 0);
    cf_link_hurry(fixture.link);
    while (take(&fixture, 10) == 0)
        continue;
    assert_int_equal(fixture.taken_count, 1);
    assert_int_equal(command_count(fixture.taken[0]), 2);
    reply_to_all(&fixture);
    tear_down(&fixture);
    assert_int_equal(atomic_load(&fixture.answered), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link__full_batches_do_not_wait),
        cmocka_unit_test(test_link__what_lingers_goes_at_once_when_hurried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
