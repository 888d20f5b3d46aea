/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd calls us three times for a request: with its target (on_target), with its headers
 * and body (on_request, repeatedly) and when it is over (on_completed). A request that the handler
 * did not answer at once is suspended; the answering thread and the polling thread settle by one
 * compare-and-swap on `phase` who of them sends it on its way.
 */
#include "api/server_internal.h"

#include "core/base/assert.h"
#include "core/base/scope.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#define QUERY_PAIR_COUNT_MAX 100
#define BODY_KEPT_SIZE                                                                             \
    ((size_t)64                                                                                    \
     << 10) /* a connection keeps this much buffer between requests                     \
                        */

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + 1;
}

/* Requests. */

const char *cf_http_request_header(const struct cf_http_request *request, const char *name)
{
    const struct cf_http_connection *connection = (const struct cf_http_connection *)request;
    return MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, name);
}

static enum cf_http_method method_of(const char *name)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum cf_http_method)i;
    }
    return CF_HTTP_OTHER;
}

static struct cf_http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

/* libmicrohttpd would decode the target for us, but guesses at broken escapes; we take it raw. */
static void *on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
    (void)context;
    struct cf_http_connection *connection = connection_of(mhd);
    if (connection == NULL)
        return NULL;
    struct cf_http_request *request = &connection->request;
    connection->body_started = false;
    connection->refusal = 0;
    if (cf_arena_copy(&connection->arena, cf_bytes_from_text(target), &request->target) != CF_OK) {
        connection->refusal = 500;
        return connection;
    }
    const uint8_t *mark = memchr(request->target.data, '?', request->target.size);
    struct cf_bytes path = request->target, query = {0};
    if (mark != NULL) {
        path.size = (size_t)(mark - request->target.data);
        query = cf_bytes_from(mark + 1, request->target.size - path.size - 1);
    }
    if (cf_percent_decode(path, false, &connection->arena, &request->path) != CF_OK ||
        cf_form_parse(query, QUERY_PAIR_COUNT_MAX, &connection->arena, &request->query) != CF_OK)
        connection->refusal = 400;
    return connection;
}

static size_t keep_escapes(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

/* Looks at the headers before any body is read. */
static void check_headers(struct cf_http_connection *connection)
{
    const char *coding = cf_http_request_header(&connection->request, "Transfer-Encoding");
    const char *length = cf_http_request_header(&connection->request, "Content-Length");
    if (coding != NULL && strcasecmp(coding, "chunked") != 0)
        connection->refusal = 501;
    else if (coding != NULL && length != NULL)
        connection->refusal = 400; /* two lengths: somebody before us may have believed the other */
    else if (length != NULL &&
             strtoull(length, NULL, 10) > connection->server->options.body_size_max)
        connection->refusal = 413;
    else if (atomic_load(&connection->server->quiescing))
        connection->refusal = 503;
}

/* Queues what the request is answered with; NO ends the connection. */
static enum MHD_Result queue(struct cf_http_connection *connection, struct cf_http_reply *reply)
{
    return reply == NULL ? MHD_NO : cf_http__reply_queue(connection->mhd, reply);
}

/* Hands a complete request to the handler. */
static enum MHD_Result dispatch(struct cf_http_connection *connection)
{
    struct cf_http_server *server = connection->server;
    if (connection->refusal != 0)
        return queue(connection, cf_http__refusal(server, connection->refusal));
    connection->request.body = cf_buf_bytes(&connection->body);
    atomic_store(&connection->waiting_since_us, 0);
    atomic_store(&connection->phase, CF_HTTP_HANDLING);
    atomic_fetch_add(&server->handling_count, 1);
    server->options.handle(server->options.context, &connection->request);
    if (atomic_load(&connection->phase) == CF_HTTP_ANSWERED)
        return queue(connection, connection->answer);
    MHD_suspend_connection(connection->mhd);
    int expected = CF_HTTP_HANDLING;
    if (!atomic_compare_exchange_strong(&connection->phase, &expected, CF_HTTP_SUSPENDED))
        MHD_resume_connection(connection->mhd); /* answered in between */
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    (void)context;
    (void)url;
    (void)version;
    struct cf_http_connection *connection = *request_context;
    if (connection == NULL)
        return MHD_NO;
    if (!connection->body_started) {
        connection->body_started = true;
        connection->mhd = mhd;
        connection->request.method = method_of(method);
        check_headers(connection);
        if (connection->refusal != 0) /* before its body, which ends the connection, too */
            return queue(connection, cf_http__refusal(connection->server, connection->refusal));
        return MHD_YES;
    }
    if (*upload_size > 0) {
        if (connection->refusal == 0 &&
            cf_buf_append(&connection->body, cf_bytes_from(upload, *upload_size)) != CF_OK)
            connection->refusal = 413;
        *upload_size = 0;
        return MHD_YES;
    }
    if (atomic_load(&connection->phase) == CF_HTTP_ANSWERED)
        return queue(connection, connection->answer);
    return dispatch(connection);
}

/* The request is over, whether it was answered or not: makes the connection ready for the next. */
static void on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)mhd;
    (void)code;
    struct cf_http_connection *connection = *request_context;
    if (connection == NULL)
        return;
    cf_http__reply_release(CF_TAKE(connection->answer));
    cf_arena_reset(&connection->arena);
    if (connection->body.capacity > BODY_KEPT_SIZE)
        cf_buf_clean_up(&connection->body);
    cf_buf_clear(&connection->body);
    atomic_store(&connection->phase, CF_HTTP_RECEIVING);
    atomic_store(&connection->waiting_since_us, monotonic_us());
}

/* Connections. */

static void remember_peer(struct cf_http_connection *connection, const struct sockaddr *address)
{
    struct sockaddr_in6 *peer = &connection->request.peer;
    if (address->sa_family == AF_INET6) {
        memcpy(peer, address, sizeof *peer);
        return;
    }
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    *peer = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
    peer->sin6_addr.s6_addr[10] = peer->sin6_addr.s6_addr[11] = 0xff;
    memcpy(&peer->sin6_addr.s6_addr[12], &v4.sin_addr, sizeof v4.sin_addr);
}

static void connection_begin(struct cf_http_server *server, struct MHD_Connection *mhd,
                             void **socket_context)
{
    struct cf_http_connection *connection = calloc(1, sizeof *connection);
    *socket_context = connection;
    if (connection == NULL)
        return; /* on_request ends the connection */
    connection->server = server;
    connection->mhd = mhd;
    cf_arena_init(&connection->arena, server->options.header_size_max * 8 + (1 << 20));
    cf_buf_init(&connection->body, server->options.body_size_max);
    connection->request.arena = &connection->arena;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    remember_peer(connection,
                  MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    atomic_store(&connection->waiting_since_us, monotonic_us());
    atomic_fetch_add(&server->connection_count, 1);
    pthread_mutex_lock(&server->mutex);
    connection->next = server->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    server->connections = connection;
    pthread_mutex_unlock(&server->mutex);
}

static void connection_end(struct cf_http_connection *connection)
{
    struct cf_http_server *server = connection->server;
    pthread_mutex_lock(&server->mutex);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    pthread_mutex_unlock(&server->mutex);
    atomic_fetch_sub(&server->connection_count, 1);
    cf_http__reply_release(connection->answer);
    cf_arena_clean_up(&connection->arena);
    cf_buf_clean_up(&connection->body);
    free(connection);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        connection_begin(context, mhd, socket_context);
    else if (*socket_context != NULL)
        connection_end(CF_TAKE(*socket_context));
}

/* Once a second: cuts off clients that drip their request, which the idle timeout does not catch.
 */
static void *reap(void *context)
{
    struct cf_http_server *server = context;
    int64_t patience_us = (int64_t)server->options.idle_timeout_s * 2 * 1000000;
    pthread_mutex_lock(&server->mutex);
    while (!server->stopping) {
        int64_t now_us = monotonic_us();
        for (struct cf_http_connection *c = server->connections; c != NULL; c = c->next) {
            int64_t since_us = atomic_load(&c->waiting_since_us);
            if (since_us != 0 && now_us - since_us > patience_us)
                shutdown(c->fd, SHUT_RDWR);
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        pthread_cond_timedwait(&server->idle, &server->mutex, &until);
    }
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

/* The server. */

static enum cf_status parse_address(const char *text, uint16_t port,
                                    struct sockaddr_storage *ret_address, bool *ret_v6,
                                    struct cf_fault *reterr_fault)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(ret_address, 0, sizeof *ret_address);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(ret_address, &v4, sizeof v4);
        *ret_v6 = false;
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(ret_address, &v6, sizeof v6);
        *ret_v6 = true;
    } else {
        CF_FAIL_ON(reterr_fault, CF_INVALID, "not an IP address to listen on", "%s", text);
    }
    return CF_OK;
}

static enum cf_status start_daemon(struct cf_http_server *server, struct cf_fault *reterr_fault)
{
    const struct cf_http_server_options *options = &server->options;
    struct sockaddr_storage address;
    bool v6;
    CF_TRY(parse_address(options->address, options->port, &address, &v6, reterr_fault));
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->thread_count, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    errno = 0;
    server->daemon = MHD_start_daemon(
        flags | (v6 ? MHD_USE_IPv6 : 0U), options->port, NULL, NULL, on_request, server,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        NULL, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        options->header_size_max, MHD_OPTION_CONNECTION_LIMIT, options->connection_count_max,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s, MHD_OPTION_LISTENING_ADDRESS_REUSE,
        1U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        options->thread_count > 1 ? MHD_OPTION_ARRAY : MHD_OPTION_END, pool, MHD_OPTION_END);
    if (server->daemon == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot listen", "%s port %u: %s", options->address,
                   options->port, strerror(errno));
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = info->port;
    return CF_OK;
}

enum cf_status cf_http_server_open(const struct cf_http_server_options *options,
                                   struct cf_http_server **ret_server,
                                   struct cf_fault *reterr_fault)
{
    struct cf_http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "an HTTP server");
    server->options = *options;
    if (options->thread_count == 0)
        server->options.thread_count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->idle, NULL);
    enum cf_status status = cf_http__refusals_open(server);
    if (status == CF_OK)
        status = start_daemon(server, reterr_fault);
    else
        cf_fault_set(reterr_fault, status, __FILE__, __LINE__, "an HTTP server");
    if (status == CF_OK) {
        server->reaper_started = pthread_create(&server->reaper, NULL, reap, server) == 0;
        if (!server->reaper_started)
            status = cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "cannot start a thread");
    }
    server->options.address = NULL; /* was borrowed */
    if (status != CF_OK) {
        cf_http_server_close(server);
        return status;
    }
    *ret_server = server;
    return CF_OK;
}

uint16_t cf_http_server_port(const struct cf_http_server *server)
{
    return server->port;
}

unsigned cf_http_server_connection_count(const struct cf_http_server *server)
{
    return atomic_load(&server->connection_count);
}

void cf_http_server_quiesce(struct cf_http_server *server)
{
    if (atomic_exchange(&server->quiescing, true))
        return;
    int listener = MHD_quiesce_daemon(server->daemon);
    if (listener >= 0)
        close(listener);
    cf_http__streams_end(server);
}

void cf_http_server_close(struct cf_http_server *server)
{
    if (server == NULL)
        return;
    if (server->daemon != NULL) {
        cf_http_server_quiesce(server);
        pthread_mutex_lock(&server->mutex);
        while (atomic_load(&server->handling_count) > 0)
            pthread_cond_wait(&server->idle, &server->mutex);
        pthread_mutex_unlock(&server->mutex);
        /* A request that was being handled may have become a stream. */
        cf_http__streams_end(server);
        MHD_stop_daemon(server->daemon);
    }
    if (server->reaper_started) {
        pthread_mutex_lock(&server->mutex);
        server->stopping = true;
        pthread_cond_broadcast(&server->idle);
        pthread_mutex_unlock(&server->mutex);
        pthread_join(server->reaper, NULL);
    }
    cf_http__refusals_close(server);
    pthread_cond_destroy(&server->idle);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}
