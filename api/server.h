/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_SERVER_H
#define CF_API_SERVER_H

/*
 * HTTP server: the only door to libmicrohttpd, used by the API and by the payment sandbox.
 *
 * A pool of threads polls the sockets. For each complete request one of them calls the handler,
 * which must see to it that cf_http_respond, cf_http_reply_send or cf_http_stream_open is called
 * exactly once, before it returns or later from any thread; a request that waits holds no thread.
 * The request and all its bytes live until that call. The server refuses by itself what is
 * malformed (400), too large (413, 431), unreadable (501), or arrives while it stops (503).
 *
 * A client that sends nothing for idle_timeout_s is cut off, as is one that drips: a whole request
 * has to arrive within twice that time after the connection was ready for it.
 */

#include "api/form.h"

#include <netinet/in.h>

enum cf_http_method {
    CF_HTTP_GET,
    CF_HTTP_HEAD,
    CF_HTTP_POST,
    CF_HTTP_PUT,
    CF_HTTP_PATCH,
    CF_HTTP_DELETE,
    CF_HTTP_OPTIONS,
    CF_HTTP_OTHER,
};

struct cf_http_request {
    enum cf_http_method method;
    struct cf_bytes path;     /* percent-decoded, without the query; a NUL behind; no NUL inside */
    struct cf_bytes target;   /* as sent: path and query */
    struct cf_form query;     /* decoded pairs; at most 100 */
    struct cf_bytes body;     /* as sent */
    struct sockaddr_in6 peer; /* the client; IPv4 as a mapped address */
    struct cf_arena *arena;   /* memory that lives as long as the request; for the handler's use */
};

struct cf_http_header {
    const char *name;
    const char *value;
};

struct cf_http_response {
    unsigned status;
    const struct cf_http_header *headers; /* borrowed during the call */
    size_t header_count;
    struct cf_bytes body; /* copied during the call */
};

typedef void cf_http_handle_fn(void *context, struct cf_http_request *request);

struct cf_http_server_options {
    const char *address;   /* "127.0.0.1", "::1", …; borrowed during the call */
    uint16_t port;         /* 0 takes a free one */
    unsigned thread_count; /* 0 takes one per processor */
    unsigned connection_count_max;
    size_t header_size_max; /* request line and headers; also the room for a response's headers */
    size_t body_size_max;
    unsigned idle_timeout_s;
    cf_http_handle_fn *handle; /* called from several threads at once */
    void *context;             /* handed to handle; must outlive the server */
    /* What the server says, as JSON, when it refuses by itself; static. NULL takes problem details. */
    const char *(*refusal_body)(unsigned status);
};

/* Sensible numbers for everything but address, port and handler. */
#define CF_HTTP_SERVER_OPTIONS_DEFAULT                                                             \
    .connection_count_max = 20000, .header_size_max = 16 << 10, .body_size_max = 1 << 20,          \
    .idle_timeout_s = 30

struct cf_http_server;

/* Listens and serves. IO when the address cannot be had, INVALID when it is none. */
CF_MUST_CHECK enum cf_status cf_http_server_open(const struct cf_http_server_options *options,
                                                 struct cf_http_server **ret_server,
                                                 struct cf_fault *reterr_fault);

/* The port that it listens on. */
uint16_t cf_http_server_port(const struct cf_http_server *server);

/* Connections open now. */
unsigned cf_http_server_connection_count(const struct cf_http_server *server);

/* First half of stopping: no new connections, new requests get 503, streams end after what they
 * hold. */
void cf_http_server_quiesce(struct cf_http_server *server);

/* Quiesces, waits until every request that the handler took has been answered, closes all. Accepts
 * NULL. Streams that are still owned stay valid (closed) until their owners close them. */
void cf_http_server_close(struct cf_http_server *server);

/* The header's value, or NULL; the name in any case; borrowed until the request is answered. */
const char *cf_http_request_header(const struct cf_http_request *request, const char *name);

/* Answers the request; ends its life. */
void cf_http_respond(struct cf_http_request *request, const struct cf_http_response *response);

/* Closes the connection without an answer; ends the request's life. */
void cf_http_drop(struct cf_http_request *request);

/*
 * Replies: a response that is made once and sent many times, for pages and cached bodies.
 * Immutable; owned by whoever made it; destroying one that is being sent is fine.
 */
struct cf_http_reply;

CF_MUST_CHECK enum cf_status cf_http_reply_new(const struct cf_http_response *response,
                                               struct cf_http_reply **ret_reply);
void cf_http_reply_destroy(struct cf_http_reply *reply);

/* Answers the request; ends the request's life, not the reply's. */
void cf_http_reply_send(struct cf_http_request *request, struct cf_http_reply *reply);

/*
 * Streams: a response whose body another thread appends to (server-sent events). What was appended
 * and not yet sent waits in a buffer with a maximum. A client that went away is only noticed when
 * something is sent to it, so the owner pings: append, now and then, something that the client
 * ignores.
 */
struct cf_http_stream;

/* Answers the request with status and headers and keeps the body open; ends the request's life. The
 * caller owns the stream and must close it. */
CF_MUST_CHECK enum cf_status cf_http_stream_open(struct cf_http_request *request,
                                                 const struct cf_http_response *response,
                                                 size_t buffer_size_max,
                                                 struct cf_http_stream **ret_stream);

/* Queues bytes for the client; any thread. NO_SPACE when the client is too slow (nothing was
 * queued), CLOSED when it is gone or the server stops. */
CF_MUST_CHECK enum cf_status cf_http_stream_append(struct cf_http_stream *stream,
                                                   struct cf_bytes bytes);

/* Ends the body after what was queued, and the owner's hold on the stream. Accepts NULL. */
void cf_http_stream_close(struct cf_http_stream *stream);

#endif
