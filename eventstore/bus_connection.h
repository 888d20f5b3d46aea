/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_BUS_CONNECTION_H
#define CF_EVENTSTORE_BUS_CONNECTION_H

/*
 * One connection of the bus: framed messages over a Unix stream socket that never blocks.
 * Included by eventstore/bus_*.c alone.
 *
 * The bytes are those of nng over ipc (SP protocols, ipc mapping), so that any nng peer can call us
 * and be called:
 *
 *   greeting   00 'S' 'P' 00, the sender's protocol (big-endian 16 bits), 00 00
 *   message    01, size (big-endian 64 bits) of what follows:
 *              of REQ and REP the request's number (big-endian 32 bits, the first one set),
 *              the content
 *
 * The sockets are our own because nng 1.5.2 (Debian 12's) loses the receive under way when it closes
 * a connection on which a message has just begun, be it because a send on it failed: the one thread
 * in which nng ends connections then waits for ever, and nothing in that process connects again.
 *
 * A connection has two halves, which two threads may use at the same time: `receive` and `next`
 * (in), `send`, `flush` and `has_unsent` (out).
 */

#include "eventstore/bus.h"

enum cf_bus__protocol {
    CF_BUS__PUB = 0x20,
    CF_BUS__SUB = 0x21,
    CF_BUS__REQ = 0x30,
    CF_BUS__REP = 0x31,
};

struct cf_bus__connection {
    int fd; /* owned; -1 when there is none */
    enum cf_bus__protocol own;
    bool greeted;     /* the peer's greeting came, and is right */
    struct cf_buf in; /* received, from in_used on not yet handed out */
    size_t in_used;
    struct cf_buf out; /* not yet taken by the socket, from out_sent on */
    size_t out_sent;
};

/* Takes over a connected socket and greets as `own`. Infallible; close gives everything back. */
void cf_bus__connection_init(struct cf_bus__connection *connection, int fd,
                             enum cf_bus__protocol own);

/* Closes the socket, frees the buffers. May be called again. */
void cf_bus__connection_close(struct cf_bus__connection *connection);

/* Reads what has come, at most a message or so. RETRY when there is nothing, CLOSED when the peer
 * is gone, NO_MEMORY. */
enum cf_status cf_bus__connection_receive(struct cf_bus__connection *connection);

/* The next message that is complete; borrowed until the next receive. RETRY when none is, CORRUPT
 * when the bytes are no message, or one that is too large: the connection is of no use any more.
 * The number is 0 where messages have none. */
enum cf_status cf_bus__connection_next(struct cf_bus__connection *connection, uint32_t *ret_number,
                                       struct cf_bytes *ret_content);

/* Only of REQ and REP. Sends, or keeps for flush what the socket does not take at once. A peer that is gone is noticed
 * by receive, which first reads what the peer left behind. NO_MEMORY: the connection is of no use.
 */
enum cf_status cf_bus__connection_send(struct cf_bus__connection *connection, uint32_t number,
                                       struct cf_bytes content);

/* Sends more of what was kept. */
void cf_bus__connection_flush(struct cf_bus__connection *connection);

bool cf_bus__connection_has_unsent(const struct cf_bus__connection *connection);

#endif
