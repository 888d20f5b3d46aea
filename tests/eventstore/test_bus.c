/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: many calls at a time, replied to in any order by any thread; each failure says whether
 * the request was sent; nothing is sent twice; peers that send hostile bytes or never read disturb
 * nobody else; closing loses no reply that a reading peer waits for; sockets are closed to other
 * users. Shown: with servers, clients and hand-made peers on real sockets, under the sanitizers
 * too.
 */
#include "eventstore/bus.h"

#include "core/base/scope.h"
#include "tests/support/cmocka.h"
#include "tests/support/socket_place.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20000

/* ---- A server that echoes, in its own thread, last taken first replied ---- */

struct echo {
    struct cf_bus_server *server;
    pthread_t thread;
};

static void *echo_run(void *argument)
{
    struct echo *echo = argument;
    struct cf_bus_request *requests[64];
    size_t count;
    while (cf_bus_server_take(echo->server, requests, 64, CF_BUS_FOREVER, &count) == CF_OK) {
        while (count-- > 0) {
            struct cf_bytes request = cf_bus_request_bytes(requests[count]);
            assert_int_equal(cf_bus_request_reply(requests[count], request), CF_OK);
        }
    }
    return NULL;
}

static void echo_start(struct echo *echo, const char *url, size_t requests_max)
{
    assert_int_equal(cf_bus_server_open(url, requests_max, &echo->server, NULL), CF_OK);
    assert_int_equal(pthread_create(&echo->thread, NULL, echo_run, echo), 0);
}

static void echo_stop(struct echo *echo)
{
    cf_bus_server_stop(echo->server);
    pthread_join(echo->thread, NULL);
    cf_bus_server_close(echo->server);
}

static void call_and_compare(struct cf_bus_client *client, struct cf_bytes request)
{
    struct cf_buf reply;
    cf_buf_init(&reply, CF_BUS_MESSAGE_SIZE_MAX);
    assert_int_equal(cf_bus_client_call(client, request, PATIENCE_MS, &reply, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&reply), request));
    cf_buf_clean_up(&reply);
}

/* ---- Calls ---- */

struct caller {
    struct cf_bus_client *client;
    pthread_t thread;
    int number;
};

static void *caller_run(void *argument)
{
    struct caller *caller = argument;
    char text[32];
    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "caller %d call %d", caller->number, i);
        call_and_compare(caller->client, cf_bytes_from_text(text));
    }
    return NULL;
}

static void test_bus__serves_many_callers_at_a_time(void **state)
{
    struct place *place = *state;
    struct echo echo;
    echo_start(&echo, place->url, 16);
    struct cf_bus_client *clients[2];
    struct caller callers[8];
    for (int i = 0; i < 2; i++)
        assert_int_equal(cf_bus_client_open(place->url, &clients[i], NULL), CF_OK);
    for (int i = 0; i < 8; i++) {
        callers[i] = (struct caller){.client = clients[i % 2], .number = i};
        pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(callers[i].thread, NULL);
    for (int i = 0; i < 2; i++)
        cf_bus_client_close(clients[i]);
    echo_stop(&echo);
}

struct answers {
    pthread_mutex_t lock;
    pthread_cond_t more;
    size_t count;
    enum cf_status last_status;
    char order[64];
};

static void note_answer(void *context, enum cf_status status, struct cf_bytes reply)
{
    struct answers *answers = context;
    pthread_mutex_lock(&answers->lock);
    answers->last_status = status;
    if (status == CF_OK && reply.size == 1 && answers->count < sizeof answers->order)
        answers->order[answers->count] = (char)reply.data[0];
    answers->count++;
    pthread_cond_signal(&answers->more);
    pthread_mutex_unlock(&answers->lock);
}

static void wait_for_answers(struct answers *answers, size_t count)
{
    pthread_mutex_lock(&answers->lock);
    while (answers->count < count)
        pthread_cond_wait(&answers->more, &answers->lock);
    pthread_mutex_unlock(&answers->lock);
}

#define ANSWERS_INIT                                                                               \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER                        \
    }

/* Takes exactly `count` requests, however they arrive. */
static void take_all(struct cf_bus_server *server, struct cf_bus_request **requests, size_t count)
{
    for (size_t taken = 0, more; taken < count; taken += more)
        assert_int_equal(
            cf_bus_server_take(server, requests + taken, count - taken, PATIENCE_MS, &more), CF_OK);
}

static void test_bus__replies_in_any_order(void **state)
{
    struct place *place = *state;
    struct cf_bus_server *server;
    struct cf_bus_client *client;
    struct answers answers = ANSWERS_INIT;
    assert_int_equal(cf_bus_server_open(place->url, 8, &server, NULL), CF_OK);
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);

    struct cf_bus_request *requests[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cf_bus_client_start(client, cf_bytes_from(&"abc"[i], 1), PATIENCE_MS,
                                             note_answer, &answers),
                         CF_OK);
        take_all(server, &requests[i], 1);
    }
    for (int i = 0; i < 3; i++) {
        int turn = (i + 2) % 3; /* c, a, b */
        assert_int_equal(cf_bus_request_reply(requests[turn], cf_bytes_from(&"abc"[turn], 1)),
                         CF_OK);
        wait_for_answers(&answers, (size_t)i + 1);
    }
    assert_memory_equal(answers.order, "cab", 3);
    cf_bus_client_close(client);
    cf_bus_server_close(server);
}

static void test_bus__carries_a_message_of_the_largest_size_and_no_larger(void **state)
{
    struct place *place = *state;
    struct echo echo;
    echo_start(&echo, place->url, 4);
    struct cf_bus_client *client;
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);

    CF_CLEANUP(cf_scope_free) uint8_t *large = calloc(1, CF_BUS_MESSAGE_SIZE_MAX + 1);
    large[CF_BUS_MESSAGE_SIZE_MAX - 1] = 7;
    call_and_compare(client, cf_bytes_from(large, CF_BUS_MESSAGE_SIZE_MAX));
    call_and_compare(client, cf_bytes_from(large, 0));
    struct cf_buf reply;
    cf_buf_init(&reply, 16);
    assert_int_equal(cf_bus_client_call(client, cf_bytes_from(large, CF_BUS_MESSAGE_SIZE_MAX + 1),
                                        PATIENCE_MS, &reply, NULL),
                     CF_NO_SPACE);
    cf_bus_client_close(client);
    echo_stop(&echo);
}

static void test_client__says_retry_when_nothing_was_sent(void **state)
{
    struct place *place = *state;
    struct cf_bus_client *client;
    struct cf_buf reply;
    struct cf_fault fault = {0};
    cf_buf_init(&reply, 16);
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    assert_int_equal(cf_bus_client_call(client, CF_BYTES_LITERAL("x"), 30, &reply, &fault),
                     CF_RETRY);
    assert_int_equal(fault.status, CF_RETRY);
    cf_bus_client_close(client);
}

static void test_client__connects_when_the_server_comes_later(void **state)
{
    struct place *place = *state;
    struct cf_bus_client *client;
    struct answers answers = ANSWERS_INIT;
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    assert_int_equal(
        cf_bus_client_start(client, CF_BYTES_LITERAL("x"), PATIENCE_MS, note_answer, &answers),
        CF_OK);
    struct echo echo;
    echo_start(&echo, place->url, 4);
    wait_for_answers(&answers, 1);
    assert_int_equal(answers.last_status, CF_OK);
    /* And again, to a server that was started anew. */
    echo_stop(&echo);
    echo_start(&echo, place->url, 4);
    struct cf_buf buf;
    cf_buf_init(&buf, 16);
    enum cf_status status;
    do
        status = cf_bus_client_call(client, CF_BYTES_LITERAL("y"), PATIENCE_MS, &buf, NULL);
    while (status == CF_CLOSED); /* sent into the connection that had just broken */
    assert_int_equal(status, CF_OK);
    cf_buf_clean_up(&buf);
    cf_bus_client_close(client);
    echo_stop(&echo);
}

static void test_client__says_timeout_when_the_reply_does_not_come(void **state)
{
    struct place *place = *state;
    struct cf_bus_server *server;
    struct cf_bus_client *client;
    struct answers answers = ANSWERS_INIT;
    assert_int_equal(cf_bus_server_open(place->url, 4, &server, NULL), CF_OK);
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    struct cf_bus_request *request;
    size_t count;
    /* The server takes it before it runs out, so it was sent: TIMEOUT, not RETRY. */
    do {
        answers.count = 0;
        assert_int_equal(
            cf_bus_client_start(client, CF_BYTES_LITERAL("slow"), 100, note_answer, &answers),
            CF_OK);
        wait_for_answers(&answers, 1);
    } while (cf_bus_server_take(server, &request, 1, 0, &count) != CF_OK);
    assert_int_equal(answers.last_status, CF_TIMEOUT);

    /* The late reply harms nobody: the next call gets its own. */
    assert_int_equal(cf_bus_request_reply(request, CF_BYTES_LITERAL("L")), CF_OK);
    assert_int_equal(
        cf_bus_client_start(client, CF_BYTES_LITERAL("next"), PATIENCE_MS, note_answer, &answers),
        CF_OK);
    take_all(server, &request, 1);
    assert_memory_equal(cf_bus_request_bytes(request).data, "next", 4);
    assert_int_equal(cf_bus_request_reply(request, CF_BYTES_LITERAL("N")), CF_OK);
    wait_for_answers(&answers, 2);
    assert_int_equal(answers.order[1], 'N');
    cf_bus_client_close(client);
    cf_bus_server_close(server);
}

static void test_client__never_sends_twice(void **state)
{
    struct place *place = *state;
    struct cf_bus_server *server;
    struct cf_bus_client *client;
    struct answers answers = ANSWERS_INIT;
    assert_int_equal(cf_bus_server_open(place->url, 4, &server, NULL), CF_OK);
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    assert_int_equal(
        cf_bus_client_start(client, CF_BYTES_LITERAL("once"), PATIENCE_MS, note_answer, &answers),
        CF_OK);
    struct cf_bus_request *request;
    take_all(server, &request, 1);
    cf_bus_request_drop(request);
    cf_bus_server_close(server);
    wait_for_answers(&answers, 1);
    assert_int_equal(answers.last_status, CF_CLOSED);

    /* The new server hears only what is sent to it anew. */
    assert_int_equal(cf_bus_server_open(place->url, 4, &server, NULL), CF_OK);
    assert_int_equal(
        cf_bus_client_start(client, CF_BYTES_LITERAL("anew"), PATIENCE_MS, note_answer, &answers),
        CF_OK);
    take_all(server, &request, 1);
    assert_memory_equal(cf_bus_request_bytes(request).data, "anew", 4);
    assert_int_equal(cf_bus_request_reply(request, CF_BYTES_LITERAL("A")), CF_OK);
    wait_for_answers(&answers, 2);
    assert_int_equal(answers.last_status, CF_OK);
    cf_bus_client_close(client);
    cf_bus_server_close(server);
}

static void test_client__refuses_more_calls_than_it_has_room_for(void **state)
{
    struct place *place = *state;
    struct cf_bus_client *client;
    struct answers answers = ANSWERS_INIT;
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    for (int i = 0; i < CF_BUS_CALLS_MAX; i++)
        assert_int_equal(cf_bus_client_start(client, CF_BYTES_LITERAL("x"), CF_BUS_FOREVER,
                                             note_answer, &answers),
                         CF_OK);
    assert_int_equal(
        cf_bus_client_start(client, CF_BYTES_LITERAL("x"), CF_BUS_FOREVER, note_answer, &answers),
        CF_RETRY);
    cf_bus_client_close(client); /* each call is answered, once */
    assert_int_equal(answers.count, CF_BUS_CALLS_MAX);
    assert_int_equal(answers.last_status, CF_CLOSED);
}

/* ---- Servers ---- */

static void test_server__second_one_is_refused(void **state)
{
    struct place *place = *state;
    struct cf_bus_server *server, *second;
    struct cf_fault fault = {0};
    assert_int_equal(cf_bus_server_open(place->url, 4, &server, NULL), CF_OK);
    assert_int_equal(cf_bus_server_open(place->url, 4, &second, &fault), CF_CONFLICT);
    assert_non_null(strstr(fault.detail, place->url));
    cf_bus_server_close(server);
}

static void test_server__keeps_other_users_out(void **state)
{
    struct place *place = *state;
    struct cf_bus_server *server;
    struct stat info;
    assert_int_equal(cf_bus_server_open(place->url, 4, &server, NULL), CF_OK);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    cf_bus_server_close(server);

    assert_int_equal(chmod(place->folder, 0755), 0);
    assert_int_equal(cf_bus_server_open(place->url, 4, &server, NULL), CF_DENIED);
    assert_int_equal(cf_bus_server_open("tcp://127.0.0.1:1", 4, &server, NULL), CF_INVALID);
    assert_int_equal(cf_bus_server_open("ipc://socket", 4, &server, NULL), CF_INVALID);
    char nowhere[200];
    snprintf(nowhere, sizeof nowhere, "ipc://%s/absent/socket", place->folder);
    assert_int_equal(cf_bus_server_open(nowhere, 4, &server, NULL), CF_NOT_FOUND);
}

static void test_server__replies_to_what_it_accepted_before_it_stopped(void **state)
{
    struct place *place = *state;
    struct cf_bus_server *server;
    struct cf_bus_client *client;
    struct answers answers = ANSWERS_INIT;
    struct cf_bus_request *requests[4];
    size_t count;
    assert_int_equal(cf_bus_server_open(place->url, 4, &server, NULL), CF_OK);
    assert_int_equal(cf_bus_server_take(server, requests, 4, 0, &count), CF_TIMEOUT);
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            cf_bus_client_start(client, CF_BYTES_LITERAL("x"), PATIENCE_MS, note_answer, &answers),
            CF_OK);
    take_all(server, requests, 4);
    cf_bus_server_stop(server);
    struct cf_bus_request *more;
    assert_int_equal(cf_bus_server_take(server, &more, 1, CF_BUS_FOREVER, &count), CF_CLOSED);
    for (int i = 0; i < 4; i++)
        assert_int_equal(cf_bus_request_reply(requests[i], CF_BYTES_LITERAL("r")), CF_OK);
    cf_bus_server_close(server);
    wait_for_answers(&answers, 4);
    assert_memory_equal(answers.order, "rrrr", 4);
    cf_bus_client_close(client);
}

/* ---- nng's own sockets at the other end ---- */

static void test_bus__nng_can_call_a_server(void **state)
{
    struct place *place = *state;
    struct echo echo;
    echo_start(&echo, place->url, 4);
    nng_socket req;
    assert_int_equal(nng_req0_open(&req), 0);
    assert_int_equal(nng_dial(req, place->url, NULL, 0), 0);
    for (int i = 0; i < 3; i++) {
        char request[] = "hello", reply[6];
        size_t size = sizeof reply;
        assert_int_equal(nng_send(req, request, 5, 0), 0);
        assert_int_equal(nng_recv(req, reply, &size, 0), 0);
        assert_int_equal(size, 5);
        assert_memory_equal(reply, "hello", 5);
    }
    nng_close(req);
    echo_stop(&echo);
}

static void test_bus__a_client_can_call_nng(void **state)
{
    struct place *place = *state;
    struct cf_bus_client *client;
    struct answers answers = ANSWERS_INIT;
    nng_socket rep;
    assert_int_equal(nng_rep0_open(&rep), 0);
    assert_int_equal(nng_listen(rep, place->url, NULL, 0), 0);
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    for (size_t i = 0; i < 3; i++) {
        char request[2];
        size_t size = sizeof request;
        assert_int_equal(
            cf_bus_client_start(client, CF_BYTES_LITERAL("h"), PATIENCE_MS, note_answer, &answers),
            CF_OK);
        assert_int_equal(nng_recv(rep, request, &size, 0), 0);
        assert_int_equal(size, 1);
        assert_int_equal(nng_send(rep, request, size, 0), 0);
        wait_for_answers(&answers, i + 1);
    }
    assert_memory_equal(answers.order, "hhh", 3);
    cf_bus_client_close(client);
    nng_close(rep);
}

/* ---- Hostile peers: sockets that speak nng's wire form by hand ---- */

static int hostile_connect(const struct place *place)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", place->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int hostile_handshake(const struct place *place)
{
    static const uint8_t req[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    int fd = hostile_connect(place);
    uint8_t theirs[8];
    assert_int_equal(send(fd, req, sizeof req, MSG_NOSIGNAL), sizeof req);
    assert_int_equal(recv(fd, theirs, sizeof theirs, MSG_WAITALL), sizeof theirs);
    return fd;
}

/* A request whose declared length is `declared` and whose content is `size` bytes. */
static bool hostile_send(int fd, uint64_t declared, uint32_t id, size_t size)
{
    CF_CLEANUP(cf_scope_free) uint8_t *frame = calloc(1, 13 + size);
    frame[0] = 1;
    for (int i = 0; i < 8; i++)
        frame[1 + i] = (uint8_t)(declared >> (56 - 8 * i));
    frame[9] = 0x80 | (uint8_t)(id >> 24);
    frame[10] = (uint8_t)(id >> 16);
    frame[11] = (uint8_t)(id >> 8);
    frame[12] = (uint8_t)id;
    for (size_t sent = 0; sent < 13 + size;) {
        ssize_t more = send(fd, frame + sent, 13 + size - sent, MSG_NOSIGNAL);
        if (more < 0)
            return false;
        sent += (size_t)more;
    }
    return true;
}

/* Waits until the other end has closed. */
static void assert_closed_by_peer(int fd)
{
    uint8_t bytes[4096];
    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        continue;
    close(fd);
}

static void test_server__hostile_bytes_lose_only_their_own_connection(void **state)
{
    struct place *place = *state;
    struct echo echo;
    echo_start(&echo, place->url, 8);
    struct cf_bus_client *client;
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    call_and_compare(client, CF_BYTES_LITERAL("before"));

    int fd = hostile_connect(place); /* no handshake but noise */
    assert_true(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) > 0);
    assert_closed_by_peer(fd);
    call_and_compare(client, CF_BYTES_LITERAL("one"));

    fd = hostile_handshake(place); /* announces more than any message */
    hostile_send(fd, UINT64_MAX, 1, 0);
    assert_closed_by_peer(fd);
    call_and_compare(client, CF_BYTES_LITERAL("two"));

    fd = hostile_handshake(place); /* one byte more than a message holds */
    hostile_send(fd, CF_BUS_MESSAGE_SIZE_MAX + 1 + 4, 1, CF_BUS_MESSAGE_SIZE_MAX + 1);
    assert_closed_by_peer(fd);
    call_and_compare(client, CF_BYTES_LITERAL("three"));

    fd = hostile_handshake(place); /* too short for a request's header */
    assert_true(send(fd, "\1\0\0\0\0\0\0\0\2ab", 11, MSG_NOSIGNAL) > 0);
    assert_closed_by_peer(fd);

    int idle = hostile_connect(place);   /* says nothing at all */
    int half = hostile_handshake(place); /* stops in the middle of a message */
    hostile_send(half, 1000, 1, 10);
    call_and_compare(client, CF_BYTES_LITERAL("after"));
    close(idle);
    close(half);
    cf_bus_client_close(client);
    echo_stop(&echo);
}

struct flood {
    int fd;
    size_t content_size;
};

/* Sends requests without ever reading a reply, until its socket is shut down. */
static void *flood_run(void *argument)
{
    struct flood *flood = argument;
    uint32_t id = 0;
    while (hostile_send(flood->fd, flood->content_size + 4, ++id, flood->content_size))
        continue;
    return NULL;
}

static void test_server__peers_that_never_read_disturb_nobody(void **state)
{
    struct place *place = *state;
    struct echo echo;
    echo_start(&echo, place->url, 2 * CF_BUS_CALLS_MAX + 16);
    struct cf_bus_client *client;
    assert_int_equal(cf_bus_client_open(place->url, &client, NULL), CF_OK);
    call_and_compare(client, CF_BYTES_LITERAL("before"));

    struct flood floods[2] = {{.content_size = 16}, {.content_size = 100000}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        floods[i].fd = hostile_handshake(place);
        pthread_create(&threads[i], NULL, flood_run, &floods[i]);
    }
    for (int i = 0; i < 200; i++)
        call_and_compare(client, CF_BYTES_LITERAL("meanwhile"));
    for (int i = 0; i < 2; i++) {
        shutdown(floods[i].fd, SHUT_RDWR);
        pthread_join(threads[i], NULL);
        close(floods[i].fd);
    }
    call_and_compare(client, CF_BYTES_LITERAL("after"));
    cf_bus_client_close(client);
    echo_stop(&echo);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bus__serves_many_callers_at_a_time),
        TEST(test_bus__replies_in_any_order),
        TEST(test_bus__carries_a_message_of_the_largest_size_and_no_larger),
        TEST(test_client__says_retry_when_nothing_was_sent),
        TEST(test_client__connects_when_the_server_comes_later),
        TEST(test_client__says_timeout_when_the_reply_does_not_come),
        TEST(test_client__never_sends_twice),
        TEST(test_client__refuses_more_calls_than_it_has_room_for),
        TEST(test_server__second_one_is_refused),
        TEST(test_server__keeps_other_users_out),
        TEST(test_server__replies_to_what_it_accepted_before_it_stopped),
        TEST(test_bus__nng_can_call_a_server),
        TEST(test_bus__a_client_can_call_nng),
        TEST(test_server__hostile_bytes_lose_only_their_own_connection),
        TEST(test_server__peers_that_never_read_disturb_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
