/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_BUS_H
#define CF_EVENTSTORE_BUS_H

/*
 * The bus: how Coffer's processes talk. The only door to nng.
 *
 *   server + client        request and reply, many at a time, replied to in any order
 *   publisher + subscriber news for whoever listens, by topic
 *
 * On the wire they are nng's REQ, REP, PUB and SUB. The publisher is nng's; the others are sockets
 * of our own (bus_connection.h says why).
 *
 * URLs are ipc:///path/of/a/socket. A server's or publisher's socket is 0600, and its folder must
 * be closed to other users (DENIED otherwise): whoever can connect speaks for its actors.
 *
 * A message's content is at most CF_BUS_MESSAGE_SIZE_MAX bytes, in both directions. A peer that
 * sends more, or bytes that are no message at all, loses its connection, and nobody else notices.
 *
 * Nothing here survives fork(): open after it. Every object may be used from many threads, except
 * that nobody may use it while or after it is closed.
 */

#include "core/base/bytes.h"

#define CF_BUS_MESSAGE_SIZE_MAX ((size_t)1024 * 1024)

/* At most this many calls of one client wait at a time; a server reads no more from a peer that has
 * so many requests there, or replies that it has not taken. So peers that do not read disturb
 * nobody. */
#define CF_BUS_CALLS_MAX 128

/* How long a server that closes waits for peers that do not read. */
#define CF_BUS_REPLY_TIMEOUT_MS 1000

/* Wait without end. */
#define CF_BUS_FOREVER (-1)

/* ---- Server ---- */

/*
 * Collects requests. A consumer takes all that wait in one go (group commit), or several workers
 * take one each. Each request is replied to or dropped, once, by any thread, in any order.
 */
struct cf_bus_server;

/* One request that was taken; it is the taker's until cf_bus_request_reply or cf_bus_request_drop.
 */
struct cf_bus_request;

/* Listens. At most requests_max requests are held; what comes then waits in its sender's process.
 * CONFLICT when somebody listens there already, DENIED for an open folder, INVALID, IO, NO_MEMORY.
 */
CF_MUST_CHECK enum cf_status cf_bus_server_open(const char *url, size_t requests_max,
                                                struct cf_bus_server **ret_server,
                                                struct cf_fault *reterr_fault);

/* Takes what waits, oldest first, at most count_max. Waits up to timeout_ms for the first one.
 * TIMEOUT, or CLOSED when the server was stopped and nothing waits any more. */
CF_MUST_CHECK enum cf_status cf_bus_server_take(struct cf_bus_server *server,
                                                struct cf_bus_request **ret_requests,
                                                size_t count_max, int timeout_ms,
                                                size_t *ret_count);

/* Accepts nothing from now on. What was accepted can still be taken and replied to. Thread-safe,
 * and may be called again. */
void cf_bus_server_stop(struct cf_bus_server *server);

/* Stops, drops what nobody took, hands out the replies (waiting at most CF_BUS_REPLY_TIMEOUT_MS for
 * peers that do not read) and frees. Every taken request must have been replied to or dropped.
 * Accepts NULL. */
void cf_bus_server_close(struct cf_bus_server *server);

/* The request's bytes; borrowed until it is replied to or dropped. */
struct cf_bytes cf_bus_request_bytes(const struct cf_bus_request *request);

/* Replies; copies the bytes, ends the request even on failure, never waits. OK means that the reply
 * was handed on; its peer may be gone. NO_SPACE for more than a message holds, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_bus_request_reply(struct cf_bus_request *request,
                                                  struct cf_bytes reply);

/* Ends the request without a reply. The caller at the other end runs into its timeout. */
void cf_bus_request_drop(struct cf_bus_request *request);

/* ---- Client ---- */

/*
 * Calls a server. Connects in the background, and again whenever the connection breaks.
 *
 * A request is sent at most once, since it may change something. So each failure says what is
 * known:
 *   RETRY    it was never sent (nobody listens, or too many calls wait): calling again is safe
 *   TIMEOUT  it was sent, no reply in time: it may or may not have been done
 *   CLOSED   the connection broke after it was sent, or this client is closing: likewise
 *   NO_SPACE it is larger than a message
 */
struct cf_bus_client;

/* Starts connecting; OK even when nobody listens yet. INVALID for a bad URL, IO, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_bus_client_open(const char *url, struct cf_bus_client **ret_client,
                                                struct cf_fault *reterr_fault);

/* Fails the calls that wait with CLOSED, lets them return, frees. Accepts NULL. */
void cf_bus_client_close(struct cf_bus_client *client);

/* Calls and waits, all in all at most timeout_ms. The reply replaces ret_reply's content. */
CF_MUST_CHECK enum cf_status cf_bus_client_call(struct cf_bus_client *client,
                                                struct cf_bytes request, int timeout_ms,
                                                struct cf_buf *ret_reply,
                                                struct cf_fault *reterr_fault);

/* Gets the answer to a started call, once: the reply (borrowed for this call) or a status as above.
 * Runs on the client's own thread: must not wait, and must not close the client. */
typedef void cf_bus_answer_fn(void *context, enum cf_status status, struct cf_bytes reply);

/* Calls without waiting. RETRY when CF_BUS_CALLS_MAX calls wait already, NO_SPACE, NO_MEMORY; then
 * `answer` is not called. `context` is handed to it untouched. */
CF_MUST_CHECK enum cf_status cf_bus_client_start(struct cf_bus_client *client,
                                                 struct cf_bytes request, int timeout_ms,
                                                 cf_bus_answer_fn *answer, void *context);

/* ---- Publisher and subscriber ---- */

/*
 * News. A message is a topic (without NUL) and a payload. Delivery is best effort: for each
 * subscriber 1,024 messages wait at the publisher, besides what its socket holds (about 200 KiB), and
 * what does not fit is dropped silently, as is what comes while it is not connected. So a feed whose gaps matter numbers its messages, and says the number
 * of the one before.
 */
struct cf_bus_publisher;
struct cf_bus_subscriber;

/* As cf_bus_server_open. */
CF_MUST_CHECK enum cf_status cf_bus_publisher_open(const char *url,
                                                   struct cf_bus_publisher **ret_publisher,
                                                   struct cf_fault *reterr_fault);
void cf_bus_publisher_close(struct cf_bus_publisher *publisher);

/* Never waits. NO_SPACE, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_bus_publisher_publish(struct cf_bus_publisher *publisher,
                                                      const char *topic, struct cf_bytes payload);

/* Connects to a publisher, again while it receives when the connection is lost or there was none yet,
 * and hears nothing until it subscribes. NO_MEMORY, IO, INVALID. */
CF_MUST_CHECK enum cf_status cf_bus_subscriber_open(const char *url,
                                                    struct cf_bus_subscriber **ret_subscriber,
                                                    struct cf_fault *reterr_fault);
void cf_bus_subscriber_close(struct cf_bus_subscriber *subscriber);

/* Adds the topics that begin with a prefix; "" is every topic. Not while another thread receives.
 * NO_MEMORY, NO_SPACE. */
CF_MUST_CHECK enum cf_status cf_bus_subscriber_subscribe(struct cf_bus_subscriber *subscriber,
                                                         const char *prefix);

/* One message. Borrowed from the subscriber until its next receive or close. */
struct cf_bus_news {
    const char *topic;
    struct cf_bytes payload;
};

/* Waits up to timeout_ms (0: only looks). TIMEOUT, CLOSED after an interrupt. One thread only. */
CF_MUST_CHECK enum cf_status cf_bus_subscriber_receive(struct cf_bus_subscriber *subscriber,
                                                       int timeout_ms,
                                                       struct cf_bus_news *ret_news);

/* Makes a receive, running or next, return CLOSED, for good. From any thread. */
void cf_bus_subscriber_interrupt(struct cf_bus_subscriber *subscriber);

#endif
