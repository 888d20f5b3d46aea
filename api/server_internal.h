/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_SERVER_INTERNAL_H
#define CF_API_SERVER_INTERNAL_H

/*
 * What server.c and server_stream.c share. Nobody else includes this.
 *
 * Locks: the server's mutex (lists), then a stream's, then libmicrohttpd's own; never the other
 * way.
 */

#include "api/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* Where a request stands between the thread that polls and the thread that answers. */
enum cf_http_phase {
    CF_HTTP_RECEIVING, /* the handler has not seen it */
    CF_HTTP_HANDLING,  /* the handler has it, and the polling thread is still in the handler's call
                        */
    CF_HTTP_SUSPENDED, /* the handler has it, the connection sleeps */
    CF_HTTP_ANSWERED,  /* `answer` is set */
};

/* One per connection; its request is reused for each request on it. */
struct cf_http_connection {
    struct cf_http_request request; /* first, so that one leads to the other */
    struct cf_http_server *server;
    struct MHD_Connection *mhd;
    struct cf_http_connection *previous, *next; /* in the server's list; under its mutex */
    struct cf_arena arena;
    struct cf_buf body;
    unsigned refusal;             /* answer this status instead of asking the handler; 0 = none */
    bool body_started;            /* the headers have been looked at */
    _Atomic int phase;            /* enum cf_http_phase */
    struct cf_http_reply *answer; /* held until it is queued */
    _Atomic int64_t waiting_since_us; /* monotonic; for a request to be complete; 0 while handled */
    int fd;
};

struct cf_http_server {
    struct cf_http_server_options options;
    struct MHD_Daemon *daemon;
    struct cf_http_reply *refusals[8];
    uint16_t port;
    pthread_mutex_t mutex;
    pthread_cond_t idle; /* handling_count reached 0, or stopping */
    pthread_t reaper;
    bool reaper_started;
    bool stopping; /* under mutex: the reaper has to end */
    _Atomic bool quiescing;
    _Atomic unsigned handling_count; /* requests that the handler took and has not answered */
    _Atomic unsigned connection_count;
    struct cf_http_connection *connections; /* under mutex */
    struct cf_http_stream *streams;         /* under mutex */
};

/* A reply around a response, which it takes (NULL too), with the status and headers of `head`. NULL
 * when memory is out or a header is not one. */
struct cf_http_reply *cf_http__reply_around(struct MHD_Response *response,
                                            const struct cf_http_response *head);

/* Answers with a reply, whose reference it takes; NULL ends the connection. */
void cf_http__answer(struct cf_http_request *request, struct cf_http_reply *reply);

/* Lets a hold on a reply go; accepts NULL. */
void cf_http__reply_release(struct cf_http_reply *reply);
enum MHD_Result cf_http__reply_queue(struct MHD_Connection *mhd, struct cf_http_reply *reply);

/* What the server refuses by itself: made with it, one reply a status. */
enum cf_status cf_http__refusals_open(struct cf_http_server *server);
void cf_http__refusals_close(struct cf_http_server *server);
struct cf_http_reply *cf_http__refusal(struct cf_http_server *server, unsigned status);

/* Ends all streams: what they hold is still sent. */
void cf_http__streams_end(struct cf_http_server *server);

#endif
