/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subscriber: a SUB of our own, without a thread. It connects, reads and drops what it did not
 * subscribe to while it receives; what comes meanwhile waits in its socket and at the publisher.
 */
#include "eventstore/bus_connection.h"
#include "eventstore/bus_private.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PREFIXES_SIZE_MAX ((size_t)64 * 1024)

/* How long a close waits for a publisher's greeting; it comes at once unless the publisher is stuck. */
#define GREETING_TIMEOUT_MS 1000

struct cf_bus_subscriber {
    struct cf_bus__dial dial;
    struct cf_bus__connection connection; /* fd -1: not connected */
    struct cf_buf prefixes;               /* each ends with NUL */
    int wake_fd;
    atomic_bool interrupted;
};

static void connect_when_due(struct cf_bus_subscriber *subscriber)
{
    if (subscriber->connection.fd >= 0 || cf_bus__now_ms() < subscriber->dial.at_ms)
        return;
    int fd = cf_bus__dial(&subscriber->dial);
    if (fd >= 0)
        cf_bus__connection_init(&subscriber->connection, fd, CF_BUS__SUB);
}

static void disconnect(struct cf_bus_subscriber *subscriber)
{
    cf_bus__connection_close(&subscriber->connection);
    cf_bus__dial_again(&subscriber->dial);
}

/* nng 1.5.2 listens no more, for anybody, after a peer that left before it was greeted. */
static void await_greeting(struct cf_bus_subscriber *subscriber)
{
    struct cf_bus__connection *connection = &subscriber->connection;
    struct pollfd in = {.fd = connection->fd, .events = POLLIN};
    if (connection->fd >= 0 && !connection->greeted && poll(&in, 1, GREETING_TIMEOUT_MS) > 0)
        (void)cf_bus__connection_receive(connection); /* unread bytes would reset the connection */
}

static bool is_subscribed(const struct cf_bus_subscriber *subscriber, const char *topic)
{
    const char *prefix = (const char *)subscriber->prefixes.data;
    const char *end = prefix + subscriber->prefixes.size;
    for (; prefix < end; prefix += strlen(prefix) + 1) {
        if (strncmp(topic, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

/* The next message that has come and is subscribed to. RETRY when there is none. */
static enum cf_status next_news(struct cf_bus_subscriber *subscriber, struct cf_bus_news *ret_news)
{
    uint32_t number;
    struct cf_bytes content;
    enum cf_status status;
    while ((status = cf_bus__connection_next(&subscriber->connection, &number, &content)) ==
           CF_OK) {
        const char *topic = (const char *)content.data;
        const uint8_t *end = memchr(content.data, '\0', content.size);
        if (end == NULL || !is_subscribed(subscriber, topic))
            continue; /* without NUL it is from no publisher of ours */
        *ret_news = (struct cf_bus_news){
            .topic = topic,
            .payload = cf_bytes_from(end + 1, content.size - (size_t)(end + 1 - content.data))};
        return CF_OK;
    }
    if (status != CF_RETRY)
        disconnect(subscriber);
    return CF_RETRY;
}

/* Reads what has come. False when that was nothing. */
static bool read_some(struct cf_bus_subscriber *subscriber)
{
    connect_when_due(subscriber);
    if (subscriber->connection.fd < 0)
        return false;
    enum cf_status status = cf_bus__connection_receive(&subscriber->connection);
    if (status != CF_OK && status != CF_RETRY)
        disconnect(subscriber);
    return status == CF_OK;
}

static void wait_for_more(struct cf_bus_subscriber *subscriber, int64_t deadline_ms)
{
    int fd = subscriber->connection.fd;
    int64_t until_ms = deadline_ms;
    if (fd < 0 && (deadline_ms == CF_BUS_FOREVER || subscriber->dial.at_ms < deadline_ms))
        until_ms = subscriber->dial.at_ms;
    struct pollfd fds[2] = {{.fd = subscriber->wake_fd, .events = POLLIN},
                            {.fd = fd, .events = POLLIN}};
    (void)poll(fds, 2, cf_bus__poll_timeout(until_ms)); /* the caller looks what has changed */
}

enum cf_status cf_bus_subscriber_receive(struct cf_bus_subscriber *subscriber, int timeout_ms,
                                         struct cf_bus_news *ret_news)
{
    int64_t deadline_ms = cf_bus__deadline(timeout_ms);
    for (bool looked = false;; looked = true) {
        if (atomic_load(&subscriber->interrupted))
            return CF_CLOSED;
        if (next_news(subscriber, ret_news) == CF_OK)
            return CF_OK;
        if (looked && deadline_ms != CF_BUS_FOREVER && cf_bus__now_ms() >= deadline_ms)
            return CF_TIMEOUT;
        if (!read_some(subscriber))
            wait_for_more(subscriber, deadline_ms);
    }
}

void cf_bus_subscriber_interrupt(struct cf_bus_subscriber *subscriber)
{
    atomic_store(&subscriber->interrupted, true);
    cf_bus__wake(subscriber->wake_fd);
}

enum cf_status cf_bus_subscriber_subscribe(struct cf_bus_subscriber *subscriber, const char *prefix)
{
    return cf_buf_append(&subscriber->prefixes, cf_bytes_from(prefix, strlen(prefix) + 1));
}

enum cf_status cf_bus_subscriber_open(const char *url, struct cf_bus_subscriber **ret_subscriber,
                                      struct cf_fault *reterr_fault)
{
    struct sockaddr_un address;
    CF_TRY(cf_bus__address(url, &address, reterr_fault));
    struct cf_bus_subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a subscriber");
    cf_bus__dial_init(&subscriber->dial, &address);
    subscriber->connection.fd = -1;
    cf_buf_init(&subscriber->prefixes, PREFIXES_SIZE_MAX);
    subscriber->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (subscriber->wake_fd < 0) {
        cf_bus_subscriber_close(subscriber);
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot start a subscriber", "%s: %m", url);
    }
    connect_when_due(subscriber);
    *ret_subscriber = subscriber;
    return CF_OK;
}

void cf_bus_subscriber_close(struct cf_bus_subscriber *subscriber)
{
    if (subscriber == NULL)
        return;
    await_greeting(subscriber);
    cf_bus__connection_close(&subscriber->connection);
    cf_buf_clean_up(&subscriber->prefixes);
    if (subscriber->wake_fd >= 0)
        close(subscriber->wake_fd);
    free(subscriber);
}
