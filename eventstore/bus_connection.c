/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/bus_connection.h"

#include <endian.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define GREETING_SIZE 8
#define MESSAGE_TYPE 1
#define HEAD_SIZE (1 + 8) /* type and size */
#define NUMBER_SIZE 4
#define FRAME_SIZE_MAX (HEAD_SIZE + NUMBER_SIZE) /* what stands before the content */
#define NUMBER_MARK 0x80000000u

/* So much is read at a time, unless the message that is coming is larger. */
#define RECEIVE_SIZE ((size_t)64 * 1024)

/* Buffers that grew past this are given back once they are empty. */
#define KEEP_SIZE ((size_t)256 * 1024)

void cf_bus__connection_init(struct cf_bus__connection *connection, int fd,
                             enum cf_bus__protocol own)
{
    *connection = (struct cf_bus__connection){.fd = fd, .own = own};
    cf_buf_init(&connection->in, FRAME_SIZE_MAX + CF_BUS_MESSAGE_SIZE_MAX + RECEIVE_SIZE);
    cf_buf_init(&connection->out, SIZE_MAX / 2);
    uint8_t greeting[GREETING_SIZE] = {0, 'S', 'P', 0, 0, (uint8_t)own, 0, 0};
    /* A new socket has room for this. If the peer is gone already, receive will tell. */
    (void)send(fd, greeting, sizeof greeting, MSG_NOSIGNAL);
}

void cf_bus__connection_close(struct cf_bus__connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    cf_buf_clean_up(&connection->in);
    cf_buf_clean_up(&connection->out);
    connection->in_used = connection->out_sent = 0;
}

/* ---- In ---- */

static const uint8_t *unread(const struct cf_bus__connection *connection, size_t *ret_size)
{
    *ret_size = connection->in.size - connection->in_used;
    return connection->in.data + connection->in_used;
}

/* Of what stands before the content. */
static size_t frame_size(const struct cf_bus__connection *connection)
{
    bool numbered = connection->own == CF_BUS__REQ || connection->own == CF_BUS__REP;
    return HEAD_SIZE + (numbered ? NUMBER_SIZE : 0);
}

/* The size of the content that a head announces, if there is one and it is right. */
static enum cf_status content_size(const struct cf_bus__connection *connection, const uint8_t *head,
                                   size_t size, size_t *ret_content_size)
{
    if (size < HEAD_SIZE)
        return size > 0 && head[0] != MESSAGE_TYPE ? CF_CORRUPT : CF_RETRY;
    uint64_t announced;
    memcpy(&announced, head + 1, sizeof announced);
    announced = be64toh(announced);
    size_t number_size = frame_size(connection) - HEAD_SIZE;
    if (head[0] != MESSAGE_TYPE || announced < number_size ||
        announced - number_size > CF_BUS_MESSAGE_SIZE_MAX)
        return CF_CORRUPT;
    *ret_content_size = (size_t)announced - number_size;
    return CF_OK;
}

/* How much to make room for: the rest of the message that has begun, and at least a piece. */
static size_t receive_size(const struct cf_bus__connection *connection)
{
    size_t size, content;
    const uint8_t *bytes = unread(connection, &size);
    if (!connection->greeted || content_size(connection, bytes, size, &content) != CF_OK ||
        frame_size(connection) + content < size + RECEIVE_SIZE)
        return RECEIVE_SIZE;
    return frame_size(connection) + content - size;
}

enum cf_status cf_bus__connection_receive(struct cf_bus__connection *connection)
{
    struct cf_buf *in = &connection->in;
    in->size -= connection->in_used;
    if (in->size > 0)
        memmove(in->data, in->data + connection->in_used, in->size);
    else if (in->capacity > KEEP_SIZE)
        cf_buf_clean_up(in);
    connection->in_used = 0;

    size_t more = receive_size(connection);
    CF_TRY(cf_buf_reserve(in, more));
    ssize_t got;
    do
        got = recv(connection->fd, in->data + in->size, more, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? CF_RETRY : CF_CLOSED;
    in->size += (size_t)got;
    return CF_OK;
}

static enum cf_status take_greeting(struct cf_bus__connection *connection)
{
    /* Of the two protocols that belong together the numbers differ in the last bit. */
    const uint8_t expected[GREETING_SIZE] = {0, 'S', 'P', 0, 0, (uint8_t)connection->own ^ 1, 0, 0};
    size_t size;
    const uint8_t *bytes = unread(connection, &size);
    if (memcmp(bytes, expected, size < GREETING_SIZE ? size : GREETING_SIZE) != 0)
        return CF_CORRUPT;
    if (size < GREETING_SIZE)
        return CF_RETRY;
    connection->in_used += GREETING_SIZE;
    connection->greeted = true;
    return CF_OK;
}

enum cf_status cf_bus__connection_next(struct cf_bus__connection *connection, uint32_t *ret_number,
                                       struct cf_bytes *ret_content)
{
    size_t size, content, frame = frame_size(connection);
    if (connection->in.size == connection->in_used)
        return CF_RETRY;
    if (!connection->greeted)
        CF_TRY(take_greeting(connection));
    const uint8_t *bytes = unread(connection, &size);
    CF_TRY(content_size(connection, bytes, size, &content));
    if (size < frame)
        return CF_RETRY;
    uint32_t number = htobe32(NUMBER_MARK);
    memcpy(&number, bytes + HEAD_SIZE, frame - HEAD_SIZE);
    number = be32toh(number);
    if ((number & NUMBER_MARK) == 0)
        return CF_CORRUPT;
    if (size < frame + content)
        return CF_RETRY;
    connection->in_used += frame + content;
    *ret_number = number & ~NUMBER_MARK;
    *ret_content = cf_bytes_from(bytes + frame, content);
    return CF_OK;
}

/* ---- Out ---- */

bool cf_bus__connection_has_unsent(const struct cf_bus__connection *connection)
{
    return connection->out_sent < connection->out.size;
}

/* How many bytes the socket took; a peer that is gone takes all. */
static size_t send_some(int fd, struct iovec *pieces, size_t count, size_t size)
{
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN ? 0 : size;
    return (size_t)sent;
}

void cf_bus__connection_flush(struct cf_bus__connection *connection)
{
    struct cf_buf *out = &connection->out;
    while (cf_bus__connection_has_unsent(connection)) {
        struct iovec rest = {.iov_base = out->data + connection->out_sent,
                             .iov_len = out->size - connection->out_sent};
        size_t sent = send_some(connection->fd, &rest, 1, rest.iov_len);
        if (sent == 0)
            return;
        connection->out_sent += sent;
    }
    connection->out_sent = 0;
    if (out->capacity > KEEP_SIZE)
        cf_buf_clean_up(out);
    else
        cf_buf_clear(out);
}

enum cf_status cf_bus__connection_send(struct cf_bus__connection *connection, uint32_t number,
                                       struct cf_bytes content)
{
    uint8_t frame[FRAME_SIZE_MAX] = {MESSAGE_TYPE};
    uint64_t size = htobe64(NUMBER_SIZE + (uint64_t)content.size);
    uint32_t marked = htobe32(number | NUMBER_MARK);
    memcpy(frame + 1, &size, sizeof size);
    memcpy(frame + HEAD_SIZE, &marked, sizeof marked);

    size_t sent = 0;
    if (!cf_bus__connection_has_unsent(connection)) {
        struct iovec pieces[2] = {
            {.iov_base = frame, .iov_len = FRAME_SIZE_MAX},
            {.iov_base = (void *)(uintptr_t)content.data, .iov_len = content.size}};
        sent = send_some(connection->fd, pieces, 2, FRAME_SIZE_MAX + content.size);
    }
    size_t frame_sent = sent < FRAME_SIZE_MAX ? sent : FRAME_SIZE_MAX,
           content_sent = sent - frame_sent;
    CF_TRY(cf_buf_append(&connection->out,
                         cf_bytes_from(frame + frame_sent, FRAME_SIZE_MAX - frame_sent)));
    if (content_sent == content.size)
        return CF_OK;
    return cf_buf_append(&connection->out,
                         cf_bytes_from(content.data + content_sent, content.size - content_sent));
}
