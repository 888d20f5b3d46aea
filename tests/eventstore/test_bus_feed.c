/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: news come by topic; a subscriber that never reads slows nobody, one that was interrupted
 * ends, one whose publisher went away or talks nonsense connects again. Shown: with publishers and
 * subscribers on real sockets, and a hand-made publisher.
 */
#include "eventstore/bus.h"

#include "tests/support/cmocka.h"
#include "tests/support/socket_place.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20000

struct publishing {
    struct cf_bus_publisher *publisher;
    atomic_bool enough;
};

static void *publish_until_enough(void *argument)
{
    struct publishing *publishing = argument;
    while (!atomic_load(&publishing->enough)) {
        assert_int_equal(
            cf_bus_publisher_publish(publishing->publisher, "campaign.7", CF_BYTES_LITERAL("a\0b")),
            CF_OK);
        assert_int_equal(
            cf_bus_publisher_publish(publishing->publisher, "creator.7", CF_BYTES_LITERAL("c")),
            CF_OK);
        assert_int_equal(
            cf_bus_publisher_publish(publishing->publisher, "campaign.8", cf_bytes_from(NULL, 0)),
            CF_OK);
    }
    return NULL;
}

static void test_feed__delivers_the_topics_that_begin_with_the_prefix(void **state)
{
    struct place *place = *state;
    struct publishing publishing = {0};
    struct cf_bus_subscriber *subscriber;
    struct cf_bus_news news;
    assert_int_equal(cf_bus_subscriber_open(place->url, &subscriber, NULL), CF_OK);
    assert_int_equal(cf_bus_subscriber_subscribe(subscriber, "campaign."), CF_OK);
    assert_int_equal(cf_bus_subscriber_receive(subscriber, 10, &news), CF_TIMEOUT);
    assert_int_equal(cf_bus_publisher_open(place->url, &publishing.publisher, NULL), CF_OK);
    pthread_t thread;
    pthread_create(&thread, NULL, publish_until_enough, &publishing);
    int seven = 0, eight = 0;
    while (seven < 100 || eight < 100) {
        assert_int_equal(cf_bus_subscriber_receive(subscriber, PATIENCE_MS, &news), CF_OK);
        if (strcmp(news.topic, "campaign.7") == 0) {
            assert_true(cf_bytes_equal(news.payload, CF_BYTES_LITERAL("a\0b")));
            seven++;
        } else {
            assert_string_equal(news.topic, "campaign.8");
            assert_int_equal(news.payload.size, 0);
            eight++;
        }
    }
    atomic_store(&publishing.enough, true);
    pthread_join(thread, NULL);
    cf_bus_subscriber_close(subscriber);
    cf_bus_publisher_close(publishing.publisher);
}

static void *receive_until_interrupted(void *argument)
{
    struct cf_bus_news news;
    assert_int_equal(cf_bus_subscriber_receive(argument, CF_BUS_FOREVER, &news), CF_CLOSED);
    return NULL;
}

static void test_feed__an_interrupt_ends_the_receive_for_good(void **state)
{
    struct place *place = *state;
    struct cf_bus_subscriber *subscriber;
    pthread_t thread;
    for (int round = 0; round < 50; round++) {
        assert_int_equal(cf_bus_subscriber_open(place->url, &subscriber, NULL), CF_OK);
        pthread_create(&thread, NULL, receive_until_interrupted, subscriber);
        cf_bus_subscriber_interrupt(subscriber);
        pthread_join(thread, NULL);
        cf_bus_subscriber_close(subscriber);
    }
}

static void test_feed__a_subscriber_that_never_reads_does_not_slow_the_publisher(void **state)
{
    struct place *place = *state;
    struct cf_bus_publisher *publisher;
    struct cf_bus_subscriber *subscriber;
    static uint8_t payload[4096];
    struct cf_bus_news news;
    assert_int_equal(cf_bus_publisher_open(place->url, &publisher, NULL), CF_OK);
    assert_int_equal(cf_bus_subscriber_open(place->url, &subscriber, NULL), CF_OK);
    assert_int_equal(cf_bus_subscriber_subscribe(subscriber, ""), CF_OK);
    do
        assert_int_equal(cf_bus_publisher_publish(publisher, "t", cf_bytes_from(payload, 8)),
                         CF_OK);
    while (cf_bus_subscriber_receive(subscriber, 1, &news) == CF_TIMEOUT);
    /* 80 MB, far more than all queues hold: it is dropped, and publish returns each time. */
    for (int i = 0; i < 20000; i++)
        assert_int_equal(
            cf_bus_publisher_publish(publisher, "t", cf_bytes_from(payload, sizeof payload)),
            CF_OK);
    cf_bus_subscriber_close(subscriber);
    cf_bus_publisher_close(publisher);
}

/* Hears of the topic "t" until a message with this payload comes. */
static void hear_until(struct cf_bus_subscriber *subscriber, struct cf_bus_publisher *publisher,
                       struct cf_bytes payload)
{
    struct cf_bus_news news = {0};
    do {
        assert_int_equal(cf_bus_publisher_publish(publisher, "t", payload), CF_OK);
    } while (cf_bus_subscriber_receive(subscriber, 1, &news) != CF_OK ||
             !cf_bytes_equal(news.payload, payload));
}

static void test_feed__a_subscriber_comes_back_to_a_publisher_that_was_away(void **state)
{
    struct place *place = *state;
    struct cf_bus_publisher *publisher;
    struct cf_bus_subscriber *subscriber;
    assert_int_equal(cf_bus_subscriber_open(place->url, &subscriber, NULL), CF_OK);
    assert_int_equal(cf_bus_subscriber_subscribe(subscriber, "t"), CF_OK);
    for (uint8_t life = 1; life <= 3; life++) {
        assert_int_equal(cf_bus_publisher_open(place->url, &publisher, NULL), CF_OK);
        hear_until(subscriber, publisher, cf_bytes_from(&life, 1));
        cf_bus_publisher_close(publisher);
    }
    cf_bus_subscriber_close(subscriber);
}

/* How many descriptors this process has open. */
static int descriptor_count(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_feed__subscribers_that_leave_at_once_leave_nothing_behind(void **state)
{
    struct place *place = *state;
    struct cf_bus_publisher *publisher;
    struct cf_bus_subscriber *subscriber;
    assert_int_equal(cf_bus_publisher_open(place->url, &publisher, NULL), CF_OK);
    int before = descriptor_count();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(cf_bus_subscriber_open(place->url, &subscriber, NULL), CF_OK);
        cf_bus_subscriber_close(subscriber);
    }
    while (descriptor_count() > before)
        sched_yield();
    assert_int_equal(cf_bus_subscriber_open(place->url, &subscriber, NULL), CF_OK);
    assert_int_equal(cf_bus_subscriber_subscribe(subscriber, "t"), CF_OK);
    hear_until(subscriber, publisher, CF_BYTES_LITERAL("still"));
    cf_bus_subscriber_close(subscriber);
    cf_bus_publisher_close(publisher);
}

static void test_feed__a_publisher_that_talks_nonsense_is_left(void **state)
{
    static const uint8_t greeting[] = {0, 'S', 'P', 0, 0, 0x20, 0, 0};
    const struct cf_bytes nonsense[] = {
        CF_BYTES_LITERAL("HTTP/1.1 400 Bad Request\r\n\r\n"),
        CF_BYTES_LITERAL("\0SP\0\0\x30\0\0"),                   /* a REQ's greeting */
        CF_BYTES_LITERAL("\0SP\0\0\x20\0\0\2"),                 /* no message */
        CF_BYTES_LITERAL("\0SP\0\0\x20\0\0\1\1\0\0\0\0\0\0\0"), /* too large a one */
    };
    struct place *place = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", place->path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    struct cf_bus_subscriber *subscriber;
    struct cf_bus_news news;
    assert_int_equal(cf_bus_subscriber_open(place->url, &subscriber, NULL), CF_OK);
    assert_int_equal(cf_bus_subscriber_subscribe(subscriber, ""), CF_OK);
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        int fd = accept(listener, NULL, NULL);
        assert_true(send(fd, nonsense[i].data, nonsense[i].size, MSG_NOSIGNAL) > 0);
        struct pollfd left = {.fd = fd, .events = POLLRDHUP};
        while (poll(&left, 1, 0) == 0)
            assert_int_equal(cf_bus_subscriber_receive(subscriber, 1, &news), CF_TIMEOUT);
        close(fd);
        /* It connects again. */
        left.fd = listener, left.events = POLLIN;
        while (poll(&left, 1, 0) == 0)
            assert_int_equal(cf_bus_subscriber_receive(subscriber, 1, &news), CF_TIMEOUT);
    }
    int fd = accept(listener, NULL, NULL);
    static const uint8_t frames[] = {1, 0, 0, 0, 0, 0, 0, 0, 0,                 /* empty */
                                     1, 0, 0, 0, 0, 0, 0, 0, 2, 't', 't',       /* no NUL */
                                     1, 0, 0, 0, 0, 0, 0, 0, 3, 't', 0,   '!'}; /* right */
    assert_true(send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) > 0);
    for (size_t i = 0; i < sizeof frames; i++) {
        assert_int_equal(send(fd, frames + i, 1, MSG_NOSIGNAL), 1);
        if (i + 1 < sizeof frames)
            assert_int_equal(cf_bus_subscriber_receive(subscriber, 0, &news), CF_TIMEOUT);
    }
    assert_int_equal(cf_bus_subscriber_receive(subscriber, PATIENCE_MS, &news), CF_OK);
    assert_string_equal(news.topic, "t");
    assert_true(cf_bytes_equal(news.payload, CF_BYTES_LITERAL("!")));
    close(fd);
    close(listener);
    cf_bus_subscriber_close(subscriber);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_feed__delivers_the_topics_that_begin_with_the_prefix),
        TEST(test_feed__an_interrupt_ends_the_receive_for_good),
        TEST(test_feed__a_subscriber_comes_back_to_a_publisher_that_was_away),
        TEST(test_feed__subscribers_that_leave_at_once_leave_nothing_behind),
        TEST(test_feed__a_publisher_that_talks_nonsense_is_left),
        TEST(test_feed__a_subscriber_that_never_reads_does_not_slow_the_publisher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
