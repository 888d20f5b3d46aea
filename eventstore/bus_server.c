/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serving end of request and reply. One thread accepts, reads requests and sends what sockets
 * did not take at once; whoever replies writes to the socket itself. A request goes
 *
 *   FREE -> WAITING (in the queue) -> TAKEN -> FREE
 *
 * Nobody's appetite disturbs the others: a peer is read from only while it has taken all its
 * replies and has fewer than CF_BUS_CALLS_MAX requests here, and all of them only while a request
 * is free. What they send beyond waits in their sockets.
 */
#include "eventstore/bus_connection.h"
#include "eventstore/bus_private.h"

#include "core/base/assert.h"
#include "core/base/scope.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* At most this many connections; more wait to be accepted. */
#define PEERS_MAX 1024
#define BACKLOG 128

/* How long to accept nobody when the process has no descriptor left. */
#define ACCEPT_PAUSE_MS 100

/* A request's buffer that grew past this is given back. */
#define KEEP_SIZE ((size_t)64 * 1024)

enum request_state { REQUEST_FREE, REQUEST_WAITING, REQUEST_TAKEN };

struct peer {
    struct cf_bus__connection connection; /* fd -1: gone, and freed with its last request */
    size_t request_count;                 /* WAITING or TAKEN */
    bool broken;                          /* the connection is of no use any more */
};

struct cf_bus_request {
    struct cf_bus_server *server;
    struct cf_bus_request *next; /* in the queue or in the list of free requests */
    struct peer *peer;           /* unless FREE */
    uint32_t number;             /* at the peer */
    struct cf_buf bytes;
    enum request_state state;
};

struct cf_bus_server {
    struct sockaddr_un address;
    int listen_fd; /* the thread's; -1 once it was stopped */
    int wake_fd;
    pthread_t thread;
    bool thread_started;
    int64_t accept_at_ms; /* the thread's */
    size_t turn;          /* the thread's */
    pthread_mutex_t lock; /* of everything below, but the connections' inward halves */
    pthread_cond_t queued;
    struct cf_bus_request *queue_first, *queue_last;
    struct cf_bus_request *free_requests;
    bool stopped;
    int64_t closes_at_ms; /* 0: not closing */
    struct peer *peers[PEERS_MAX];
    size_t peers_count;
    size_t requests_count;
    struct cf_bus_request requests[];
};

/* ---- Requests; each of these is called under the lock ---- */

static void queue_append(struct cf_bus_server *server, struct cf_bus_request *request)
{
    request->next = NULL;
    if (server->queue_first == NULL)
        server->queue_first = request;
    else
        server->queue_last->next = request;
    server->queue_last = request;
    pthread_cond_signal(&server->queued);
}

static struct cf_bus_request *queue_remove_first(struct cf_bus_server *server)
{
    struct cf_bus_request *request = server->queue_first;
    CF_ASSERT(request != NULL && request->state == REQUEST_WAITING);
    server->queue_first = request->next;
    return request;
}

static bool peer_is_readable(const struct cf_bus_server *server, const struct peer *peer)
{
    return !server->stopped && server->free_requests != NULL && !peer->broken &&
           peer->request_count < CF_BUS_CALLS_MAX &&
           !cf_bus__connection_has_unsent(&peer->connection);
}

static void request_end(struct cf_bus_request *request)
{
    struct cf_bus_server *server = request->server;
    struct peer *peer = request->peer;
    bool wake = server->free_requests == NULL || peer->request_count == CF_BUS_CALLS_MAX ||
                peer->broken || cf_bus__connection_has_unsent(&peer->connection);
    if (request->bytes.capacity > KEEP_SIZE)
        cf_buf_clean_up(&request->bytes);
    cf_buf_clear(&request->bytes);
    peer->request_count--;
    request->peer = NULL;
    request->state = REQUEST_FREE;
    request->next = server->free_requests;
    server->free_requests = request;
    if (wake)
        cf_bus__wake(server->wake_fd);
}

/* Queues what the peer has sent, as far as there is room. */
static void peer_take_requests(struct cf_bus_server *server, struct peer *peer)
{
    uint32_t number = 0;
    struct cf_bytes content;
    while (peer_is_readable(server, peer)) {
        enum cf_status status = cf_bus__connection_next(&peer->connection, &number, &content);
        if (status == CF_RETRY)
            return;
        struct cf_bus_request *request = server->free_requests;
        if (status != CF_OK || cf_buf_append(&request->bytes, content) != CF_OK) {
            peer->broken = true;
            return;
        }
        server->free_requests = request->next;
        request->peer = peer;
        request->number = number;
        request->state = REQUEST_WAITING;
        peer->request_count++;
        queue_append(server, request);
    }
}

/* ---- The thread; each of these is called under the lock ---- */

static void accept_peer(struct cf_bus_server *server)
{
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct peer *peer = fd < 0 ? NULL : calloc(1, sizeof *peer);
    if (peer == NULL) {
        if (fd >= 0)
            close(fd);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED))
            server->accept_at_ms = cf_bus__now_ms() + ACCEPT_PAUSE_MS;
        return;
    }
    cf_bus__connection_init(&peer->connection, fd, CF_BUS__REP);
    server->peers[server->peers_count++] = peer;
}

static void peer_receive(struct cf_bus_server *server, struct peer *peer)
{
    pthread_mutex_unlock(&server->lock);
    enum cf_status status = cf_bus__connection_receive(&peer->connection);
    pthread_mutex_lock(&server->lock);
    if (status == CF_OK)
        peer_take_requests(server, peer);
    else if (status != CF_RETRY)
        peer->broken = true;
}

/* Closes what is broken; frees what no request needs any more. */
static void remove_peers(struct cf_bus_server *server)
{
    size_t kept = 0;
    for (size_t i = 0; i < server->peers_count; i++) {
        struct peer *peer = server->peers[i];
        if (peer->broken)
            cf_bus__connection_close(&peer->connection);
        if (peer->broken && peer->request_count == 0)
            free(peer);
        else
            server->peers[kept++] = peer;
    }
    server->peers_count = kept;
}

static void stop_listening(struct cf_bus_server *server)
{
    if (server->listen_fd < 0)
        return;
    unlink(server->address.sun_path);
    close(server->listen_fd);
    server->listen_fd = -1;
}

static bool has_unsent(const struct cf_bus_server *server)
{
    for (size_t i = 0; i < server->peers_count; i++) {
        if (cf_bus__connection_has_unsent(&server->peers[i]->connection))
            return true;
    }
    return false;
}

/* Sleeps until something is to be done; the first places are the wake and the listening socket. */
static void server_sleep(struct cf_bus_server *server, struct pollfd fds[PEERS_MAX + 2])
{
    int64_t until_ms = server->closes_at_ms > 0 ? server->closes_at_ms : CF_BUS_FOREVER;
    bool accepts = server->peers_count < PEERS_MAX;
    if (accepts && server->accept_at_ms > cf_bus__now_ms()) {
        accepts = false;
        until_ms = server->accept_at_ms;
    }
    fds[0] = (struct pollfd){.fd = server->wake_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = accepts ? server->listen_fd : -1, .events = POLLIN};
    for (size_t i = 0; i < server->peers_count; i++) {
        struct peer *peer = server->peers[i];
        short events = peer_is_readable(server, peer) ? POLLIN : 0;
        if (cf_bus__connection_has_unsent(&peer->connection))
            events |= POLLOUT;
        /* A gone peer that is not read from would wake us again and again. */
        fds[2 + i] =
            (struct pollfd){.fd = events == 0 ? -1 : peer->connection.fd, .events = events};
    }
    nfds_t count = 2 + server->peers_count;
    pthread_mutex_unlock(&server->lock);
    int ready = poll(fds, count, cf_bus__poll_timeout(until_ms));
    pthread_mutex_lock(&server->lock);
    for (nfds_t i = 0; ready < 0 && i < count; i++)
        fds[i].revents = 0;
}

static void server_turn(struct cf_bus_server *server, struct pollfd fds[PEERS_MAX + 2])
{
    size_t peers_count = server->peers_count; /* those that fds tells of */
    if (server->stopped)
        stop_listening(server);
    if (fds[0].revents != 0)
        cf_bus__wake_heard(server->wake_fd);
    server->turn++; /* each peer is the first to find a free request, in its turn */
    for (size_t n = 0; n < peers_count; n++) {
        size_t i = (server->turn + n) % peers_count;
        struct peer *peer = server->peers[i];
        short events = fds[2 + i].revents;
        if ((events & POLLOUT) != 0)
            cf_bus__connection_flush(&peer->connection);
        if ((events & ~POLLOUT) != 0)
            peer_receive(server, peer);
        else
            peer_take_requests(server, peer);
    }
    if (fds[1].revents != 0 && server->listen_fd >= 0)
        accept_peer(server);
    remove_peers(server);
}

static bool has_ended(const struct cf_bus_server *server)
{
    return server->closes_at_ms > 0 &&
           (!has_unsent(server) || cf_bus__now_ms() >= server->closes_at_ms);
}

static void *server_run(void *argument)
{
    struct cf_bus_server *server = argument;
    struct pollfd fds[PEERS_MAX + 2];
    pthread_mutex_lock(&server->lock);
    while (!has_ended(server)) {
        server_sleep(server, fds);
        server_turn(server, fds);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* ---- What the users call ---- */

enum cf_status cf_bus_server_take(struct cf_bus_server *server,
                                  struct cf_bus_request **ret_requests, size_t count_max,
                                  int timeout_ms, size_t *ret_count)
{
    CF_ASSERT(count_max > 0);
    int64_t deadline_ms = cf_bus__deadline(timeout_ms);
    bool in_time = true;
    size_t count = 0;
    pthread_mutex_lock(&server->lock);
    while (server->queue_first == NULL && !server->stopped && in_time)
        in_time = cf_bus__wait(&server->queued, &server->lock, deadline_ms);
    for (; server->queue_first != NULL && count < count_max; count++) {
        ret_requests[count] = queue_remove_first(server);
        ret_requests[count]->state = REQUEST_TAKEN;
    }
    if (server->queue_first != NULL)
        pthread_cond_signal(&server->queued);
    bool stopped = server->stopped;
    pthread_mutex_unlock(&server->lock);
    if (count == 0)
        return stopped ? CF_CLOSED : CF_TIMEOUT;
    *ret_count = count;
    return CF_OK;
}

struct cf_bytes cf_bus_request_bytes(const struct cf_bus_request *request)
{
    return cf_buf_bytes(&request->bytes);
}

enum cf_status cf_bus_request_reply(struct cf_bus_request *request, struct cf_bytes reply)
{
    struct cf_bus_server *server = request->server;
    struct peer *peer = request->peer;
    enum cf_status status = reply.size > CF_BUS_MESSAGE_SIZE_MAX ? CF_NO_SPACE : CF_OK;
    pthread_mutex_lock(&server->lock);
    CF_ASSERT(request->state == REQUEST_TAKEN);
    if (status == CF_OK && !peer->broken) {
        status = cf_bus__connection_send(&peer->connection, request->number, reply);
        peer->broken = status != CF_OK;
    }
    request_end(request);
    pthread_mutex_unlock(&server->lock);
    return status;
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

/* Removes the socket that a process left behind when it died. */
static enum cf_status clear_place(const struct sockaddr_un *address, const char *url,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot make a socket", "%s: %m", url);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "somebody listens there already", "%s", url);
    if (errno == ECONNREFUSED)
        unlink(address->sun_path);
    return CF_OK;
}

static enum cf_status server_listen(struct cf_bus_server *server, const char *url,
                                    struct cf_fault *reterr_fault)
{
    CF_TRY(cf_bus__check_folder(&server->address, reterr_fault));
    CF_TRY(clear_place(&server->address, url, reterr_fault));
    CF_CLEANUP(cf_scope_close)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&server->address, sizeof server->address) != 0 ||
        chmod(server->address.sun_path, S_IRUSR | S_IWUSR) != 0 || listen(fd, BACKLOG) != 0)
        CF_FAIL_ON(reterr_fault, errno == EADDRINUSE ? CF_CONFLICT : CF_IO, "cannot listen",
                   "%s: %m", url);
    server->listen_fd = fd;
    fd = -1;
    return CF_OK;
}

static enum cf_status server_start(struct cf_bus_server *server, const char *url,
                                   struct cf_fault *reterr_fault)
{
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->wake_fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot start a bus server", "%s: %m", url);
    CF_TRY(server_listen(server, url, reterr_fault));
    if (cf_bus__thread(&server->thread, server_run, server) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a bus server's thread");
    server->thread_started = true;
    return CF_OK;
}

enum cf_status cf_bus_server_open(const char *url, size_t requests_max,
                                  struct cf_bus_server **ret_server, struct cf_fault *reterr_fault)
{
    CF_ASSERT(requests_max > 0);
    struct sockaddr_un address;
    CF_TRY(cf_bus__address(url, &address, reterr_fault));
    struct cf_bus_server *server =
        calloc(1, sizeof *server + requests_max * sizeof server->requests[0]);
    if (server == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a bus server");
    server->address = address;
    server->listen_fd = -1;
    pthread_mutex_init(&server->lock, NULL);
    cf_bus__condition_init(&server->queued);
    server->requests_count = requests_max;
    for (size_t i = requests_max; i-- > 0;) {
        struct cf_bus_request *request = &server->requests[i];
        request->server = server;
        cf_buf_init(&request->bytes, CF_BUS_MESSAGE_SIZE_MAX);
        request->next = server->free_requests;
        server->free_requests = request;
    }
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
    pthread_cond_broadcast(&server->queued);
    cf_bus__wake(server->wake_fd);
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
        CF_ASSERT(server->requests[i].state == REQUEST_FREE);
    server->closes_at_ms = cf_bus__now_ms() + CF_BUS_REPLY_TIMEOUT_MS;
    pthread_mutex_unlock(&server->lock);
    if (server->thread_started) {
        cf_bus__wake(server->wake_fd);
        pthread_join(server->thread, NULL);
    }
    stop_listening(server);
    for (size_t i = 0; i < server->peers_count; i++) {
        cf_bus__connection_close(&server->peers[i]->connection);
        free(server->peers[i]);
    }
    for (size_t i = 0; i < server->requests_count; i++)
        cf_buf_clean_up(&server->requests[i].bytes);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    pthread_cond_destroy(&server->queued);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
