/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publisher and subscriber over nng PUB and SUB. On the wire: topic, NUL, payload; so nng's own
 * prefix match on the message is a prefix match on the topic.
 */
#include "eventstore/bus_private.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FEED_QUEUE_LENGTH 1024

/* How soon a lost connection is tried again: at once, then slower while nobody listens. */
#define RECONNECT_MIN_MS 5
#define RECONNECT_MAX_MS 200

/* How long nng may take to close a socket; it takes less than a millisecond unless it hangs. */
#define CLOSE_TIMEOUT_MS 2000
#define CLOSE_AGAIN_TIMEOUT_MS 50

struct cf_bus_publisher {
    nng_socket socket;
};

struct cf_bus_subscriber {
    nng_socket socket;
    nng_aio *aio;
    nng_msg *message; /* what the last receive lent out */
    atomic_bool interrupted;
};

/* ---- nng ---- */

static enum cf_status status_of(int error)
{
    switch (error) {
    case NNG_ENOMEM:
        return CF_NO_MEMORY;
    case NNG_ETIMEDOUT:
        return CF_TIMEOUT;
    case NNG_ECLOSED:
    case NNG_ECANCELED:
    case NNG_ECONNRESET:
    case NNG_ECONNABORTED:
    case NNG_ECONNSHUT:
        return CF_CLOSED;
    case NNG_EADDRINUSE:
        return CF_CONFLICT;
    case NNG_EINVAL:
    case NNG_EADDRINVAL:
    case NNG_ENOTSUP:
        return CF_INVALID;
    case NNG_EPERM:
        return CF_DENIED;
    case NNG_EMSGSIZE:
        return CF_NO_SPACE;
    default:
        return CF_IO;
    }
}

static enum cf_status fail(struct cf_fault *reterr_fault, int error, const char *text,
                           const char *url)
{
    CF_FAIL_ON(reterr_fault, status_of(error), text, "%s: %s", url, nng_strerror(error));
}

static enum cf_status feed_listen(nng_socket socket, const char *url, struct cf_fault *reterr_fault)
{
    struct sockaddr_un address;
    CF_TRY(cf_bus__address(url, &address, reterr_fault));
    CF_TRY(cf_bus__check_folder(&address, reterr_fault));
    nng_listener listener;
    int error = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, CF_BUS_MESSAGE_SIZE_MAX);
    if (error == 0)
        error = nng_listener_create(&listener, socket, url);
    if (error == 0)
        error = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, S_IRUSR | S_IWUSR);
    if (error == 0)
        error = nng_listener_start(listener, 0);
    if (error != 0)
        return fail(reterr_fault, error, "cannot listen", url);
    return CF_OK;
}

static enum cf_status feed_dial(nng_socket socket, const char *url, struct cf_fault *reterr_fault)
{
    int error = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, CF_BUS_MESSAGE_SIZE_MAX);
    if (error == 0)
        error = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
    if (error == 0)
        error = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
    if (error == 0)
        error = nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK);
    if (error != 0)
        return fail(reterr_fault, error, "cannot dial", url);
    return CF_OK;
}

/* A close that runs in a thread of its own. Whoever is last frees it. */
struct closing {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    nng_socket socket;
    bool closed;
    bool abandoned;
};

static void closing_free(struct closing *closing)
{
    pthread_cond_destroy(&closing->changed);
    pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *closing_run(void *argument)
{
    struct closing *closing = argument;
    nng_close(closing->socket);
    pthread_mutex_lock(&closing->lock);
    closing->closed = true;
    bool abandoned = closing->abandoned;
    pthread_cond_signal(&closing->changed);
    pthread_mutex_unlock(&closing->lock);
    if (abandoned)
        closing_free(closing);
    return NULL;
}

/*
 * nng 1.5.2 loses an operation when it closes a connection on which bytes are just arriving, and
 * then nng_close never returns. That must not keep a process from stopping, so such a socket is
 * given up. What got stuck then is nng's one thread that ends connections, so the closes after it
 * have little hope and are given little time.
 */
static void feed_close(nng_socket socket)
{
    pthread_t thread;
    struct closing *closing = calloc(1, sizeof *closing);
    if (closing == NULL) {
        nng_close(socket);
        return;
    }
    pthread_mutex_init(&closing->lock, NULL);
    cf_bus__condition_init(&closing->changed);
    closing->socket = socket;
    if (pthread_create(&thread, NULL, closing_run, closing) != 0) {
        nng_close(socket);
        closing_free(closing);
        return;
    }

    static atomic_bool gave_up;
    int64_t deadline_ms =
        cf_bus__deadline(atomic_load(&gave_up) ? CLOSE_AGAIN_TIMEOUT_MS : CLOSE_TIMEOUT_MS);
    bool in_time = true;
    pthread_mutex_lock(&closing->lock);
    while (!closing->closed && in_time)
        in_time = cf_bus__wait(&closing->changed, &closing->lock, deadline_ms);
    closing->abandoned = !closing->closed;
    bool abandoned = closing->abandoned;
    pthread_mutex_unlock(&closing->lock);
    if (abandoned) {
        atomic_store(&gave_up, true);
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    closing_free(closing);
}

/* ---- What the users call ---- */

enum cf_status cf_bus_publisher_open(const char *url, struct cf_bus_publisher **ret_publisher,
                                     struct cf_fault *reterr_fault)
{
    struct cf_bus_publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a publisher");
    int error = nng_pub0_open(&publisher->socket);
    if (error != 0) {
        free(publisher);
        return fail(reterr_fault, error, "cannot open a PUB socket", url);
    }
    enum cf_status status = CF_OK;
    error = nng_socket_set_int(publisher->socket, NNG_OPT_SENDBUF, FEED_QUEUE_LENGTH);
    if (error != 0)
        status = fail(reterr_fault, error, "cannot set a feed's queue", url);
    else
        status = feed_listen(publisher->socket, url, reterr_fault);
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
    feed_close(publisher->socket);
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
        return status_of(error);
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
        return fail(reterr_fault, error, "cannot open a SUB socket", url);
    }
    enum cf_status status = CF_OK;
    error = nng_aio_alloc(&subscriber->aio, NULL, NULL);
    if (error == 0)
        error = nng_socket_set_int(subscriber->socket, NNG_OPT_RECVBUF, FEED_QUEUE_LENGTH);
    if (error != 0)
        status = fail(reterr_fault, error, "cannot set up a subscriber", url);
    else
        status = feed_dial(subscriber->socket, url, reterr_fault);
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
    feed_close(subscriber->socket);
    nng_aio_free(subscriber->aio);
    nng_msg_free(subscriber->message);
    free(subscriber);
}

enum cf_status cf_bus_subscriber_subscribe(struct cf_bus_subscriber *subscriber, const char *prefix)
{
    int error = nng_socket_set(subscriber->socket, NNG_OPT_SUB_SUBSCRIBE, prefix, strlen(prefix));
    return error == 0 ? CF_OK : status_of(error);
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
            return status_of(error);

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
