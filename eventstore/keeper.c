/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's threads. The run itself takes requests and serves the fast ones, all that wait in
 * one transaction; it hands passwords to the hashers and catch-ups to the follower, through two
 * queues.
 */
#include "eventstore/keeper_private.h"

#include "core/base/assert.h"
#include "eventstore/keeper_serve.h"

#include <stdlib.h>

#define REQUESTS_MAX 512
#define HASHER_COUNT 2
#define FORGOTTEN_SIZE_MAX ((size_t)64 * 1024 * 1024)

void cf_keeper__report(const struct cf_keeper *keeper, const struct cf_fault *fault)
{
    if (keeper->report != NULL)
        keeper->report(fault);
}

bool cf_keeper__is_stopping(struct cf_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool stopping = keeper->stopping;
    pthread_mutex_unlock(&keeper->lock);
    return stopping;
}

/* ---- Replies ---- */

void cf_keeper__answer_status(struct cf_bus_request *request, enum cf_status status)
{
    struct cf_buf reply;
    cf_buf_init(&reply, 64);
    if (cf_keeper__reply_status(status, &reply) != CF_OK ||
        cf_bus_request_reply(request, cf_buf_bytes(&reply)) != CF_OK) {
        /* No memory: the caller runs into its timeout, and asks again. */
    }
    cf_buf_clean_up(&reply);
}

void cf_keeper__answer(struct cf_bus_request *request, const struct cf_buf *reply)
{
    /* The reply fits a message, and what is lost for lack of memory is asked for again. */
    enum cf_status status = cf_bus_request_reply(request, cf_buf_bytes(reply));
    CF_ASSERT(status == CF_OK || status == CF_NO_MEMORY);
}

static bool queue_push(struct cf_keeper *keeper, struct cf_keeper_queue *queue,
                       struct cf_bus_request *request)
{
    pthread_mutex_lock(&keeper->lock);
    bool fits = queue->count < CF_KEEPER_QUEUE_MAX;
    if (fits)
        queue->requests[(queue->first + queue->count++) % CF_KEEPER_QUEUE_MAX] = request;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    return fits;
}

/* The oldest, or NULL. Called under the lock. */
struct cf_bus_request *cf_keeper__queue_pop(struct cf_keeper_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    struct cf_bus_request *request = queue->requests[queue->first];
    queue->first = (queue->first + 1) % CF_KEEPER_QUEUE_MAX;
    queue->count--;
    return request;
}

/* ---- Passwords ---- */

static void *hasher_run(void *argument)
{
    struct cf_keeper *keeper = argument;
    struct cf_buf reply;
    cf_buf_init(&reply, CF_BUS_MESSAGE_SIZE_MAX);
    for (;;) {
        struct cf_bus_request *request;
        pthread_mutex_lock(&keeper->lock);
        while ((request = cf_keeper__queue_pop(&keeper->hashing)) == NULL && !keeper->draining)
            pthread_cond_wait(&keeper->changed, &keeper->lock);
        pthread_mutex_unlock(&keeper->lock);
        if (request == NULL)
            break;
        struct cf_fault fault = {0};
        enum cf_status status = cf_keeper__execute(keeper->vault, keeper->now_us(),
                                                   cf_bus_request_bytes(request), &reply, &fault);
        if (status == CF_OK)
            cf_keeper__answer(request, &reply);
        else
            cf_keeper__answer_status(request, status);
        if (cf_keeper__is_fatal(status))
            cf_keeper__report(keeper, &fault);
    }
    cf_buf_clean_up(&reply);
    return NULL;
}

/* ---- Serving ---- */

/* Sends a message where it belongs; true when it is to be served now. */
static bool dispatch(struct cf_keeper *keeper, struct cf_bus_request *request)
{
    enum cf_keeper_class class;
    enum cf_status status = cf_keeper__classify(cf_bus_request_bytes(request), &class, NULL);
    if (status != CF_OK) {
        cf_keeper__answer_status(request, status);
        return false;
    }
    if (class == CF_KEEPER_FAST)
        return true;
    struct cf_keeper_queue *queue = class == CF_KEEPER_SLOW ? &keeper->hashing : &keeper->following;
    if (!queue_push(keeper, queue, request))
        cf_keeper__answer_status(request, CF_RETRY);
    return false;
}

/* Serves these in one transaction, and replies when it is durable. */
static enum cf_status serve(struct cf_keeper *keeper, struct cf_bus_request **requests,
                            struct cf_buf *replies, size_t count, struct cf_fault *reterr_fault)
{
    enum cf_status outcomes[REQUESTS_MAX];
    enum cf_status status = cf_vault_begin(keeper->vault, reterr_fault);
    if (status == CF_OK) {
        for (size_t i = 0; i < count && !cf_keeper__is_fatal(status); i++) {
            outcomes[i] =
                cf_keeper__execute(keeper->vault, keeper->now_us(),
                                   cf_bus_request_bytes(requests[i]), &replies[i], reterr_fault);
            if (cf_keeper__is_fatal(outcomes[i]))
                status = outcomes[i];
        }
        if (status == CF_OK)
            status = cf_vault_commit(keeper->vault, reterr_fault);
        else
            cf_vault_abort(keeper->vault);
    }
    for (size_t i = 0; i < count; i++) {
        if (status != CF_OK)
            cf_keeper__answer_status(requests[i], status);
        else if (outcomes[i] != CF_OK)
            cf_keeper__answer_status(requests[i], outcomes[i]);
        else
            cf_keeper__answer(requests[i], &replies[i]);
    }
    return status;
}

static enum cf_status serve_until_stopped(struct cf_keeper *keeper, struct cf_fault *reterr_fault)
{
    struct cf_bus_request *requests[REQUESTS_MAX];
    CF_CLEANUP(cf_scope_free) struct cf_buf *replies = calloc(REQUESTS_MAX, sizeof *replies);
    if (replies == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for replies");
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        cf_buf_init(&replies[i], CF_BUS_MESSAGE_SIZE_MAX);
    enum cf_status status = CF_OK;
    size_t count;
    while (status == CF_OK && cf_bus_server_take(keeper->server, requests, REQUESTS_MAX,
                                                 CF_BUS_FOREVER, &count) == CF_OK) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (dispatch(keeper, requests[i]))
                requests[kept++] = requests[i];
        }
        if (kept > 0)
            status = serve(keeper, requests, replies, kept, reterr_fault);
        /* A full disk passes; the callers were told. */
        if (status == CF_NO_SPACE)
            status = CF_OK;
    }
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        cf_buf_clean_up(&replies[i]);
    return status;
}

static void join_all(struct cf_keeper *keeper, const pthread_t *threads, size_t count)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->draining = true;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void close_server(struct cf_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    struct cf_bus_server *server = CF_TAKE(keeper->server);
    pthread_mutex_unlock(&keeper->lock);
    cf_bus_server_close(server);
}

enum cf_status cf_keeper_run(struct cf_keeper *keeper, void (*ready)(void *context), void *context,
                             struct cf_fault *reterr_fault)
{
    CF_TRY(cf_keeper__follow_first(keeper, reterr_fault));
    struct cf_bus_server *server;
    CF_TRY(cf_bus_server_open(keeper->url, REQUESTS_MAX, &server, reterr_fault));
    pthread_mutex_lock(&keeper->lock);
    keeper->server = server;
    if (keeper->stopping)
        cf_bus_server_stop(server);
    pthread_mutex_unlock(&keeper->lock);

    enum cf_status status = cf_keeper_teller_open(keeper->url, &keeper->teller, reterr_fault);
    if (status != CF_OK) {
        close_server(keeper);
        return status;
    }
    pthread_t threads[HASHER_COUNT + 1];
    size_t count = 0;
    for (; count < HASHER_COUNT + 1 && status == CF_OK; count++) {
        void *(*run)(void *) = count < HASHER_COUNT ? hasher_run : cf_keeper__follower_run;
        if (pthread_create(&threads[count], NULL, run, keeper) != 0) {
            status = cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "cannot make a thread");
            break;
        }
    }
    if (status == CF_OK) {
        if (ready != NULL)
            ready(context);
        status = serve_until_stopped(keeper, reterr_fault);
    }
    cf_bus_server_stop(server);
    join_all(keeper, threads, count);
    struct cf_fault failure = keeper->failure;
    if (status == CF_OK && failure.status == CF_OK)
        status = cf_keeper__follow_end(keeper, reterr_fault);
    close_server(keeper);
    cf_keeper_teller_close(CF_TAKE(keeper->teller));
    if (status == CF_OK && failure.status != CF_OK) {
        if (reterr_fault != NULL)
            *reterr_fault = failure;
        return failure.status;
    }
    return status;
}

void cf_keeper_stop(struct cf_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    if (keeper->server != NULL)
        cf_bus_server_stop(keeper->server);
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
}

enum cf_status cf_keeper_open(const struct cf_keeper_options *options,
                              struct cf_keeper **ret_keeper, struct cf_fault *reterr_fault)
{
    struct cf_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a keeper");
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    keeper->log = options->log;
    keeper->now_us = options->now_us;
    keeper->report = options->report;
    cf_buf_init(&keeper->forgotten, FORGOTTEN_SIZE_MAX);
    keeper->url = strdup(options->url);
    enum cf_status status = CF_NO_MEMORY;
    if (keeper->url != NULL)
        status = cf_vault_open(options->vault_directory, options->master_key_path, &keeper->vault,
                               reterr_fault);
    if (status != CF_OK) {
        cf_keeper_close(keeper);
        return status;
    }
    *ret_keeper = keeper;
    return CF_OK;
}

void cf_keeper_close(struct cf_keeper *keeper)
{
    if (keeper == NULL)
        return;
    CF_ASSERT(keeper->server == NULL);
    cf_vault_close(keeper->vault);
    cf_buf_clean_up(&keeper->forgotten);
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper->url);
    free(keeper);
}
