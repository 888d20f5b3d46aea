/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the writer answers every command once and for ever; a second writer is refused; hostile
 * bytes hurt nobody else; a stop finishes what was accepted; due timers fire by themselves and leave room
 * for users; the same commands at the same times give the same bytes, and a replay the same state. Shown with a writer
 * in a thread, over its real sockets, and by opening what it left.
 */
#include "tests/support/cmocka.h"
#include "tests/support/ledger.h"

#include "commands/link_wire.h"
#include "eventstore/bus.h"
#include "eventstore/log.h"
#include "eventstore/sodium.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A campaign lasts at most 60 days: 30 from now on. */
static const char *in_a_month(void)
{
    static char text[CF_TIME_TEXT_SIZE];
    cf_test_in_a_month(text);
    return text;
}

static struct cf_reply pledge(struct cf_test_ledger *ledger, int number, int amount,
                              const char *key)
{
    char json[256];
    snprintf(json, sizeof json,
             "{\"pledge_id\":\"@%d\",\"campaign_id\":\"@4\",\"backer_id\":\"@2\","
             "\"currency\":\"EUR\",\"amount\":%d,\"card_id\":\"@3\"}",
             number, amount);
    return cf_test_ledger_send(ledger, cf_test_id(2), "pledge_start_checkout", json, key);
}

/* -- Idempotency ---------------------------------------------------------------------------- */

static void test_writer__a_key_gives_its_outcome_for_ever(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    struct cf_reply first = pledge(&ledger, 100, 1000, "mine");
    assert_int_equal(first.kind, CF_REPLY_ACCEPTED);
    assert_true(cf_id_equal(first.stream_id, cf_test_id(100)));
    for (int i = 101; i < 110; i++)
        assert_int_equal(pledge(&ledger, i, 1000, NULL).kind, CF_REPLY_ACCEPTED);
    cf_test_ledger_stop(&ledger);
    cf_test_ledger_start(&ledger);
    struct cf_reply again = pledge(&ledger, 100, 1000, "mine");
    assert_int_equal(again.kind, CF_REPLY_ACCEPTED);
    assert_int_equal(again.first_sequence, first.first_sequence);
    assert_int_equal(again.last_sequence, first.last_sequence);
    /* A retry through the API brings another new id, and learns the one that counts. */
    again = pledge(&ledger, 999, 1000, "mine");
    assert_int_equal(again.kind, CF_REPLY_ACCEPTED);
    assert_int_equal(again.first_sequence, first.first_sequence);
    assert_true(cf_id_equal(again.stream_id, cf_test_id(100)));
    cf_test_ledger_close(&ledger);
}

static void test_writer__a_conflict_names_the_field(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    assert_int_equal(pledge(&ledger, 100, 1000, "mine").kind, CF_REPLY_ACCEPTED);
    struct cf_reply other = pledge(&ledger, 100, 1001, "mine");
    assert_int_equal(other.kind, CF_REPLY_CONFLICT);
    const struct cf_command_spec *spec = cf_command_find(CF_COMMAND_pledge_start_checkout);
    const struct cf_field *field = cf_shape_field(&spec->shape, CF_BYTES_LITERAL("amount"));
    assert_int_equal(other.conflict_field, field->key);
    other = cf_test_ledger_send(&ledger, cf_test_id(2), "pledge_cancel", "{\"pledge_id\":\"@100\"}",
                                "mine");
    assert_int_equal(other.kind, CF_REPLY_CONFLICT);
    assert_int_equal(other.conflict_field, 0);
    cf_test_ledger_close(&ledger);
}

static void test_writer__a_refusal_binds_no_key(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    assert_int_equal(pledge(&ledger, 100, 0, "mine").kind, CF_REPLY_REFUSED);
    assert_int_equal(pledge(&ledger, 100, 1000, "mine").kind, CF_REPLY_ACCEPTED);
    /* Another actor's key is another key. */
    struct cf_reply other =
        cf_test_ledger_send(&ledger, cf_test_id(1), "user_change_email",
                            "{\"user_id\":\"@1\",\"email\":\"c2VhbGVk\"}", "mine");
    assert_int_equal(other.kind, CF_REPLY_ACCEPTED);
    cf_test_ledger_close(&ledger);
}

static void test_writer__sealed_fields_are_compared_by_their_tags(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    struct cf_command_input input;
    struct cf_reply reply;
    struct cf_sealed_tag tag = {.field = 2, .tag = CF_BYTES_LITERAL("mac of the address")};
    struct cf_link_command command = {.input = &input,
                                      .actor = cf_test_id(2),
                                      .key = CF_BYTES_LITERAL("mail"),
                                      .sealed_tags = &tag,
                                      .sealed_tag_count = 1};
    cf_command_input_init(&input, CF_COMMAND_user_change_email);
    cf_command_set_id(&input, "user_id", cf_test_id(2));
    cf_command_set_sealed(&input, "email", CF_BYTES_LITERAL("one ciphertext"));
    assert_int_equal(cf_link_send(ledger.link, &command, 10000, &reply, NULL), CF_OK);
    assert_int_equal(reply.kind, CF_REPLY_ACCEPTED);
    uint64_t first = reply.first_sequence;
    cf_command_set_sealed(&input, "email", CF_BYTES_LITERAL("another ciphertext"));
    assert_int_equal(cf_link_send(ledger.link, &command, 10000, &reply, NULL), CF_OK);
    assert_int_equal(reply.kind, CF_REPLY_ACCEPTED);
    assert_int_equal(reply.first_sequence, first);
    tag.tag = CF_BYTES_LITERAL("mac of another one");
    assert_int_equal(cf_link_send(ledger.link, &command, 10000, &reply, NULL), CF_OK);
    assert_int_equal(reply.kind, CF_REPLY_CONFLICT);
    assert_int_equal(reply.conflict_field, 2);
    /* After the erasure nobody can make the tag, and the key still gives its outcome. */
    command.sealed_tag_count = 0;
    assert_int_equal(cf_link_send(ledger.link, &command, 10000, &reply, NULL), CF_OK);
    assert_int_equal(reply.kind, CF_REPLY_ACCEPTED);
    assert_int_equal(reply.first_sequence, first);
    cf_test_ledger_close(&ledger);
}

/* -- Others on the line --------------------------------------------------------------------- */

static struct cf_reply send_raw(struct cf_bus_client *client, struct cf_bytes bytes)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf answer;
    struct cf_reply reply;
    cf_buf_init(&answer, CF_BUS_MESSAGE_SIZE_MAX);
    assert_int_equal(cf_bus_client_call(client, bytes, 10000, &answer, NULL), CF_OK);
    struct cf_wire_cursor cursor = cf_wire_cursor_over(cf_buf_bytes(&answer), CF_WIRE_LENIENT);
    assert_int_equal(cf_link_read_reply_head(&cursor, 1, NULL), CF_OK);
    assert_int_equal(cf_link_read_reply(&cursor, &reply, NULL), CF_OK);
    return reply;
}

static void write_entry(struct cf_buf *buf, int64_t deadline_us)
{
    struct cf_command_input input;
    struct cf_wire_writer writer = cf_wire_writer_to(buf);
    cf_command_input_init(&input, CF_COMMAND_user_verify_email);
    cf_command_set_id(&input, "user_id", cf_test_id(2));
    const struct cf_link_command command = {
        .input = &input, .actor = cf_test_id(2), .key = CF_BYTES_LITERAL("key")};
    cf_link_write_request_head(&writer, 1);
    assert_int_equal(cf_link_write_entry(&writer, &command, deadline_us, NULL), CF_OK);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
}

static void test_writer__hostile_bytes_hurt_nobody(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct cf_bus_client *client;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf good;
    cf_buf_init(&good, 4096);
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    struct cf_data_dir_url url = cf_data_dir_socket(&ledger.dir, "writer");
    assert_int_equal(cf_bus_client_open(url.text, &client, NULL), CF_OK);

    write_entry(&good, INT64_MAX);
    for (size_t size = 0; size < good.size; size++)
        assert_int_equal(send_raw(client, cf_bytes_from(good.data, size)).kind, CF_REPLY_FAILED);
    /* Each byte spoilt: whatever comes back, somebody answers. */
    for (size_t i = 0; i < good.size; i++) {
        uint8_t kept = good.data[i];
        good.data[i] = (uint8_t)(kept ^ 0xff);
        CF_CLEANUP(cf_buf_clean_up) struct cf_buf answer;
        cf_buf_init(&answer, CF_BUS_MESSAGE_SIZE_MAX);
        assert_int_equal(cf_bus_client_call(client, cf_buf_bytes(&good), 10000, &answer, NULL),
                         CF_OK);
        good.data[i] = kept;
    }
    static uint8_t garbage[CF_BUS_MESSAGE_SIZE_MAX];
    cf_random(garbage, sizeof garbage);
    assert_int_equal(send_raw(client, cf_bytes_from(garbage, sizeof garbage)).kind,
                     CF_REPLY_FAILED);
    /* Five bytes that announce a huge map. */
    assert_int_equal(send_raw(client, CF_BYTES_LITERAL("\xdf\x05\xf5\xe1\x00")).kind,
                     CF_REPLY_FAILED);
    assert_int_equal(pledge(&ledger, 100, 1000, NULL).kind, CF_REPLY_ACCEPTED);
    cf_bus_client_close(client);
    cf_test_ledger_close(&ledger);
}

static void test_writer__a_deadline_that_passed_is_not_done(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct cf_bus_client *client;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf late, timely;
    cf_buf_init(&late, 4096);
    cf_buf_init(&timely, 4096);
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    assert_int_equal(
        cf_bus_client_open(cf_data_dir_socket(&ledger.dir, "writer").text, &client, NULL), CF_OK);
    write_entry(&late, 1);
    write_entry(&timely, INT64_MAX);
    struct cf_reply reply = send_raw(client, cf_buf_bytes(&late));
    assert_int_equal(reply.kind, CF_REPLY_FAILED);
    assert_string_equal(reply.text, "its deadline had passed");
    assert_int_equal(send_raw(client, cf_buf_bytes(&timely)).kind, CF_REPLY_ACCEPTED);
    cf_bus_client_close(client);
    cf_test_ledger_close(&ledger);
}

/* Connects, says half a word, and never reads. */
static int connect_mute(const struct cf_test_ledger *ledger)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct cf_data_dir_url url = cf_data_dir_socket(&ledger->dir, "writer");
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", url.text + strlen("ipc://"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, "\0SP", 3, MSG_NOSIGNAL), 3);
    return fd;
}

static void test_writer__mute_senders_disturb_nobody(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    int mute[16];
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    for (size_t i = 0; i < 16; i++)
        mute[i] = connect_mute(&ledger);
    for (int i = 100; i < 120; i++)
        assert_int_equal(pledge(&ledger, i, 1000, NULL).kind, CF_REPLY_ACCEPTED);
    for (size_t i = 0; i < 16; i++)
        close(mute[i]);
    cf_test_ledger_close(&ledger);
}

static void test_writer__a_second_one_is_refused(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct cf_writer *second = NULL;
    struct cf_fault fault = {0};
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    const struct cf_writer_options options = {.dir = &ledger.dir, .clock = CF_CLOCK_REAL};
    assert_int_equal(cf_writer_open(&options, &second, &fault), CF_CONFLICT);
    assert_non_null(strstr(fault.text, "another writer"));
    assert_null(second);
    cf_test_ledger_do(&ledger, CF_ACTOR_OPERATOR, "user_register",
                      "{\"user_id\":\"@1\",\"email\":\"c2VhbGVk\",\"terms_version\":\"1\","
                      "\"imported\":true}");
    cf_test_ledger_close(&ledger);
}

#define CROWD 200

struct crowd {
    atomic_int answered;
    atomic_int busy;
    atomic_int accepted;
};

static void on_crowd(void *context, enum cf_status status, struct cf_bytes bytes)
{
    struct crowd *crowd = context;
    struct cf_reply reply;
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_LENIENT);
    if (status == CF_OK && cf_link_read_reply_head(&cursor, 1, NULL) == CF_OK &&
        cf_link_read_reply(&cursor, &reply, NULL) == CF_OK) {
        if (reply.kind == CF_REPLY_BUSY && reply.retry_after_ms > 0)
            atomic_fetch_add(&crowd->busy, 1);
        if (reply.kind == CF_REPLY_ACCEPTED)
            atomic_fetch_add(&crowd->accepted, 1);
    }
    atomic_fetch_add(&crowd->answered, 1);
}

/* 200 messages that come at once, and their answers. */
static void send_crowd(struct cf_bus_client *clients[2], struct cf_bytes message,
                       struct crowd *crowd)
{
    for (int i = 0; i < CROWD; i++) {
        enum cf_status status = CF_RETRY;
        while (status == CF_RETRY)
            status = cf_bus_client_start(clients[i % 2], message, 60000, on_crowd, crowd);
        assert_int_equal(status, CF_OK);
    }
}

/* Those in hand are done, the rest told when to come. The first crowd waits before the writer looks; it
 * may still be on its way then, and another one comes. */
static void test_writer__a_crowd_is_told_to_come_again(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct cf_bus_client *clients[2];
    static struct crowd crowd;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf message;
    cf_buf_init(&message, 4096);
    write_entry(&message, INT64_MAX);
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    cf_test_ledger_stop(&ledger);
    const struct cf_writer_options options = {.dir = &ledger.dir, .clock = CF_CLOCK_REAL};
    assert_int_equal(cf_writer_open(&options, &ledger.writer, NULL), CF_OK);
    struct cf_data_dir_url url = cf_data_dir_socket(&ledger.dir, "writer");
    for (int i = 0; i < 2; i++)
        assert_int_equal(cf_bus_client_open(url.text, &clients[i], NULL), CF_OK);
    int sent = 0;
    for (int tries = 0; atomic_load(&crowd.busy) == 0 && tries < 100; tries++) {
        send_crowd(clients, cf_buf_bytes(&message), &crowd);
        sent += CROWD;
        if (tries == 0)
            cf_test_ledger_run(&ledger);
        while (atomic_load(&crowd.answered) < sent)
            sched_yield();
    }
    print_message("%d accepted, %d told to come again\n", atomic_load(&crowd.accepted),
                  atomic_load(&crowd.busy));
    assert_int_equal(atomic_load(&crowd.accepted) + atomic_load(&crowd.busy), sent);
    assert_true(atomic_load(&crowd.accepted) > 0);
    assert_true(atomic_load(&crowd.busy) > 0);
    for (int i = 0; i < 2; i++)
        cf_bus_client_close(clients[i]);
    cf_test_ledger_close(&ledger);
}

/* -- Stopping ------------------------------------------------------------------------------- */

#define STARTED 2000

struct started {
    bool no_card; /* checkouts */
    atomic_int answered;
    atomic_int accepted;
    struct cf_reply replies[STARTED];
    enum cf_status statuses[STARTED];
    struct slot {
        struct started *all;
        int index;
    } slots[STARTED];
};

static void on_answer(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct slot *slot = context;
    slot->all->statuses[slot->index] = status;
    if (status == CF_OK)
        slot->all->replies[slot->index] = *reply;
    if (status == CF_OK && reply->kind == CF_REPLY_ACCEPTED)
        atomic_fetch_add(&slot->all->accepted, 1);
    atomic_fetch_add(&slot->all->answered, 1);
}

static enum cf_status start_pledge(struct cf_test_ledger *ledger, struct started *started,
                                   int index)
{
    struct cf_command_input input;
    char key[32];
    uint64_t number = 1000 + (uint64_t)index;
    snprintf(key, sizeof key, "started %llu", (unsigned long long)number);
    cf_command_input_init(&input, CF_COMMAND_pledge_start_checkout);
    cf_command_set_id(&input, "pledge_id", cf_test_id(number));
    cf_command_set_id(&input, "campaign_id", cf_test_id(4));
    cf_command_set_id(&input, "backer_id", cf_test_id(2));
    if (!started->no_card)
        cf_command_set_id(&input, "card_id", cf_test_id(3));
    cf_command_set_signed(&input, "currency", CF_CURRENCY_EUR);
    cf_command_set_signed(&input, "amount", 1000);
    const struct cf_link_command command = {
        .input = &input, .actor = cf_test_id(2), .key = cf_bytes_from_text(key)};
    started->slots[index] = (struct slot){.all = started, .index = index};
    return cf_link_start(ledger->link, &command, 60000, on_answer, &started->slots[index], NULL);
}

static void test_writer__a_stop_finishes_what_it_accepted(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct started *started = calloc(1, sizeof *started);
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, in_a_month());
    for (int i = 0; i < STARTED; i++)
        assert_int_equal(start_pledge(&ledger, started, i), CF_OK);
    cf_test_ledger_stop(&ledger); /* in the middle; the link goes on asking */
    int before = atomic_load(&started->accepted);
    cf_test_ledger_start(&ledger);
    while (atomic_load(&started->answered) < STARTED)
        assert_int_equal(pledge(&ledger, 100, 1000, "other").kind, CF_REPLY_ACCEPTED);
    print_message("%d of %d accepted before the stop\n", before, STARTED);
    uint64_t last = 0;
    for (int i = 0; i < STARTED; i++) {
        assert_int_equal(started->statuses[i], CF_OK);
        assert_int_equal(started->replies[i].kind, CF_REPLY_ACCEPTED);
        assert_true(cf_id_equal(started->replies[i].stream_id, cf_test_id(1000 + (uint64_t)i)));
        last = started->replies[i].last_sequence > last ? started->replies[i].last_sequence : last;
    }
    assert_true(last > 0);
    cf_test_ledger_close(&ledger);
    free(started);
}

/* -- Time ----------------------------------------------------------------------------------- */

/* Waits until a timer of the campaign is or is not set. */
static void wait_for_timer(struct cf_test_ledger *ledger, enum cf_timer timer, bool set)
{
    for (;;) {
        struct cf_link_timer timers[64];
        size_t count;
        int64_t now_us;
        bool found = false;
        assert_int_equal(cf_link_timers(ledger->link, 10000, timers, 64, &count, &now_us, NULL),
                         CF_OK);
        for (size_t i = 0; i < count; i++)
            found = found || timers[i].timer == timer;
        if (found == set)
            return;
    }
}

static void test_writer__due_timers_fire_by_themselves(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    cf_test_ledger_open(&ledger, CF_CLOCK_SIMULATED);
    cf_test_ledger_campaign(&ledger, "2026-01-31T00:00:00Z");
    assert_int_equal(pledge(&ledger, 100, 500, NULL).kind, CF_REPLY_ACCEPTED);
    wait_for_timer(&ledger, CF_TIMER_AUTHORIZE_RUN, true);
    /* Not past what is due before. */
    struct cf_reply far = cf_test_ledger_send(&ledger, CF_ACTOR_OPERATOR, "clock_advance",
                                              "{\"to\":\"2026-01-31T00:00:00Z\"}", NULL);
    assert_int_equal(far.kind, CF_REPLY_REFUSED);
    cf_test_ledger_do(&ledger, CF_ACTOR_OPERATOR, "clock_advance",
                      "{\"to\":\"2026-01-27T06:00:00Z\"}");
    wait_for_timer(&ledger, CF_TIMER_AUTHORIZE_RUN, false);
    cf_test_ledger_do(&ledger, CF_ACTOR_OPERATOR, "clock_advance",
                      "{\"to\":\"2026-01-31T00:00:00Z\"}");
    wait_for_timer(&ledger, CF_TIMER_CAMPAIGN_DEADLINE, false);
    wait_for_timer(&ledger, CF_TIMER_RELEASE_RUN, false);
    /* The campaign failed and released its pledge, so nothing can be cancelled. */
    assert_int_equal(cf_test_ledger_send(&ledger, cf_test_id(2), "pledge_cancel",
                                         "{\"pledge_id\":\"@100\"}", NULL)
                         .kind,
                     CF_REPLY_REFUSED);
    cf_test_ledger_close(&ledger);
}

static size_t count_claims(struct cf_test_ledger *ledger, int64_t *ret_due_us)
{
    struct cf_link_timer timers[CF_LINK_TIMERS_MAX];
    size_t count, claims = 0;
    int64_t now_us;
    assert_int_equal(
        cf_link_timers(ledger->link, 10000, timers, CF_LINK_TIMERS_MAX, &count, &now_us, NULL),
        CF_OK);
    for (size_t i = 0; i < count; i++) {
        if (timers[i].timer != CF_TIMER_CLAIM_EXPIRY)
            continue;
        *ret_due_us = timers[i].due_us;
        claims++;
    }
    return claims;
}

/* However many timers are due at once, whoever sends a command is answered in between. */
static void test_writer__due_timers_leave_room_for_users(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    char json[64], text[CF_TIME_TEXT_SIZE];
    int64_t due_us = 0;
    cf_test_ledger_open(&ledger, CF_CLOCK_SIMULATED);
    cf_test_ledger_campaign(&ledger, "2026-01-31T00:00:00Z");
    cf_test_ledger_do(&ledger, CF_ACTOR_GATEWAY, "user_link_customer",
                      "{\"user_id\":\"@2\",\"customer\":\"cus_1\"}");
    /* Checkouts that all lapse at the same moment. */
    struct started *started = calloc(1, sizeof *started);
    started->no_card = true;
    for (int i = 0; i < STARTED; i++)
        assert_int_equal(start_pledge(&ledger, started, i), CF_OK);
    while (atomic_load(&started->answered) < STARTED)
        sched_yield();
    assert_int_equal(atomic_load(&started->accepted), STARTED);
    assert_int_equal(count_claims(&ledger, &due_us), CF_LINK_TIMERS_MAX);
    cf_time_print(due_us, text);
    snprintf(json, sizeof json, "{\"to\":\"%s\"}", text);
    struct cf_reply jump = cf_test_ledger_do(&ledger, CF_ACTOR_OPERATOR, "clock_advance", json);
    uint64_t first_sequence = 0, last_sequence = 0;
    int between = 0;
    for (int number = 5000; count_claims(&ledger, &due_us) > 0; number++) {
        struct cf_reply reply = pledge(&ledger, number, 500, NULL);
        assert_int_equal(reply.kind, CF_REPLY_ACCEPTED);
        first_sequence = first_sequence == 0 ? reply.first_sequence : first_sequence;
        last_sequence = reply.first_sequence;
        between++;
    }
    print_message("%d answers while %d timers fired\n", between, STARTED);
    assert_true(first_sequence < jump.last_sequence + STARTED / 2);
    assert_true(last_sequence > jump.last_sequence + STARTED / 2);
    assert_true(between >= 3);
    cf_test_ledger_close(&ledger);
    free(started);
}

/* -- Determinism ---------------------------------------------------------------------------- */

static void run_story(struct cf_test_ledger *ledger)
{
    cf_test_ledger_campaign(ledger, "2026-01-31T00:00:00Z");
    for (int i = 100; i < 120; i++)
        assert_int_equal(pledge(ledger, i, 1000 + i, NULL).kind, CF_REPLY_ACCEPTED);
    cf_test_ledger_do(ledger, CF_ACTOR_OPERATOR, "clock_advance",
                      "{\"to\":\"2026-01-27T06:00:00Z\"}");
    wait_for_timer(ledger, CF_TIMER_AUTHORIZE_RUN, false);
}

static void read_root(const struct cf_test_ledger *ledger, uint64_t *ret_size,
                      struct cf_hash *ret_root)
{
    struct cf_log *log;
    struct cf_data_dir_path path = cf_data_dir_path(&ledger->dir, "log");
    assert_int_equal(
        cf_log_open(&(struct cf_log_options){.directory = path.text, .read_only = true}, &log,
                    NULL),
        CF_OK);
    struct cf_log_view *view;
    struct cf_frontier frontier;
    assert_int_equal(cf_log_view_begin(log, &view, NULL), CF_OK);
    *ret_size = cf_log_view_size(view);
    assert_int_equal(cf_tree_frontier(cf_log_view_tree(view), *ret_size, &frontier, NULL), CF_OK);
    cf_frontier_root(&frontier, ret_root);
    cf_log_view_end(view);
    cf_log_close(log);
}

static void copy_key(const struct cf_test_ledger *from, const struct cf_test_ledger *to)
{
    char command[4096];
    snprintf(command, sizeof command, "cp -r '%s/keys' '%s/'", from->dir.path, to->dir.path);
    assert_int_equal(system(command), 0);
}

static void test_writer__the_same_commands_give_the_same_bytes(void **state)
{
    (void)state;
    struct cf_test_ledger first, second;
    struct cf_hash first_root, second_root;
    uint64_t first_size, second_size;
    cf_test_ledger_open(&first, CF_CLOCK_SIMULATED);
    run_story(&first);
    cf_test_ledger_stop(&first);
    /* The checkpoint key is in the first record. */
    cf_test_ledger_open(&second, CF_CLOCK_SIMULATED);
    cf_test_ledger_stop(&second);
    cf_temp_dir_remove_path(cf_data_dir_path(&second.dir, "log").text);
    cf_temp_dir_remove_path(cf_data_dir_path(&second.dir, "state").text);
    copy_key(&first, &second);
    cf_test_ledger_start(&second);
    run_story(&second);
    cf_test_ledger_stop(&second);
    read_root(&first, &first_size, &first_root);
    read_root(&second, &second_size, &second_root);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(&first_root, &second_root, sizeof first_root);
    cf_test_ledger_close(&first);
    cf_test_ledger_close(&second);
}

static void test_writer__a_replay_gives_the_same_state(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct cf_link_timer before[64], after[64];
    size_t before_count, after_count;
    int64_t before_us, after_us;
    cf_test_ledger_open(&ledger, CF_CLOCK_SIMULATED);
    run_story(&ledger);
    struct cf_reply told = pledge(&ledger, 500, 1000, "told");
    assert_int_equal(
        cf_link_timers(ledger.link, 10000, before, 64, &before_count, &before_us, NULL), CF_OK);
    cf_test_ledger_stop(&ledger);
    cf_temp_dir_remove_path(cf_data_dir_path(&ledger.dir, "state").text);
    cf_test_ledger_start(&ledger);
    struct cf_reply again = pledge(&ledger, 500, 1000, "told");
    assert_int_equal(again.kind, told.kind);
    assert_int_equal(again.first_sequence, told.first_sequence);
    assert_int_equal(cf_link_timers(ledger.link, 10000, after, 64, &after_count, &after_us, NULL),
                     CF_OK);
    assert_int_equal(before_us, after_us);
    assert_int_equal(before_count, after_count);
    for (size_t i = 0; i < before_count; i++) {
        assert_int_equal(before[i].due_us, after[i].due_us);
        assert_int_equal(before[i].timer, after[i].timer);
        assert_true(cf_id_equal(before[i].subject, after[i].subject));
    }
    cf_test_ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer__a_key_gives_its_outcome_for_ever),
        cmocka_unit_test(test_writer__a_conflict_names_the_field),
        cmocka_unit_test(test_writer__a_refusal_binds_no_key),
        cmocka_unit_test(test_writer__sealed_fields_are_compared_by_their_tags),
        cmocka_unit_test(test_writer__hostile_bytes_hurt_nobody),
        cmocka_unit_test(test_writer__a_deadline_that_passed_is_not_done),
        cmocka_unit_test(test_writer__mute_senders_disturb_nobody),
        cmocka_unit_test(test_writer__a_second_one_is_refused),
        cmocka_unit_test(test_writer__a_crowd_is_told_to_come_again),
        cmocka_unit_test(test_writer__a_stop_finishes_what_it_accepted),
        cmocka_unit_test(test_writer__due_timers_fire_by_themselves),
        cmocka_unit_test(test_writer__due_timers_leave_room_for_users),
        cmocka_unit_test(test_writer__the_same_commands_give_the_same_bytes),
        cmocka_unit_test(test_writer__a_replay_gives_the_same_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
