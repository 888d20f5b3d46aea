/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies: what is sent, how often it is held, and who of two threads sends it on its way. The
 * answering thread and the polling thread settle that by one compare-and-swap on `phase`.
 */
#include "api/server_internal.h"

#include "core/base/assert.h"

#include <stdlib.h>

struct cf_http_reply {
    struct MHD_Response *response;
    unsigned status;
    _Atomic unsigned holder_count; /* its owner, and every answer on its way */
};

/* What the server refuses by itself. */
static const struct refusal {
    unsigned status;
    const char *body;
} refusals[] = {
    {400, "{\"type\":\"about:blank\",\"title\":\"Malformed request\",\"status\":400}"},
    {413, "{\"type\":\"about:blank\",\"title\":\"Body too large\",\"status\":413}"},
    {500, "{\"type\":\"about:blank\",\"title\":\"Out of memory\",\"status\":500}"},
    {501, "{\"type\":\"about:blank\",\"title\":\"Unknown transfer encoding\",\"status\":501}"},
    {503, "{\"type\":\"about:blank\",\"title\":\"Stopping\",\"status\":503}"},
};
#define REFUSAL_COUNT (sizeof refusals / sizeof refusals[0])

/* Replies and answers. */

void cf_http__reply_release(struct cf_http_reply *reply)
{
    if (reply == NULL || atomic_fetch_sub(&reply->holder_count, 1) != 1)
        return;
    MHD_destroy_response(reply->response);
    free(reply);
}

struct cf_http_reply *cf_http__reply_around(struct MHD_Response *response,
                                            const struct cf_http_response *head)
{
    struct cf_http_reply *reply = response == NULL ? NULL : malloc(sizeof *reply);
    if (reply == NULL) {
        if (response != NULL)
            MHD_destroy_response(response);
        return NULL;
    }
    *reply = (struct cf_http_reply){.response = response, .status = head->status};
    atomic_store(&reply->holder_count, 1);
    for (size_t i = 0; i < head->header_count; i++) {
        const struct cf_http_header *header = &head->headers[i];
        if (MHD_add_response_header(response, header->name, header->value) != MHD_YES) {
            cf_http__reply_release(reply);
            return NULL;
        }
    }
    return reply;
}

static struct cf_http_reply *reply_from(const struct cf_http_response *response)
{
    /* libmicrohttpd copies: the bytes are only read. */
    void *data = (void *)(uintptr_t)response->body.data;
    return cf_http__reply_around(
        MHD_create_response_from_buffer(response->body.size, data, MHD_RESPMEM_MUST_COPY),
        response);
}

void cf_http__answer(struct cf_http_request *request, struct cf_http_reply *reply)
{
    struct cf_http_connection *connection = (struct cf_http_connection *)request;
    struct cf_http_server *server = connection->server;
    CF_ASSERT(connection->answer == NULL);
    connection->answer = reply;
    int expected = CF_HTTP_HANDLING;
    if (!atomic_compare_exchange_strong(&connection->phase, &expected, CF_HTTP_ANSWERED)) {
        CF_ASSERT(expected == CF_HTTP_SUSPENDED);
        atomic_store(&connection->phase, CF_HTTP_ANSWERED);
        MHD_resume_connection(connection->mhd);
    }
    if (atomic_fetch_sub(&server->handling_count, 1) == 1 && atomic_load(&server->quiescing)) {
        pthread_mutex_lock(&server->mutex);
        pthread_cond_broadcast(&server->idle);
        pthread_mutex_unlock(&server->mutex);
    }
}

struct cf_http_reply *cf_http__refusal(struct cf_http_server *server, unsigned status)
{
    for (size_t i = 0; i < REFUSAL_COUNT; i++) {
        if (refusals[i].status == status)
            return server->refusals[i];
    }
    CF_UNREACHABLE();
}

void cf_http_respond(struct cf_http_request *request, const struct cf_http_response *response)
{
    struct cf_http_reply *reply = reply_from(response);
    if (reply != NULL)
        cf_http__answer(request, reply);
    else
        cf_http_reply_send(request,
                           cf_http__refusal(((struct cf_http_connection *)request)->server, 500));
}

void cf_http_drop(struct cf_http_request *request)
{
    cf_http__answer(request, NULL);
}

enum cf_status cf_http_reply_new(const struct cf_http_response *response,
                                 struct cf_http_reply **ret_reply)
{
    struct cf_http_reply *reply = reply_from(response);
    if (reply == NULL)
        return CF_NO_MEMORY;
    *ret_reply = reply;
    return CF_OK;
}

void cf_http_reply_destroy(struct cf_http_reply *reply)
{
    cf_http__reply_release(reply);
}

void cf_http_reply_send(struct cf_http_request *request, struct cf_http_reply *reply)
{
    atomic_fetch_add(&reply->holder_count, 1);
    cf_http__answer(request, reply);
}

enum MHD_Result cf_http__reply_queue(struct MHD_Connection *mhd, struct cf_http_reply *reply)
{
    return MHD_queue_response(mhd, reply->status, reply->response);
}

enum cf_status cf_http__refusals_open(struct cf_http_server *server)
{
    const struct cf_http_server_options *options = &server->options;
    const struct cf_http_header type = {"Content-Type", options->refusal_body == NULL
                                                            ? "application/problem+json"
                                                            : "application/json"};
    for (size_t i = 0; i < REFUSAL_COUNT; i++) {
        const char *body = options->refusal_body == NULL
                               ? refusals[i].body
                               : options->refusal_body(refusals[i].status);
        struct cf_http_response response = {.status = refusals[i].status,
                                            .headers = &type,
                                            .header_count = 1,
                                            .body = cf_bytes_from_text(body)};
        CF_TRY(cf_http_reply_new(&response, &server->refusals[i]));
    }
    return CF_OK;
}

void cf_http__refusals_close(struct cf_http_server *server)
{
    for (size_t i = 0; i < REFUSAL_COUNT; i++)
        cf_http__reply_release(server->refusals[i]);
}
