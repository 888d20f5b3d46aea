/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: any number of viewers of a campaign are served with one query; who comes back after a break gets the
 * present totals at once. (The tenth of the well-known mistakes, payments.md section 1.) Shown: over real
 * sockets, with a counted query and a feed that never says anything, so that totals are read again by time.
 */
#include "api/live.h"
#include "core/base/scope.h"
#include "tests/support/cmocka.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

#define VIEWERS 40

static const struct cf_id campaign_id = {{1, 2, 3}};

struct fixture {
    struct cf_live *live;
    struct cf_http_server *server;
    atomic_int pledged;
    atomic_int queries;
};

static enum cf_status read_totals(void *context, const struct cf_id *id, struct cf_buf *ret_json)
{
    struct fixture *fixture = context;
    assert_true(cf_id_equal(*id, campaign_id));
    atomic_fetch_add(&fixture->queries, 1);
    return cf_buf_append_format(ret_json, "{\"pledged\":%d}", atomic_load(&fixture->pledged));
}

static void hear(void *context, const char *topic)
{
    (void)context;
    (void)topic;
}

static void watch(void *context, struct cf_http_request *request)
{
    struct fixture *fixture = context;
    assert_int_equal(cf_live_watch(fixture->live, request, &campaign_id, 1), CF_OK);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    struct cf_fault fault = {0};
    const struct cf_live_options live = {
        .feed_url = "ipc:///nowhere/feed", .read = read_totals, .hear = hear, .context = &fixture};
    struct cf_http_server_options server = {CF_HTTP_SERVER_OPTIONS_DEFAULT, .address = "127.0.0.1",
                                            .thread_count = 2, .handle = watch,
                                            .context = &fixture};
    assert_int_equal(cf_live_open(&live, &fixture.live, &fault), CF_OK);
    assert_int_equal(cf_http_server_open(&server, &fixture.server, &fault), CF_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_live_close(fixture->live);
    cf_http_server_close(fixture->server);
    return 0;
}

/* A viewer; `more` is further header lines. */
static int view(struct fixture *fixture, const char *more)
{
    char request[200];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(cf_http_server_port(fixture->server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = 30};
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int size =
        snprintf(request, sizeof request, "GET /progress HTTP/1.1\r\nHost: h\r\n%s\r\n", more);
    assert_int_equal(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
    return fd;
}

static void assert_sees(int fd, const char *wanted)
{
    char text[1 << 14];
    size_t size = 0;
    text[0] = '\0';
    while (strstr(text, wanted) == NULL) {
        ssize_t got = recv(fd, text + size, sizeof text - 1 - size, 0);
        if (got <= 0)
            fail_msg("waited in vain for %s after \"%s\"", wanted, text);
        size += (size_t)got;
        text[size] = '\0';
    }
}

static void test_live__mistake_10_one_query_serves_all_viewers_and_whoever_comes_back(void **state)
{
    struct fixture *fixture = *state;
    int viewers[VIEWERS];
    atomic_store(&fixture->pledged, 100);
    for (int i = 0; i < VIEWERS; i++)
        viewers[i] = view(fixture, "");
    for (int i = 0; i < VIEWERS; i++)
        assert_sees(viewers[i], "{\"pledged\":100}");
    close(viewers[0]);
    atomic_store(&fixture->pledged, 200);
    for (int i = 1; i < VIEWERS; i++)
        assert_sees(viewers[i], "{\"pledged\":200}");
    viewers[0] = view(fixture, "Last-Event-ID: 1\r\n");
    assert_sees(viewers[0], "{\"pledged\":200}");
    assert_in_range(atomic_load(&fixture->queries), 2, VIEWERS / 4);
    for (int i = 0; i < VIEWERS; i++)
        close(viewers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live__mistake_10_one_query_serves_all_viewers_and_whoever_comes_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
