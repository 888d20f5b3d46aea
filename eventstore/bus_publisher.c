/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publisher is nng's PUB. A message is topic, NUL, payload; so the prefix match of nng's own
 * SUB, on the message, is a prefix match on the topic.
 */
#include "eventstore/bus_private.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#define QUEUE_LENGTH 1024

/* How long nng may take to close a socket; it takes less than a millisecond unless it hangs. */
#define CLOSE_TIMEOUT_MS 2000
#define CLOSE_AGAIN_TIMEOUT_MS 50

struct cf_bus_publisher {
    nng_socket socket;
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

static enum cf_status publisher_listen(nng_socket socket, const char *url,
                                       struct cf_fault *reterr_fault)
{
    struct sockaddr_un address;
    CF_TRY(cf_bus__address(url, &address, reterr_fault));
    CF_TRY(cf_bus__check_folder(&address, reterr_fault));
    nng_listener listener;
    int error = nng_listener_create(&listener, socket, url);
    if (error == 0)
        error = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, S_IRUSR | S_IWUSR);
    if (error == 0)
        error = nng_listener_start(listener, 0);
    if (error != 0)
        return fail(reterr_fault, error, "cannot listen", url);
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
 * nng 1.5.2 loses the send under way when a subscriber goes while its socket took part of a message,
 * and then nng_close never returns. That must not keep a process from stopping, so such a socket is
 * given up. What got stuck then is nng's one thread that ends connections, so the closes after it
 * have little hope and are given little time.
 */
static void socket_close(nng_socket socket)
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
    error = nng_socket_set_int(publisher->socket, NNG_OPT_SENDBUF, QUEUE_LENGTH);
    if (error != 0)
        status = fail(reterr_fault, error, "cannot set a publisher's queue", url);
    else
        status = publisher_listen(publisher->socket, url, reterr_fault);
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
    socket_close(publisher->socket);
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
