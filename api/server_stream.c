/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream has two holders: its owner, who appends, and the connection, which reads. When there is
 * nothing to read the connection is suspended, and the next append resumes it.
 */
#include "api/server_internal.h"

#include "core/base/assert.h"
#include "core/base/scope.h"

#define READ_BLOCK_SIZE 4096

struct cf_http_stream {
    pthread_mutex_t mutex;
    struct cf_http_server *server;          /* only while the connection holds the stream */
    struct cf_http_stream *previous, *next; /* in the server's list; under the server's mutex */
    struct MHD_Connection *mhd;
    struct cf_buf buf; /* what was appended … */
    size_t sent_size;  /* … of which this much has been read */
    bool suspended;    /* the connection sleeps until there is something to read */
    bool ended;        /* nothing will be appended any more */
    bool gone;         /* the connection is over */
    unsigned holder_count;
};

static void release(struct cf_http_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    bool last = --stream->holder_count == 0;
    pthread_mutex_unlock(&stream->mutex);
    if (!last)
        return;
    cf_buf_clean_up(&stream->buf);
    pthread_mutex_destroy(&stream->mutex);
    free(stream);
}

/* Under the stream's mutex. */
static void wake(struct cf_http_stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->mhd);
}

/* libmicrohttpd wants bytes. */
static ssize_t on_read(void *context, uint64_t position, char *ret_bytes, size_t size_max)
{
    (void)position;
    struct cf_http_stream *stream = context;
    ssize_t size = 0;
    pthread_mutex_lock(&stream->mutex);
    size_t ready = stream->buf.size - stream->sent_size;
    if (ready > 0) {
        size = (ssize_t)(ready < size_max ? ready : size_max);
        memcpy(ret_bytes, stream->buf.data + stream->sent_size, (size_t)size);
        stream->sent_size += (size_t)size;
        if (stream->sent_size == stream->buf.size) {
            cf_buf_clear(&stream->buf);
            stream->sent_size = 0;
        }
    } else if (stream->ended) {
        size = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->mhd);
    }
    pthread_mutex_unlock(&stream->mutex);
    return size;
}

/* The response is over; so is the connection's hold. */
static void on_free(void *context)
{
    struct cf_http_stream *stream = context;
    struct cf_http_server *server = stream->server;
    pthread_mutex_lock(&server->mutex);
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        server->streams = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    pthread_mutex_lock(&stream->mutex);
    stream->gone = true;
    pthread_mutex_unlock(&stream->mutex);
    pthread_mutex_unlock(&server->mutex);
    release(stream);
}

static struct cf_http_stream *stream_new(struct cf_http_connection *connection,
                                         size_t buffer_size_max)
{
    struct cf_http_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    pthread_mutex_init(&stream->mutex, NULL);
    cf_buf_init(&stream->buf, buffer_size_max);
    stream->server = connection->server;
    stream->mhd = connection->mhd;
    stream->holder_count = 2;
    pthread_mutex_lock(&stream->server->mutex);
    stream->next = stream->server->streams;
    if (stream->next != NULL)
        stream->next->previous = stream;
    stream->server->streams = stream;
    pthread_mutex_unlock(&stream->server->mutex);
    return stream;
}

enum cf_status cf_http_stream_open(struct cf_http_request *request,
                                   const struct cf_http_response *response, size_t buffer_size_max,
                                   struct cf_http_stream **ret_stream)
{
    struct cf_http_stream *stream =
        stream_new((struct cf_http_connection *)request, buffer_size_max);
    if (stream == NULL)
        return CF_NO_MEMORY;
    if (response->body.size > 0 && cf_buf_append(&stream->buf, response->body) != CF_OK) {
        on_free(stream);
        release(stream);
        return CF_NO_SPACE;
    }
    struct MHD_Response *body = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, READ_BLOCK_SIZE,
                                                                  on_read, stream, on_free);
    if (body == NULL)
        on_free(stream);
    struct cf_http_reply *reply = cf_http__reply_around(body, response);
    if (reply == NULL) {
        release(stream);
        return CF_NO_MEMORY;
    }
    *ret_stream = stream;
    cf_http__answer(request, reply);
    return CF_OK;
}

enum cf_status cf_http_stream_append(struct cf_http_stream *stream, struct cf_bytes bytes)
{
    pthread_mutex_lock(&stream->mutex);
    enum cf_status status = CF_CLOSED;
    if (!stream->gone && !stream->ended) {
        if (stream->sent_size >
            0) { /* bring what is left to the front, so that the maximum holds */
            stream->buf.size -= stream->sent_size;
            memmove(stream->buf.data, stream->buf.data + stream->sent_size, stream->buf.size);
            stream->sent_size = 0;
        }
        status = cf_buf_append(&stream->buf, bytes);
        if (status == CF_OK)
            wake(stream);
    }
    pthread_mutex_unlock(&stream->mutex);
    return status;
}

/* Nothing is appended any more; the connection sends what is left and ends. */
static void end(struct cf_http_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    stream->ended = true;
    if (!stream->gone)
        wake(stream);
    pthread_mutex_unlock(&stream->mutex);
}

void cf_http_stream_close(struct cf_http_stream *stream)
{
    if (stream == NULL)
        return;
    end(stream);
    release(stream);
}

void cf_http__streams_end(struct cf_http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    for (struct cf_http_stream *stream = server->streams; stream != NULL; stream = stream->next)
        end(stream);
    pthread_mutex_unlock(&server->mutex);
}
