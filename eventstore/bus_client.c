/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One nng REQ socket; each call that waits has a context of its own. A call goes
 * FREE -> SENDING -> RECEIVING -> FREE, driven by nng's completions.
 */
#include "eventstore/bus_socket.h"

#include "core/base/assert.h"

#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum call_state { CALL_FREE, CALL_SENDING, CALL_RECEIVING };

struct call {
    struct cf_bus_client *client;
    struct call *next; /* in the list of free calls */
    nng_ctx context;
    nng_aio *aio;
    enum call_state state;
    int64_t deadline_ms; /* or CF_BUS_FOREVER */
    cf_bus_answer_fn *answer;
    void *answer_context;
};

struct cf_bus_client {
    nng_socket socket;
    bool socket_open;
    pthread_mutex_t lock;
    pthread_cond_t call_freed;
    struct call *free_calls; /* under the lock */
    size_t busy_count;       /* under the lock */
    bool closing;            /* under the lock */
    struct call calls[CF_BUS_CALLS_MAX];
};

static nng_duration time_left(int64_t deadline_ms)
{
    if (deadline_ms == CF_BUS_FOREVER)
        return NNG_DURATION_INFINITE;
    int64_t left = deadline_ms - cf_bus__now_ms();
    return left < 0 ? 0 : (nng_duration)left;
}

static int64_t deadline_after(int timeout_ms)
{
    return timeout_ms < 0 ? CF_BUS_FOREVER : cf_bus__now_ms() + timeout_ms;
}

static void call_free(struct call *call)
{
    struct cf_bus_client *client = call->client;
    pthread_mutex_lock(&client->lock);
    call->state = CALL_FREE;
    call->next = client->free_calls;
    client->free_calls = call;
    client->busy_count--;
    pthread_cond_broadcast(&client->call_freed);
    pthread_mutex_unlock(&client->lock);
}

static void call_finish(struct call *call, enum cf_status status, struct cf_bytes reply)
{
    call->answer(call->answer_context, status, reply);
    call_free(call);
}

static void call_received(struct call *call, int error)
{
    if (error != 0) {
        call_finish(call, cf_bus__status(error), cf_bytes_from(NULL, 0));
        return;
    }
    nng_msg *message = nng_aio_get_msg(call->aio);
    struct cf_bytes reply = cf_bytes_from(nng_msg_body(message), nng_msg_len(message));
    call_finish(call, CF_OK, reply);
    nng_msg_free(message);
}

/* False when the client is closing. */
static bool call_receive(struct call *call)
{
    struct cf_bus_client *client = call->client;
    pthread_mutex_lock(&client->lock);
    bool closing = client->closing;
    if (!closing) {
        call->state = CALL_RECEIVING;
        nng_aio_set_timeout(call->aio, time_left(call->deadline_ms));
        nng_ctx_recv(call->context, call->aio);
    }
    pthread_mutex_unlock(&client->lock);
    return !closing;
}

/* Runs on one of nng's threads whenever a call's send or receive has ended. */
static void call_advance(void *argument)
{
    struct call *call = argument;
    int error = nng_aio_result(call->aio);
    if (call->state == CALL_RECEIVING) {
        call_received(call, error);
        return;
    }
    CF_ASSERT(call->state == CALL_SENDING);
    if (error != 0) {
        nng_msg_free(nng_aio_get_msg(call->aio));
        enum cf_status status = cf_bus__status(error);
        call_finish(call, status == CF_TIMEOUT ? CF_RETRY : status, cf_bytes_from(NULL, 0));
        return;
    }
    if (!call_receive(call))
        call_finish(call, CF_CLOSED, cf_bytes_from(NULL, 0));
}

/* Gets a free call; waits for one until the deadline when asked to. Called under the lock. */
static enum cf_status call_claim(struct cf_bus_client *client, bool wait, int64_t deadline_ms,
                                 struct call **ret_call)
{
    struct timespec until = {.tv_sec = deadline_ms / 1000,
                             .tv_nsec = (deadline_ms % 1000) * 1000000};
    enum cf_status status = CF_OK;
    while (!client->closing && client->free_calls == NULL && status == CF_OK) {
        if (!wait)
            status = CF_RETRY;
        else if (deadline_ms == CF_BUS_FOREVER)
            pthread_cond_wait(&client->call_freed, &client->lock);
        else if (pthread_cond_timedwait(&client->call_freed, &client->lock, &until) != 0)
            status = CF_RETRY;
    }
    if (client->closing)
        return CF_CLOSED;
    if (client->free_calls == NULL)
        return status;
    *ret_call = client->free_calls;
    client->free_calls = (*ret_call)->next;
    client->busy_count++;
    return CF_OK;
}

static enum cf_status call_begin(struct cf_bus_client *client, bool wait, struct cf_bytes request,
                                 int timeout_ms, cf_bus_answer_fn *answer, void *context)
{
    int64_t deadline_ms = deadline_after(timeout_ms);
    nng_msg *message = NULL;
    CF_TRY(cf_bus__message(request, &message));
    struct call *call = NULL;
    pthread_mutex_lock(&client->lock);
    enum cf_status status = call_claim(client, wait, deadline_ms, &call);
    if (status == CF_OK) {
        call->state = CALL_SENDING;
        call->deadline_ms = deadline_ms;
        call->answer = answer;
        call->answer_context = context;
        nng_aio_set_timeout(call->aio, time_left(deadline_ms));
        nng_aio_set_msg(call->aio, message);
        nng_ctx_send(call->context, call->aio);
    }
    pthread_mutex_unlock(&client->lock);
    if (status != CF_OK)
        nng_msg_free(message);
    return status;
}

enum cf_status cf_bus_client_start(struct cf_bus_client *client, struct cf_bytes request,
                                   int timeout_ms, cf_bus_answer_fn *answer, void *context)
{
    return call_begin(client, false, request, timeout_ms, answer, context);
}

/* Where a blocking call waits for its answer. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool done;
    enum cf_status status;
    struct cf_buf *reply;
};

static void wake_waiter(void *context, enum cf_status status, struct cf_bytes reply)
{
    struct waiter *waiter = context;
    pthread_mutex_lock(&waiter->lock);
    if (status == CF_OK) {
        cf_buf_clear(waiter->reply);
        status = cf_buf_append(waiter->reply, reply);
    }
    waiter->status = status;
    waiter->done = true;
    pthread_cond_signal(&waiter->answered);
    pthread_mutex_unlock(&waiter->lock);
}

enum cf_status cf_bus_client_call(struct cf_bus_client *client, struct cf_bytes request,
                                  int timeout_ms, struct cf_buf *ret_reply,
                                  struct cf_fault *reterr_fault)
{
    struct waiter waiter = {.lock = PTHREAD_MUTEX_INITIALIZER,
                            .answered = PTHREAD_COND_INITIALIZER,
                            .reply = ret_reply};
    enum cf_status status = call_begin(client, true, request, timeout_ms, wake_waiter, &waiter);
    if (status == CF_OK) {
        pthread_mutex_lock(&waiter.lock);
        while (!waiter.done)
            pthread_cond_wait(&waiter.answered, &waiter.lock);
        status = waiter.status;
        pthread_mutex_unlock(&waiter.lock);
    }
    pthread_cond_destroy(&waiter.answered);
    pthread_mutex_destroy(&waiter.lock);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the call got no reply");
    return CF_OK;
}

static int open_call(struct cf_bus_client *client, struct call *call)
{
    call->client = client;
    int error = nng_aio_alloc(&call->aio, call_advance, call);
    if (error == 0)
        error = nng_ctx_open(&call->context, client->socket);
    if (error == 0)
        error = nng_ctx_set_ms(call->context, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    if (error == 0) {
        call->next = client->free_calls;
        client->free_calls = call;
    }
    return error;
}

enum cf_status cf_bus_client_open(const char *url, struct cf_bus_client **ret_client,
                                  struct cf_fault *reterr_fault)
{
    struct cf_bus_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a bus client");
    pthread_mutex_init(&client->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&client->call_freed, &monotonic);
    pthread_condattr_destroy(&monotonic);

    enum cf_status status = CF_OK;
    int error = nng_req0_open(&client->socket);
    client->socket_open = error == 0;
    for (size_t i = 0; error == 0 && i < CF_BUS_CALLS_MAX; i++)
        error = open_call(client, &client->calls[i]);
    if (error != 0)
        status = cf_bus__fail(reterr_fault, error, "cannot open a REQ socket", url);
    else
        status = cf_bus__dial(client->socket, url, CF_BUS_REQUEST_HEADER_SIZE, reterr_fault);
    if (status != CF_OK) {
        cf_bus_client_close(client);
        return status;
    }
    *ret_client = client;
    return CF_OK;
}

void cf_bus_client_close(struct cf_bus_client *client)
{
    if (client == NULL)
        return;
    pthread_mutex_lock(&client->lock);
    client->closing = true;
    pthread_cond_broadcast(&client->call_freed);
    /* Ends what each call does now; one that is between send and receive sees `closing`. Then nng
     * has no thread left in a context: closing a socket around one can wait for ever (nng 1.5.2).
     */
    for (size_t i = 0; i < CF_BUS_CALLS_MAX && client->calls[i].aio != NULL; i++)
        nng_aio_cancel(client->calls[i].aio);
    while (client->busy_count > 0)
        pthread_cond_wait(&client->call_freed, &client->lock);
    pthread_mutex_unlock(&client->lock);
    for (size_t i = 0; i < CF_BUS_CALLS_MAX; i++) {
        nng_aio_free(client->calls[i].aio); /* waits until the completion has left our code */
        nng_ctx_close(client->calls[i].context);
    }
    if (client->socket_open)
        cf_bus__close(client->socket);
    pthread_cond_destroy(&client->call_freed);
    pthread_mutex_destroy(&client->lock);
    free(client);
}
