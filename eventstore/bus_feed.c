/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publisher and subscriber over nng PUB and SUB. On the wire: topic, NUL, payload; so nng's own
 * prefix match on the message is a prefix match on the topic.
 */
#include "eventstore/bus_socket.h"

#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <stdatomic.h>
#include <stdlib.h>

#define FEED_QUEUE_LENGTH 1024

struct cf_bus_publisher {
    nng_socket socket;
};

struct cf_bus_subscriber {
    nng_socket socket;
    nng_aio *aio;
    nng_msg *message; /* what the last receive lent out */
    atomic_bool interrupted;
};

enum cf_status cf_bus_publisher_open(const char *url, struct cf_bus_publisher **ret_publisher,
                                     struct cf_fault *reterr_fault)
{
    struct cf_bus_publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a publisher");
    int error = nng_pub0_open(&publisher->socket);
    if (error != 0) {
        free(publisher);
        return cf_bus__fail(reterr_fault, error, "cannot open a PUB socket", url);
    }
    enum cf_status status = CF_OK;
    error = nng_socket_set_int(publisher->socket, NNG_OPT_SENDBUF, FEED_QUEUE_LENGTH);
    if (error != 0)
        status = cf_bus__fail(reterr_fault, error, "cannot set a feed's queue", url);
    else
        status = cf_bus__listen(publisher->socket, url, 0, reterr_fault);
    if (status != CF_OK) {
        cf_bus_publisher_close(publisher);
        return status;
    }
    *ret_publisher = publisher;
    return CF_OK;
}

void cf_bus_publisher_close(struct cf_bus_publisher *publisher)
{
    if (publisher == NULL)
        return;
    cf_bus__close(publisher->socket);
    free(publisher);
}

enum cf_status cf_bus_publisher_publish(struct cf_bus_publisher *publisher, const char *topic,
                                        struct cf_bytes payload)
{
    size_t topic_size = strlen(topic) + 1;
    if (payload.size > CF_BUS_MESSAGE_SIZE_MAX ||
        topic_size > CF_BUS_MESSAGE_SIZE_MAX - payload.size)
        return CF_NO_SPACE;
    nng_msg *message;
    if (nng_msg_alloc(&message, topic_size + payload.size) != 0)
        return CF_NO_MEMORY;
    uint8_t *body = nng_msg_body(message);
    memcpy(body, topic, topic_size);
    if (payload.size > 0)
        memcpy(body + topic_size, payload.data, payload.size);
    int error = nng_sendmsg(publisher->socket, message, 0);
    if (error != 0) {
        nng_msg_free(message);
        return cf_bus__status(error);
    }
    return CF_OK;
}

enum cf_status cf_bus_subscriber_open(const char *url, struct cf_bus_subscriber **ret_subscriber,
                                      struct cf_fault *reterr_fault)
{
    struct cf_bus_subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a subscriber");
    int error = nng_sub0_open(&subscriber->socket);
    if (error != 0) {
        free(subscriber);
        return cf_bus__fail(reterr_fault, error, "cannot open a SUB socket", url);
    }
    enum cf_status status = CF_OK;
    error = nng_aio_alloc(&subscriber->aio, NULL, NULL);
    if (error == 0)
        error = nng_socket_set_int(subscriber->socket, NNG_OPT_RECVBUF, FEED_QUEUE_LENGTH);
    if (error != 0)
        status = cf_bus__fail(reterr_fault, error, "cannot set up a subscriber", url);
    else
        status = cf_bus__dial(subscriber->socket, url, 0, reterr_fault);
    if (status != CF_OK) {
        cf_bus_subscriber_close(subscriber);
        return status;
    }
    *ret_subscriber = subscriber;
    return CF_OK;
}

void cf_bus_subscriber_close(struct cf_bus_subscriber *subscriber)
{
    if (subscriber == NULL)
        return;
    cf_bus__close(subscriber->socket);
    nng_aio_free(subscriber->aio);
    nng_msg_free(subscriber->message);
    free(subscriber);
}

enum cf_status cf_bus_subscriber_subscribe(struct cf_bus_subscriber *subscriber, const char *prefix)
{
    int error = nng_socket_set(subscriber->socket, NNG_OPT_SUB_SUBSCRIBE, prefix, strlen(prefix));
    return error == 0 ? CF_OK : cf_bus__status(error);
}

enum cf_status cf_bus_subscriber_receive(struct cf_bus_subscriber *subscriber, int timeout_ms,
                                         struct cf_bus_news *ret_news)
{
    int64_t deadline_ms = cf_bus__now_ms() + timeout_ms;
    nng_msg_free(subscriber->message);
    subscriber->message = NULL;
    for (;;) {
        int64_t left_ms = deadline_ms - cf_bus__now_ms();
        if (atomic_load(&subscriber->interrupted))
            return CF_CLOSED;
        nng_aio_set_timeout(subscriber->aio, timeout_ms < 0 ? NNG_DURATION_INFINITE
                                             : left_ms < 0  ? NNG_DURATION_ZERO
                                                            : (nng_duration)left_ms);
        nng_recv_aio(subscriber->socket, subscriber->aio);
        /* An interrupt between the check above and the receive would be missed. */
        if (atomic_load(&subscriber->interrupted))
            nng_aio_cancel(subscriber->aio);
        nng_aio_wait(subscriber->aio);
        int error = nng_aio_result(subscriber->aio);
        if (error != 0)
            return cf_bus__status(error);

        nng_msg *message = nng_aio_get_msg(subscriber->aio);
        const char *body = nng_msg_body(message);
        size_t size = nng_msg_len(message);
        const char *end = size == 0 ? NULL : memchr(body, '\0', size);
        if (end == NULL) {
            nng_msg_free(message); /* not from a publisher of ours */
            continue;
        }
        subscriber->message = message;
        ret_news->topic = body;
        ret_news->payload = cf_bytes_from(end + 1, size - (size_t)(end + 1 - body));
        return CF_OK;
    }
}

void cf_bus_subscriber_interrupt(struct cf_bus_subscriber *subscriber)
{
    atomic_store(&subscriber->interrupted, true);
    nng_aio_cancel(subscriber->aio);
}
