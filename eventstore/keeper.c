/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's threads. The run itself takes requests and serves the fast ones, all that wait in
 * one transaction; it hands passwords to the hashers and catch-ups to the follower, through two
 * queues.
 */
#include "eventstore/keeper.h"

#include "core/base/assert.h"
#include "eventstore/bus.h"
#include "eventstore/keeper_serve.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define REQUESTS_MAX 512
#define HASHER_COUNT 2
#define QUEUE_MAX 64
#define POLL_MS 100 /* how often the follower looks at the log's head */
#define SWEEP_US (60 * CF_SECOND_US)

/* Requests that wait for a thread. Bounded: what comes beyond is told to try again. */
struct queue {
    struct cf_bus_request *requests[QUEUE_MAX];
    size_t first, count;
};

struct cf_keeper {
    struct cf_vault *vault;
    char *url;
    struct cf_keeper_log log;
    int64_t (*now_us)(void);
    void (*report)(const struct cf_fault *fault);

    struct cf_bus_server *server; /* NULL before it listens */
    pthread_mutex_t lock;         /* of all below */
    pthread_cond_t changed;
    bool stopping;
    bool draining; /* no request comes any more: threads end when their queue is empty */
    struct queue hashing, following;
    struct cf_fault failure; /* why the follower gave up; OK while it has not */

    int64_t swept_us; /* the follower's own */
};

static void report(const struct cf_keeper *keeper, const struct cf_fault *fault)
{
    if (keeper->report != NULL)
        keeper->report(fault);
}

static bool is_stopping(struct cf_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool stopping = keeper->stopping;
    pthread_mutex_unlock(&keeper->lock);
    return stopping;
}

/* ---- Replies ---- */

static void reply_status(struct cf_bus_request *request, enum cf_status status)
{
    struct cf_buf reply;
    cf_buf_init(&reply, 64);
    if (cf_keeper__reply_status(status, &reply) != CF_OK ||
        cf_bus_request_reply(request, cf_buf_bytes(&reply)) != CF_OK) {
        /* No memory: the caller runs into its timeout, and asks again. */
    }
    cf_buf_clean_up(&reply);
}

static void reply_bytes(struct cf_bus_request *request, const struct cf_buf *reply)
{
    /* The reply fits a message, and what is lost for lack of memory is asked for again. */
    enum cf_status status = cf_bus_request_reply(request, cf_buf_bytes(reply));
    CF_ASSERT(status == CF_OK || status == CF_NO_MEMORY);
}

static bool queue_push(struct cf_keeper *keeper, struct queue *queue,
                       struct cf_bus_request *request)
{
    pthread_mutex_lock(&keeper->lock);
    bool fits = queue->count < QUEUE_MAX;
    if (fits)
        queue->requests[(queue->first + queue->count++) % QUEUE_MAX] = request;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    return fits;
}

/* The oldest, or NULL. Called under the lock. */
static struct cf_bus_request *queue_pop(struct queue *queue)
{
    if (queue->count == 0)
        return NULL;
    struct cf_bus_request *request = queue->requests[queue->first];
    queue->first = (queue->first + 1) % QUEUE_MAX;
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
        while ((request = queue_pop(&keeper->hashing)) == NULL && !keeper->draining)
            pthread_cond_wait(&keeper->changed, &keeper->lock);
        pthread_mutex_unlock(&keeper->lock);
        if (request == NULL)
            break;
        struct cf_fault fault = {0};
        enum cf_status status = cf_keeper__execute(keeper->vault, keeper->now_us(),
                                                   cf_bus_request_bytes(request), &reply, &fault);
        if (status == CF_OK)
            reply_bytes(request, &reply);
        else
            reply_status(request, status);
        if (cf_keeper__is_fatal(status))
            report(keeper, &fault);
    }
    cf_buf_clean_up(&reply);
    return NULL;
}

/* ---- Following the log ---- */

struct applying {
    struct cf_keeper *keeper;
    uint64_t position;
    struct cf_fault *fault;
    bool begun; /* the transaction: only once a record is here, since reading may take long */
};

static enum cf_status apply_one(void *context, struct cf_bytes bytes)
{
    struct applying *applying = context;
    struct cf_record record;
    CF_TRY(cf_record_decode(bytes, &record, applying->fault));
    if (record.sequence != applying->position + 1)
        CF_FAIL(applying->fault, CF_CORRUPT, "the log hands out another record than the next");
    if (!applying->begun)
        CF_TRY(cf_vault_begin(applying->keeper->vault, applying->fault));
    applying->begun = true;
    struct cf_fault fault = {0};
    enum cf_status status = cf_vault_apply(applying->keeper->vault, &record, &fault);
    if (status == CF_CORRUPT || status == CF_CONFLICT) {
        cf_fault_detail(&fault, "record %llu", (unsigned long long)record.sequence);
        report(applying->keeper, &fault);
        status = CF_OK;
    } else if (status != CF_OK && applying->fault != NULL) {
        *applying->fault = fault;
    }
    if (status == CF_OK)
        applying->position = record.sequence;
    return status;
}

/* One step: some records more, in one transaction. */
static enum cf_status apply_some(struct cf_keeper *keeper, uint64_t *position,
                                 struct cf_fault *reterr_fault)
{
    struct applying applying = {.keeper = keeper, .position = *position, .fault = reterr_fault};
    enum cf_status status =
        keeper->log.read(keeper->log.context, *position + 1, apply_one, &applying, reterr_fault);
    if (status == CF_OK && !applying.begun)
        status = cf_fault_set(reterr_fault, CF_CORRUPT, __FILE__, __LINE__,
                              "the log has no record before its end");
    if (status != CF_OK && applying.begun)
        cf_vault_abort(keeper->vault);
    CF_TRY(status);
    CF_TRY(cf_vault_commit(keeper->vault, reterr_fault));
    CF_ASSERT(applying.position > *position);
    *position = applying.position;
    return CF_OK;
}

/* Applies the log to its present end, and takes the forgotten out of the file. */
static enum cf_status follow(struct cf_keeper *keeper, uint64_t *ret_position,
                             struct cf_fault *reterr_fault)
{
    uint64_t head, position;
    CF_TRY(keeper->log.head(keeper->log.context, &head, reterr_fault));
    CF_TRY(cf_vault_begin(keeper->vault, reterr_fault));
    enum cf_status status = cf_vault_position(keeper->vault, &position, reterr_fault);
    cf_vault_abort(keeper->vault);
    CF_TRY(status);
    if (head < position)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the log ends before what the vault has seen of it",
                   "log %llu, vault %llu", (unsigned long long)head, (unsigned long long)position);
    bool moved = position < head;
    while (position < head && !is_stopping(keeper))
        CF_TRY(apply_some(keeper, &position, reterr_fault));
    if (moved)
        CF_TRY(cf_vault_compact(keeper->vault, reterr_fault));
    *ret_position = position;
    return CF_OK;
}

/* What has expired goes, now and then, and only behind a look at the log's end: a reservation whose
 * UserRegistered is in the log has been confirmed by then. */
static enum cf_status sweep(struct cf_keeper *keeper, struct cf_fault *reterr_fault)
{
    int64_t now_us = keeper->now_us();
    if (now_us - keeper->swept_us < SWEEP_US)
        return CF_OK;
    keeper->swept_us = now_us;
    CF_TRY(cf_vault_begin(keeper->vault, reterr_fault));
    enum cf_status status = cf_vault_sweep(keeper->vault, now_us, reterr_fault);
    if (status != CF_OK) {
        cf_vault_abort(keeper->vault);
        return status;
    }
    CF_TRY(cf_vault_commit(keeper->vault, reterr_fault));
    return cf_vault_compact(keeper->vault, reterr_fault);
}

static bool log_is_away(enum cf_status status)
{
    return status == CF_RETRY || status == CF_TIMEOUT || status == CF_CLOSED;
}

/* Waits until somebody asks to catch up, at most POLL_MS. Called under the lock. */
static void wait_a_moment(struct cf_keeper *keeper)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (keeper->following.count == 0 && !keeper->draining && !keeper->stopping &&
           pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until) == 0)
        continue;
}

/* Follows once and answers those who had asked before it began. */
static enum cf_status follower_step(struct cf_keeper *keeper, struct cf_fault *fault)
{
    struct cf_bus_request *asking[QUEUE_MAX];
    size_t count = 0;
    pthread_mutex_lock(&keeper->lock);
    while ((asking[count] = queue_pop(&keeper->following)) != NULL)
        if (++count == QUEUE_MAX)
            break;
    pthread_mutex_unlock(&keeper->lock);

    uint64_t position = 0;
    struct cf_buf reply;
    cf_buf_init(&reply, 64);
    enum cf_status status = follow(keeper, &position, fault);
    for (size_t i = 0; i < count; i++) {
        if (status == CF_OK && cf_keeper__reply_position(position, &reply) == CF_OK)
            reply_bytes(asking[i], &reply);
        else
            reply_status(asking[i], status == CF_OK ? CF_NO_MEMORY : status);
    }
    cf_buf_clean_up(&reply);
    if (status == CF_OK)
        status = sweep(keeper, fault);
    return status;
}

static void *follower_run(void *argument)
{
    struct cf_keeper *keeper = argument;
    for (;;) {
        pthread_mutex_lock(&keeper->lock);
        wait_a_moment(keeper);
        bool end = keeper->draining && keeper->following.count == 0;
        pthread_mutex_unlock(&keeper->lock);
        if (end)
            return NULL;
        struct cf_fault fault = {0};
        enum cf_status status = follower_step(keeper, &fault);
        if (status == CF_OK || log_is_away(status))
            continue;
        /* Nobody can be forgotten now, so the run ends. */
        pthread_mutex_lock(&keeper->lock);
        keeper->failure = fault;
        pthread_mutex_unlock(&keeper->lock);
        cf_keeper_stop(keeper);
    }
}

/* Before anybody is answered. */
static enum cf_status first_follow(struct cf_keeper *keeper, struct cf_fault *reterr_fault)
{
    for (;;) {
        uint64_t position;
        enum cf_status status = follow(keeper, &position, reterr_fault);
        if (!log_is_away(status))
            return status;
        pthread_mutex_lock(&keeper->lock);
        wait_a_moment(keeper);
        bool stopping = keeper->stopping;
        pthread_mutex_unlock(&keeper->lock);
        if (stopping)
            return CF_OK;
    }
}

/* ---- Serving ---- */

/* Sends a message where it belongs; true when it is to be served now. */
static bool dispatch(struct cf_keeper *keeper, struct cf_bus_request *request)
{
    enum cf_keeper_class class;
    enum cf_status status = cf_keeper__classify(cf_bus_request_bytes(request), &class, NULL);
    if (status != CF_OK) {
        reply_status(request, status);
        return false;
    }
    if (class == CF_KEEPER_FAST)
        return true;
    struct queue *queue = class == CF_KEEPER_SLOW ? &keeper->hashing : &keeper->following;
    if (!queue_push(keeper, queue, request))
        reply_status(request, CF_RETRY);
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
            reply_status(requests[i], status);
        else if (outcomes[i] != CF_OK)
            reply_status(requests[i], outcomes[i]);
        else
            reply_bytes(requests[i], &replies[i]);
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

enum cf_status cf_keeper_run(struct cf_keeper *keeper, void (*ready)(void *context), void *context,
                             struct cf_fault *reterr_fault)
{
    CF_TRY(first_follow(keeper, reterr_fault));
    struct cf_bus_server *server;
    CF_TRY(cf_bus_server_open(keeper->url, REQUESTS_MAX, &server, reterr_fault));
    pthread_mutex_lock(&keeper->lock);
    keeper->server = server;
    if (keeper->stopping)
        cf_bus_server_stop(server);
    pthread_mutex_unlock(&keeper->lock);

    pthread_t threads[HASHER_COUNT + 1];
    size_t count = 0;
    enum cf_status status = CF_OK;
    for (; count < HASHER_COUNT + 1 && status == CF_OK; count++) {
        void *(*run)(void *) = count < HASHER_COUNT ? hasher_run : follower_run;
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
    pthread_mutex_lock(&keeper->lock);
    keeper->server = NULL;
    struct cf_fault failure = keeper->failure;
    pthread_mutex_unlock(&keeper->lock);
    cf_bus_server_close(server);
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
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper->url);
    free(keeper);
}
