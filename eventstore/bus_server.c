/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One nng REP socket with requests_max contexts, each of which is one cf_bus_request:
 *
 *   RECEIVING -> WAITING (in the queue) -> TAKEN -> SENDING -> RECEIVING
 *
 * A context that sends a reply to a peer that does not read waits. So that such peers cannot keep
 * the contexts that others need, a reply has CF_BUS_REPLY_TIMEOUT_MS, and a peer at most
 * CF_BUS_CALLS_MAX requests between WAITING and the end of SENDING; past either, its connection is
 * closed.
 */
#include "eventstore/bus_socket.h"

#include "core/base/assert.h"

#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* So many slow peers are remembered beside the peers that have requests under way. */
#define SLOW_PEERS_MAX 64

enum request_state {
    REQUEST_IDLE, /* receives no more: the server was stopped */
    REQUEST_RECEIVING,
    REQUEST_WAITING,
    REQUEST_TAKEN,
    REQUEST_SENDING,
};

/* A connection with requests under way, or with a reply that timed out. Otherwise the slot is free.
 */
struct peer {
    int pipe_id;
    bool slow;
    size_t request_count; /* between WAITING and the end of SENDING */
};

struct cf_bus_request {
    struct cf_bus_server *server;
    struct cf_bus_request *next; /* in the queue */
    nng_ctx context;
    nng_aio *aio;
    nng_msg *message;  /* the request, while WAITING or TAKEN */
    struct peer *peer; /* from WAITING to the end of SENDING */
    enum request_state state;
};

struct cf_bus_server {
    nng_socket socket;
    bool socket_open;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct cf_bus_request *queue_first, *queue_last;
    size_t active_count; /* requests that are not IDLE */
    bool stopped;
    struct peer *peers; /* peers_max slots, of which those behind peers_used were never used */
    size_t peers_max, peers_used;
    size_t requests_count;
    struct cf_bus_request requests[];
};

/* ---- The life of a request; each of these is called under the lock ---- */

static void request_receive(struct cf_bus_request *request)
{
    struct cf_bus_server *server = request->server;
    if (server->stopped) {
        request->state = REQUEST_IDLE;
        server->active_count--;
        pthread_cond_broadcast(&server->changed);
        return;
    }
    request->state = REQUEST_RECEIVING;
    nng_aio_set_timeout(request->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(request->context, request->aio);
}

static void queue_append(struct cf_bus_server *server, struct cf_bus_request *request)
{
    request->next = NULL;
    if (server->queue_first == NULL)
        server->queue_first = request;
    else
        server->queue_last->next = request;
    server->queue_last = request;
    pthread_cond_signal(&server->changed);
}

static struct cf_bus_request *queue_remove_first(struct cf_bus_server *server)
{
    struct cf_bus_request *request = server->queue_first;
    CF_ASSERT(request != NULL && request->state == REQUEST_WAITING);
    server->queue_first = request->next;
    return request;
}

static void request_end(struct cf_bus_request *request)
{
    nng_msg_free(request->message);
    request->message = NULL;
    request->peer->request_count--;
    request_receive(request);
}

/* The peer's slot. There is always one to spare: fewer than peers_max peers have requests. */
static struct peer *peer_of(struct cf_bus_server *server, int pipe_id)
{
    struct peer *unused = NULL;
    for (size_t i = 0; i < server->peers_used; i++) {
        struct peer *peer = &server->peers[i];
        if (peer->pipe_id == pipe_id)
            return peer;
        if (peer->request_count == 0 && (unused == NULL || !peer->slow))
            unused = peer;
    }
    bool fresh = unused == NULL || unused->slow;
    if (fresh && server->peers_used < server->peers_max)
        unused = &server->peers[server->peers_used++];
    CF_ASSERT(unused != NULL);
    *unused = (struct peer){.pipe_id = pipe_id};
    return unused;
}

static void request_arrived(struct cf_bus_request *request)
{
    struct cf_bus_server *server = request->server;
    if (nng_aio_result(request->aio) != 0) {
        /* We were stopped, or nng had no memory: the next receive tells. */
        request_receive(request);
        return;
    }
    request->message = nng_aio_get_msg(request->aio);
    request->peer = peer_of(server, nng_pipe_id(nng_msg_get_pipe(request->message)));
    size_t count_max = request->peer->slow ? 1 : CF_BUS_CALLS_MAX;
    request->peer->request_count++;
    if (request->peer->request_count > count_max) {
        request_end(request);
        return;
    }
    request->state = REQUEST_WAITING;
    queue_append(server, request);
}

static void request_sent(struct cf_bus_request *request)
{
    int error = nng_aio_result(request->aio);
    if (error != 0)
        nng_msg_free(nng_aio_get_msg(request->aio));
    request->peer->slow = error == NNG_ETIMEDOUT;
    request->peer->request_count--;
    request_receive(request);
}

/* Runs on one of nng's threads whenever a request's receive or send has ended. */
static void request_advance(void *argument)
{
    struct cf_bus_request *request = argument;
    struct cf_bus_server *server = request->server;
    pthread_mutex_lock(&server->lock);
    CF_ASSERT(request->state == REQUEST_RECEIVING || request->state == REQUEST_SENDING);
    if (request->state == REQUEST_RECEIVING)
        request_arrived(request);
    else
        request_sent(request);
    pthread_mutex_unlock(&server->lock);
}

/* ---- What the users call ---- */

enum cf_status cf_bus_server_take(struct cf_bus_server *server,
                                  struct cf_bus_request **ret_requests, size_t count_max,
                                  int timeout_ms, size_t *ret_count)
{
    CF_ASSERT(count_max > 0);
    int64_t deadline_ms = cf_bus__now_ms() + timeout_ms;
    struct timespec until = {.tv_sec = deadline_ms / 1000,
                             .tv_nsec = (deadline_ms % 1000) * 1000000};
    enum cf_status status = CF_OK;
    size_t count = 0;
    pthread_mutex_lock(&server->lock);
    while (server->queue_first == NULL && status == CF_OK) {
        if (server->stopped)
            status = CF_CLOSED;
        else if (timeout_ms < 0)
            pthread_cond_wait(&server->changed, &server->lock);
        else if (pthread_cond_timedwait(&server->changed, &server->lock, &until) != 0)
            status = server->queue_first == NULL ? CF_TIMEOUT : CF_OK;
    }
    for (; server->queue_first != NULL && count < count_max; count++) {
        ret_requests[count] = queue_remove_first(server);
        ret_requests[count]->state = REQUEST_TAKEN;
    }
    if (server->queue_first != NULL)
        pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->lock);
    if (count > 0) {
        *ret_count = count;
        return CF_OK;
    }
    return status;
}

struct cf_bytes cf_bus_request_bytes(const struct cf_bus_request *request)
{
    return cf_bytes_from(nng_msg_body(request->message), nng_msg_len(request->message));
}

enum cf_status cf_bus_request_reply(struct cf_bus_request *request, struct cf_bytes reply)
{
    nng_msg *message = NULL;
    enum cf_status status = cf_bus__message(reply, &message);
    if (status != CF_OK) {
        cf_bus_request_drop(request);
        return status;
    }
    struct cf_bus_server *server = request->server;
    pthread_mutex_lock(&server->lock);
    CF_ASSERT(request->state == REQUEST_TAKEN);
    nng_msg_free(request->message);
    request->message = NULL;
    request->state = REQUEST_SENDING;
    nng_aio_set_timeout(request->aio, CF_BUS_REPLY_TIMEOUT_MS);
    nng_aio_set_msg(request->aio, message);
    nng_ctx_send(request->context, request->aio);
    pthread_mutex_unlock(&server->lock);
    return CF_OK;
}

void cf_bus_request_drop(struct cf_bus_request *request)
{
    struct cf_bus_server *server = request->server;
    pthread_mutex_lock(&server->lock);
    CF_ASSERT(request->state == REQUEST_TAKEN);
    request_end(request);
    pthread_mutex_unlock(&server->lock);
}

/* ---- Opening and closing ---- */

static int open_request(struct cf_bus_server *server, struct cf_bus_request *request)
{
    request->server = server;
    int error = nng_aio_alloc(&request->aio, request_advance, request);
    if (error == 0)
        error = nng_ctx_open(&request->context, server->socket);
    return error;
}

static enum cf_status server_start(struct cf_bus_server *server, const char *url,
                                   struct cf_fault *reterr_fault)
{
    if (server->peers == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a bus server");
    int error = nng_rep0_open(&server->socket);
    server->socket_open = error == 0;
    for (size_t i = 0; error == 0 && i < server->requests_count; i++)
        error = open_request(server, &server->requests[i]);
    if (error != 0)
        return cf_bus__fail(reterr_fault, error, "cannot open a REP socket", url);
    CF_TRY(cf_bus__listen(server->socket, url, CF_BUS_REQUEST_HEADER_SIZE, reterr_fault));
    pthread_mutex_lock(&server->lock);
    server->active_count = server->requests_count;
    for (size_t i = 0; i < server->requests_count; i++)
        request_receive(&server->requests[i]);
    pthread_mutex_unlock(&server->lock);
    return CF_OK;
}

enum cf_status cf_bus_server_open(const char *url, size_t requests_max,
                                  struct cf_bus_server **ret_server, struct cf_fault *reterr_fault)
{
    CF_ASSERT(requests_max > 0 && requests_max < 1u << 16);
    struct cf_bus_server *server =
        calloc(1, sizeof *server + requests_max * sizeof server->requests[0]);
    if (server == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a bus server");
    server->requests_count = requests_max;
    server->peers_max = requests_max + SLOW_PEERS_MAX;
    server->peers = calloc(server->peers_max, sizeof server->peers[0]);
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);

    enum cf_status status = server_start(server, url, reterr_fault);
    if (status != CF_OK) {
        cf_bus_server_close(server);
        return status;
    }
    *ret_server = server;
    return CF_OK;
}

void cf_bus_server_stop(struct cf_bus_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stopped = true;
    pthread_cond_broadcast(&server->changed);
    /* A canceled receive comes back through request_advance, which sees that we are stopped. Its
     * callback waits for the lock, so canceling under it cannot meet a context in another state. */
    for (size_t i = 0; i < server->requests_count; i++) {
        if (server->requests[i].state == REQUEST_RECEIVING)
            nng_aio_cancel(server->requests[i].aio);
    }
    pthread_mutex_unlock(&server->lock);
}

void cf_bus_server_close(struct cf_bus_server *server)
{
    if (server == NULL)
        return;
    cf_bus_server_stop(server);
    pthread_mutex_lock(&server->lock);
    while (server->queue_first != NULL)
        request_end(queue_remove_first(server));
    for (size_t i = 0; i < server->requests_count; i++)
        CF_ASSERT(server->requests[i].state != REQUEST_TAKEN);
    while (server->active_count > 0)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);

    /* Contexts first, when nng has no thread left in them: closing a socket around one can wait for
     * ever (nng 1.5.2). */
    for (size_t i = 0; i < server->requests_count; i++) {
        nng_aio_free(server->requests[i].aio); /* waits until the completion has left our code */
        nng_ctx_close(server->requests[i].context);
    }
    if (server->socket_open)
        cf_bus__close(server->socket);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server->peers);
    free(server);
}
