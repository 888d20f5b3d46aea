/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling end of request and reply. A call goes FREE -> WAITING (for a connection) -> SENT ->
 * FREE, or straight to SENT. Whoever calls writes to the socket itself; one thread connects, reads
 * the replies and watches the deadlines.
 */
#include "eventstore/bus_connection.h"
#include "eventstore/bus_private.h"

#include "core/base/assert.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A call's number on the wire: its place in the table, and above it the count of its uses. */
#define NUMBER_BITS 31

enum call_state { CALL_FREE, CALL_WAITING, CALL_SENT };

struct call {
    struct call *next; /* in the list of free calls */
    enum call_state state;
    uint32_t number;
    int64_t deadline_ms;   /* or CF_BUS_FOREVER */
    struct cf_buf request; /* while WAITING */
    cf_bus_answer_fn *answer;
    void *answer_context;
};

struct cf_bus_client {
    struct cf_bus__dial dial; /* the thread's */
    pthread_t thread;
    bool thread_started;
    int wake_fd;
    pthread_mutex_t lock; /* of everything below, but the connection's inward half */
    pthread_cond_t call_freed;
    struct cf_bus__connection connection; /* fd -1: not connected */
    bool broken;                          /* the connection is of no use any more */
    int64_t sleeps_until_ms; /* when the thread looks at the deadlines again; or CF_BUS_FOREVER */
    struct call *free_calls;
    size_t busy_count;
    bool closing;
    struct call calls[CF_BUS_CALLS_MAX];
};

static bool is_connected(const struct cf_bus_client *client)
{
    return client->connection.fd >= 0;
}

static bool is_sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms != CF_BUS_FOREVER && (b_ms == CF_BUS_FOREVER || a_ms < b_ms);
}

/* ---- One call; each of these is called under the lock ---- */

/* Answers, without the lock while it does, and frees the call. */
static void call_finish(struct cf_bus_client *client, struct call *call, enum cf_status status,
                        struct cf_bytes reply)
{
    CF_ASSERT(call->state != CALL_FREE);
    call->state = CALL_FREE;
    cf_buf_clean_up(&call->request);
    pthread_mutex_unlock(&client->lock);
    call->answer(call->answer_context, status, reply);
    pthread_mutex_lock(&client->lock);
    call->next = client->free_calls;
    client->free_calls = call;
    client->busy_count--;
    pthread_cond_broadcast(&client->call_freed);
}

static void call_send(struct cf_bus_client *client, struct call *call, struct cf_bytes request)
{
    call->state = CALL_SENT;
    if (cf_bus__connection_send(&client->connection, call->number, request) != CF_OK)
        client->broken = true;
    if (client->broken || cf_bus__connection_has_unsent(&client->connection))
        cf_bus__wake(client->wake_fd);
}

static enum cf_status call_put(struct cf_bus_client *client, struct call *call,
                               struct cf_bytes request)
{
    if (is_connected(client)) {
        call_send(client, call, request);
    } else {
        CF_TRY(cf_buf_append(&call->request, request));
        call->state = CALL_WAITING;
    }
    if (is_sooner(call->deadline_ms, client->sleeps_until_ms))
        cf_bus__wake(client->wake_fd);
    return CF_OK;
}

/* Gets a free call; waits for one until the deadline when asked to. */
static enum cf_status call_claim(struct cf_bus_client *client, bool wait, int64_t deadline_ms,
                                 struct call **ret_call)
{
    while (!client->closing && client->free_calls == NULL) {
        if (!wait || !cf_bus__wait(&client->call_freed, &client->lock, deadline_ms))
            return CF_RETRY;
    }
    if (client->closing)
        return CF_CLOSED;
    *ret_call = client->free_calls;
    client->free_calls = (*ret_call)->next;
    client->busy_count++;
    return CF_OK;
}

/* Not under the lock. */
static enum cf_status call_begin(struct cf_bus_client *client, bool wait, struct cf_bytes request,
                                 int timeout_ms, cf_bus_answer_fn *answer, void *context)
{
    if (request.size > CF_BUS_MESSAGE_SIZE_MAX)
        return CF_NO_SPACE;
    int64_t deadline_ms = cf_bus__deadline(timeout_ms);
    struct call *call = NULL;
    pthread_mutex_lock(&client->lock);
    enum cf_status status = call_claim(client, wait, deadline_ms, &call);
    if (status == CF_OK) {
        call->number = (call->number + CF_BUS_CALLS_MAX) & ((1u << NUMBER_BITS) - 1);
        call->deadline_ms = deadline_ms;
        call->answer = answer;
        call->answer_context = context;
        status = call_put(client, call, request);
        if (status != CF_OK) {
            call->next = client->free_calls;
            client->free_calls = call;
            client->busy_count--;
        }
    }
    pthread_mutex_unlock(&client->lock);
    return status;
}

/* ---- The thread; each of these is called under the lock ---- */

static void client_connect(struct cf_bus_client *client)
{
    int fd = cf_bus__dial(&client->dial);
    if (fd < 0)
        return;
    cf_bus__connection_init(&client->connection, fd, CF_BUS__REQ);
    for (size_t i = 0; i < CF_BUS_CALLS_MAX; i++) {
        if (client->calls[i].state == CALL_WAITING)
            call_send(client, &client->calls[i], cf_buf_bytes(&client->calls[i].request));
    }
}

/* What was sent may or may not have been done. */
static void client_disconnect(struct cf_bus_client *client)
{
    cf_bus__connection_close(&client->connection);
    client->broken = false;
    cf_bus__dial_again(&client->dial);
    for (size_t i = 0; i < CF_BUS_CALLS_MAX; i++) {
        if (client->calls[i].state == CALL_SENT)
            call_finish(client, &client->calls[i], CF_CLOSED, cf_bytes_from(NULL, 0));
    }
}

static void client_receive(struct cf_bus_client *client)
{
    pthread_mutex_unlock(&client->lock);
    enum cf_status status = cf_bus__connection_receive(&client->connection);
    pthread_mutex_lock(&client->lock);
    uint32_t number = 0;
    struct cf_bytes reply;
    while (status == CF_OK &&
           (status = cf_bus__connection_next(&client->connection, &number, &reply)) == CF_OK) {
        struct call *call = &client->calls[number % CF_BUS_CALLS_MAX];
        if (call->state == CALL_SENT && call->number == number)
            call_finish(client, call, CF_OK, reply);
    }
    if (status != CF_RETRY)
        client->broken = true;
}

static void expire_calls(struct cf_bus_client *client)
{
    int64_t now_ms = cf_bus__now_ms();
    for (size_t i = 0; i < CF_BUS_CALLS_MAX; i++) {
        struct call *call = &client->calls[i];
        if (call->state != CALL_FREE && call->deadline_ms != CF_BUS_FOREVER &&
            call->deadline_ms <= now_ms)
            call_finish(client, call, call->state == CALL_SENT ? CF_TIMEOUT : CF_RETRY,
                        cf_bytes_from(NULL, 0));
    }
}

static int64_t next_look(const struct cf_bus_client *client)
{
    int64_t until_ms = is_connected(client) ? CF_BUS_FOREVER : client->dial.at_ms;
    for (size_t i = 0; i < CF_BUS_CALLS_MAX; i++) {
        const struct call *call = &client->calls[i];
        if (call->state != CALL_FREE && is_sooner(call->deadline_ms, until_ms))
            until_ms = call->deadline_ms;
    }
    return until_ms;
}

static void client_sleep(struct cf_bus_client *client)
{
    short out = cf_bus__connection_has_unsent(&client->connection) ? POLLOUT : 0;
    struct pollfd fds[2] = {{.fd = client->wake_fd, .events = POLLIN},
                            {.fd = client->connection.fd, .events = (short)(POLLIN | out)}};
    client->sleeps_until_ms = next_look(client);
    int timeout_ms = client->broken ? 0 : cf_bus__poll_timeout(client->sleeps_until_ms);
    pthread_mutex_unlock(&client->lock);
    int ready = poll(fds, 2, timeout_ms);
    pthread_mutex_lock(&client->lock);
    if (ready <= 0)
        return;
    if (fds[0].revents != 0)
        cf_bus__wake_heard(client->wake_fd);
    if ((fds[1].revents & POLLOUT) != 0)
        cf_bus__connection_flush(&client->connection);
    if ((fds[1].revents & ~POLLOUT) != 0)
        client_receive(client);
}

static void *client_run(void *argument)
{
    struct cf_bus_client *client = argument;
    pthread_mutex_lock(&client->lock);
    while (!client->closing) {
        if (!is_connected(client) && cf_bus__now_ms() >= client->dial.at_ms)
            client_connect(client);
        client_sleep(client);
        if (client->broken)
            client_disconnect(client);
        expire_calls(client);
    }
    for (size_t i = 0; i < CF_BUS_CALLS_MAX; i++) {
        if (client->calls[i].state != CALL_FREE)
            call_finish(client, &client->calls[i], CF_CLOSED, cf_bytes_from(NULL, 0));
    }
    cf_bus__connection_close(&client->connection);
    pthread_mutex_unlock(&client->lock);
    return NULL;
}

/* ---- What the users call ---- */

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

enum cf_status cf_bus_client_open(const char *url, struct cf_bus_client **ret_client,
                                  struct cf_fault *reterr_fault)
{
    struct sockaddr_un address;
    CF_TRY(cf_bus__address(url, &address, reterr_fault));
    struct cf_bus_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a bus client");
    cf_bus__dial_init(&client->dial, &address);
    client->connection.fd = -1;
    pthread_mutex_init(&client->lock, NULL);
    cf_bus__condition_init(&client->call_freed);
    for (uint32_t i = 0; i < CF_BUS_CALLS_MAX; i++) {
        struct call *call = &client->calls[i];
        call->number = i;
        cf_buf_init(&call->request, CF_BUS_MESSAGE_SIZE_MAX);
        call->next = client->free_calls;
        client->free_calls = call;
    }
    client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (client->wake_fd >= 0)
        client->thread_started = cf_bus__thread(&client->thread, client_run, client) == CF_OK;
    if (!client->thread_started) {
        cf_bus_client_close(client);
        CF_FAIL_ON(reterr_fault, CF_NO_MEMORY, "cannot start a bus client", "%s", url);
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
    pthread_mutex_unlock(&client->lock);
    if (client->thread_started) {
        cf_bus__wake(client->wake_fd);
        pthread_join(client->thread, NULL);
    }
    CF_ASSERT(client->busy_count == 0);
    if (client->wake_fd >= 0)
        close(client->wake_fd);
    pthread_cond_destroy(&client->call_freed);
    pthread_mutex_destroy(&client->lock);
    free(client);
}
