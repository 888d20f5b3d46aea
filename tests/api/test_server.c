/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: every whole request reaches the handler as it was sent and is answered once, now or
 * later; what is malformed, too large or too slow is refused; streams are bounded; stopping loses
 * nobody. Shown: over real sockets, byte by byte, with a server that answers in every way it can.
 */
#include "api/server.h"
#include "core/base/scope.h"
#include "tests/support/cmocka.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

struct fixture {
    struct cf_http_server *server;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct cf_http_request *waiting; /* handed over by /later */
    struct cf_http_stream *stream;   /* opened by /stream */
};

/* Answers with what it got, one fact a line. */
static void respond_echo(struct cf_http_request *request)
{
    struct cf_buf buf;
    cf_buf_init(&buf, 1 << 22);
    const char *header = cf_http_request_header(request, "x-test");
    assert_int_equal(cf_buf_append_format(&buf, "%d %s %s\n", (int)request->method,
                                          (const char *)request->path.data,
                                          header == NULL ? "-" : header),
                     CF_OK);
    for (size_t i = 0; i < request->query.count; i++) {
        assert_int_equal(cf_buf_append(&buf, request->query.pairs[i].name), CF_OK);
        assert_int_equal(cf_buf_append_text(&buf, "="), CF_OK);
        assert_int_equal(cf_buf_append(&buf, request->query.pairs[i].value), CF_OK);
        assert_int_equal(cf_buf_append_text(&buf, "\n"), CF_OK);
    }
    assert_int_equal(cf_buf_append(&buf, request->body), CF_OK);
    static const struct cf_http_header headers[] = {{"X-Kind", "echo"}};
    struct cf_http_response response = {
        .status = 200, .headers = headers, .header_count = 1, .body = cf_buf_bytes(&buf)};
    cf_http_respond(request, &response);
    cf_buf_clean_up(&buf);
}

static void handle(void *context, struct cf_http_request *request)
{
    struct fixture *fixture = context;
    const char *path = (const char *)request->path.data;
    if (strcmp(path, "/later") == 0) {
        pthread_mutex_lock(&fixture->mutex);
        while (fixture->waiting != NULL) /* one at a time */
            pthread_cond_wait(&fixture->changed, &fixture->mutex);
        fixture->waiting = request;
        pthread_cond_broadcast(&fixture->changed);
        pthread_mutex_unlock(&fixture->mutex);
    } else if (strcmp(path, "/stream") == 0) {
        struct cf_http_response response = {.status = 200, .body = CF_BYTES_LITERAL("hello\n")};
        pthread_mutex_lock(&fixture->mutex);
        assert_int_equal(cf_http_stream_open(request, &response, 4096, &fixture->stream), CF_OK);
        pthread_cond_broadcast(&fixture->changed);
        pthread_mutex_unlock(&fixture->mutex);
    } else if (strcmp(path, "/drop") == 0) {
        cf_http_drop(request);
    } else {
        respond_echo(request);
    }
}

static struct cf_http_request *take_waiting(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->mutex);
    while (fixture->waiting == NULL)
        pthread_cond_wait(&fixture->changed, &fixture->mutex);
    struct cf_http_request *request = CF_TAKE(fixture->waiting);
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->mutex);
    return request;
}

static struct cf_http_stream *take_stream(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->mutex);
    while (fixture->stream == NULL)
        pthread_cond_wait(&fixture->changed, &fixture->mutex);
    struct cf_http_stream *stream = CF_TAKE(fixture->stream);
    pthread_mutex_unlock(&fixture->mutex);
    return stream;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    struct cf_http_server_options options = {CF_HTTP_SERVER_OPTIONS_DEFAULT, .address = "127.0.0.1",
                                             .thread_count = 2, .handle = handle,
                                             .context = fixture};
    options.body_size_max = 1000;
    options.idle_timeout_s = 1;
    struct cf_fault fault = {0};
    assert_int_equal(cf_http_server_open(&options, &fixture->server, &fault), CF_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_http_server_close(fixture->server);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->mutex);
    free(fixture);
    return 0;
}

static int client_connect(struct fixture *fixture)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(cf_http_server_port(fixture->server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    struct timeval patience = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void client_send(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* refused half-way; the answer tells */
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* Reads until `until` is in the text, or the end. */
static const char *client_read(int fd, const char *until)
{
    static char text[1 << 16];
    size_t size = 0;
    text[0] = '\0';
    while (until == NULL || strstr(text, until) == NULL) {
        ssize_t got = recv(fd, text + size, sizeof text - 1 - size, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
        text[size] = '\0';
    }
    return text;
}

/* One request on a connection of its own; all of the answer. */
static const char *exchange(struct fixture *fixture, const char *request)
{
    CF_CLEANUP(cf_scope_close) int fd = client_connect(fixture);
    client_send(fd, request, strlen(request));
    return client_read(fd, NULL);
}

static void assert_status(const char *answer, int status)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "HTTP/1.1 %d ", status);
    if (strncmp(answer, wanted, strlen(wanted)) != 0)
        fail_msg("wanted %d, got \"%.200s\"", status, answer);
}

static void test_server__hands_over_what_was_sent(void **state)
{
    const char *answer = exchange(
        *state, "POST /a%20b/c?x=1&y%5Bz%5D=a+b&empty HTTP/1.1\r\nHost: h\r\nX-Test: yes\r\n"
                "Connection: close\r\nContent-Length: 4\r\n\r\nb%dy");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "X-Kind: echo\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\n2 /a b/c yes\nx=1\ny[z]=a b\nempty=\nb%dy"));
    answer = exchange(*state, "PUT /chunks HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");
    assert_non_null(strstr(answer, "3 /chunks -\nabcde"));
}

static void test_server__keeps_the_connection_and_takes_pipelined_requests(void **state)
{
    CF_CLEANUP(cf_scope_close) int fd = client_connect(*state);
    const char two[] = "GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n";
    client_send(fd, two, strlen(two));
    const char *answer = client_read(fd, "/two");
    assert_non_null(strstr(answer, "0 /one"));
    assert_non_null(strstr(answer, "0 /two"));
}

static void *answer_later(void *context)
{
    respond_echo(take_waiting(context));
    return NULL;
}

static void test_server__lets_any_thread_answer_later(void **state)
{
    struct fixture *fixture = *state;
    CF_CLEANUP(cf_scope_close) int fd = client_connect(fixture);
    for (int round = 0; round < 200; round++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, answer_later, fixture), 0);
        const char request[] = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
        client_send(fd, request, strlen(request));
        assert_status(client_read(fd, "/later"), 200);
        pthread_join(thread, NULL);
    }
}

static void test_server__survives_a_client_that_leaves_before_its_answer(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_connect(fixture);
    const char request[] = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
    client_send(fd, request, strlen(request));
    struct cf_http_request *waiting = take_waiting(fixture);
    close(fd);
    respond_echo(waiting);
    assert_status(exchange(fixture, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                  200);
}

static void test_server__drops_a_connection_without_an_answer(void **state)
{
    assert_string_equal(exchange(*state, "GET /drop HTTP/1.1\r\nHost: h\r\n\r\n"), "");
}

static void test_server__sends_one_reply_many_times(void **state)
{
    struct fixture *fixture = *state;
    struct cf_http_response response = {.status = 203, .body = CF_BYTES_LITERAL("cached")};
    struct cf_http_reply *reply = NULL;
    assert_int_equal(cf_http_reply_new(&response, &reply), CF_OK);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = client_connect(fixture);
        const char request[] = "GET /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        client_send(fds[i], request, strlen(request));
        cf_http_reply_send(take_waiting(fixture), reply);
    }
    cf_http_reply_destroy(reply);
    for (int i = 0; i < 3; i++) {
        const char *answer = client_read(fds[i], NULL);
        assert_status(answer, 203);
        assert_non_null(strstr(answer, "\r\n\r\ncached"));
        close(fds[i]);
    }
}

static void test_server__refuses_what_is_malformed_or_too_large(void **state)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {"GET /%zz HTTP/1.1\r\nHost: h\r\n", 400},
        {"GET /%0 HTTP/1.1\r\nHost: h\r\n", 400},
        {"GET /a%00b HTTP/1.1\r\nHost: h\r\n", 400},
        {"GET /?q=%G0 HTTP/1.1\r\nHost: h\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char request[512];
        snprintf(request, sizeof request, "%sConnection: close\r\n\r\n", rows[i].request);
        assert_status(exchange(*state, request), rows[i].status);
    }

    char large[30000];
    int head = snprintf(large, sizeof large, "GET / HTTP/1.1\r\nHost: h\r\nX-Large: ");
    memset(large + head, 'a', sizeof large - (size_t)head);
    memcpy(large + sizeof large - 5, "\r\n\r\n", 5);
    assert_status(exchange(*state, large), 431);

    head = snprintf(large, sizeof large,
                    "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n7d0\r\n");
    memset(large + head, 'a', 2000);
    memcpy(large + head + 2000, "\r\n0\r\n\r\n", 8);
    assert_status(exchange(*state, large), 413);

    size_t size = (size_t)snprintf(large, sizeof large, "GET /?");
    for (int i = 0; i < 200; i++)
        size += (size_t)snprintf(large + size, sizeof large - size, "a=%d&", i);
    snprintf(large + size, sizeof large - size,
             " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_status(exchange(*state, large), 400);
}

static void test_server__outlives_hostile_bytes(void **state)
{
    unsigned seed = 7;
    for (int round = 0; round < 300; round++) {
        char bytes[600];
        static const char start[] =
            "POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";
        memcpy(bytes, start, sizeof start - 1);
        for (size_t i = sizeof start - 1; i < sizeof bytes; i++)
            bytes[i] = (char)(rand_r(&seed) & 0xff);
        for (int i = 0; i < round % 7; i++) /* and a few wounds in the valid part */
            bytes[(size_t)rand_r(&seed) % sizeof start] = (char)(rand_r(&seed) & 0xff);
        CF_CLEANUP(cf_scope_close) int fd = client_connect(*state);
        client_send(fd, bytes, sizeof bytes);
        shutdown(fd, SHUT_WR);
        client_read(fd, NULL);
    }
    assert_status(exchange(*state, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
}

static void test_server__cuts_off_idle_and_dripping_clients(void **state)
{
    CF_CLEANUP(cf_scope_close) int idle = client_connect(*state);
    CF_CLEANUP(cf_scope_close) int dripping = client_connect(*state);
    const char drip[] = "GET / HTTP/1.1\r\nX-Drip: ";
    client_send(dripping, drip, strlen(drip));
    struct timeval short_while = {.tv_usec = 300000};
    setsockopt(dripping, SOL_SOCKET, SO_RCVTIMEO, &short_while, sizeof short_while);
    char byte;
    ssize_t got = -1;
    for (int i = 0; i < 40 && got < 0; i++) { /* never idle for the second that is allowed */
        client_send(dripping, "a", 1);
        got = recv(dripping, &byte, 1, 0);
        if (got < 0 && errno == ECONNRESET)
            got = 0;
    }
    assert_int_equal(got, 0);
    assert_int_equal(recv(idle, &byte, 1, 0), 0);
}

static void test_stream__carries_what_is_appended_until_it_is_closed(void **state)
{
    struct fixture *fixture = *state;
    CF_CLEANUP(cf_scope_close) int fd = client_connect(fixture);
    const char request[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
    client_send(fd, request, strlen(request));
    struct cf_http_stream *stream = take_stream(fixture);
    assert_status(client_read(fd, "hello"), 200);
    for (int i = 0; i < 50; i++) {
        char line[32];
        snprintf(line, sizeof line, "data: %d\n\n", i);
        assert_int_equal(cf_http_stream_append(stream, cf_bytes_from_text(line)), CF_OK);
        snprintf(line, sizeof line, "data: %d\n", i);
        assert_non_null(strstr(client_read(fd, line), line));
    }
    assert_int_equal(cf_http_stream_append(stream, CF_BYTES_LITERAL("last")), CF_OK);
    cf_http_stream_close(stream);
    assert_non_null(strstr(client_read(fd, "\r\n0\r\n"), "last"));
}

static void test_stream__bounds_a_slow_client_and_notices_one_that_left(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_connect(fixture);
    const char request[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
    client_send(fd, request, strlen(request));
    struct cf_http_stream *stream = take_stream(fixture);
    char block[4000];
    memset(block, 'x', sizeof block);
    enum cf_status status = CF_OK;
    while (status == CF_OK) /* until the sockets' buffers are full, too */
        status = cf_http_stream_append(stream, cf_bytes_from(block, sizeof block));
    assert_int_equal(status, CF_NO_SPACE);
    close(fd);
    while (status != CF_CLOSED)
        status = cf_http_stream_append(stream, CF_BYTES_LITERAL(":\n"));
    cf_http_stream_close(stream);
}

static void *close_server(void *context)
{
    cf_http_server_close(context);
    return NULL;
}

static void test_server__stops_cleanly_with_requests_and_streams_under_way(void **state)
{
    struct fixture *fixture = *state;
    CF_CLEANUP(cf_scope_close) int waiting = client_connect(fixture);
    const char later[] = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
    client_send(waiting, later, strlen(later));
    struct cf_http_request *request = take_waiting(fixture);
    CF_CLEANUP(cf_scope_close) int streaming = client_connect(fixture);
    const char live[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
    client_send(streaming, live, strlen(live));
    struct cf_http_stream *stream = take_stream(fixture);

    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, close_server, CF_TAKE(fixture->server)), 0);
    assert_non_null(strstr(client_read(streaming, "\r\n0\r\n"), "hello"));
    respond_echo(request);
    pthread_join(thread, NULL);
    assert_int_equal(cf_http_stream_append(stream, CF_BYTES_LITERAL("x")), CF_CLOSED);
    cf_http_stream_close(stream);
}

static void test_server__refuses_an_address_it_cannot_have(void **state)
{
    struct fixture *fixture = *state;
    struct cf_http_server_options options = {CF_HTTP_SERVER_OPTIONS_DEFAULT,
                                             .address = "no address", .handle = handle,
                                             .context = fixture};
    struct cf_http_server *server = NULL;
    struct cf_fault fault = {0};
    assert_int_equal(cf_http_server_open(&options, &server, &fault), CF_INVALID);
    options.address = "127.0.0.1";
    options.port = 1; /* taken below */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    options.port = ntohs(address.sin_port);
    assert_int_equal(cf_http_server_open(&options, &server, &fault), CF_IO);
    close(fd);
    assert_null(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server__hands_over_what_was_sent),
        cmocka_unit_test(test_server__keeps_the_connection_and_takes_pipelined_requests),
        cmocka_unit_test(test_server__lets_any_thread_answer_later),
        cmocka_unit_test(test_server__survives_a_client_that_leaves_before_its_answer),
        cmocka_unit_test(test_server__drops_a_connection_without_an_answer),
        cmocka_unit_test(test_server__sends_one_reply_many_times),
        cmocka_unit_test(test_server__refuses_what_is_malformed_or_too_large),
        cmocka_unit_test(test_server__outlives_hostile_bytes),
        cmocka_unit_test(test_server__cuts_off_idle_and_dripping_clients),
        cmocka_unit_test(test_stream__carries_what_is_appended_until_it_is_closed),
        cmocka_unit_test(test_stream__bounds_a_slow_client_and_notices_one_that_left),
        cmocka_unit_test(test_server__refuses_an_address_it_cannot_have),
        cmocka_unit_test_setup_teardown(
            test_server__stops_cleanly_with_requests_and_streams_under_way, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
