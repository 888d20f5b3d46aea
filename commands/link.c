/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's end. Commands are encoded by their senders into the newest batch that has room; the
 * link's own thread sends batches: two at a time, so that the writer never waits for us and what comes
 * meanwhile shares a batch, and more of those that are full, so that the writer's commits grow where its
 * disk is slow. It sends a batch again whose connection broke: its keys make that safe.
 */
#include "commands/link.h"

#include "commands/link_wire.h"
#include "core/base/assert.h"
#include "eventstore/bus.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define FLIGHTS_MAX 2
#define FULL_FLIGHTS_MAX 8
#define BATCHES_MAX 16 /* more waiting than this is too much */
#define BODY_SIZE_MAX ((size_t)512 * 1024)
#define HEAD_SIZE_MAX 16
#define RESEND_PAUSE_MS 20

/* One sender's command. A waiting sender owns its call; a started one belongs to the link. */
struct call {
    int64_t deadline_ms; /* monotonic */
    cf_link_answer_fn *answer;
    void *context;
};

/* What a blocked sender waits for. */
struct waiter {
    pthread_cond_t done;
    bool is_done;
    enum cf_status status;
    struct cf_reply reply;
};

/* READY: takes no more commands. LANDING: its calls are being answered. */
enum batch_state { BATCH_FREE, BATCH_FILLING, BATCH_READY, BATCH_FLYING, BATCH_LANDING };

struct batch {
    struct cf_link *link;
    enum batch_state state;
    uint64_t order;        /* older batches go first */
    int64_t not_before_ms; /* monotonic; while it lingers, and after a failure */
    struct cf_buf body;
    uint32_t count;
    struct call calls[CF_LINK_BATCH_MAX];
};

struct cf_link {
    struct cf_bus_client *bus;
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the link's thread */
    pthread_t thread;
    bool closing;
    int linger_ms;
    uint32_t flights;
    uint64_t order;
    struct cf_buf message;
    struct batch batches[BATCHES_MAX];
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timespec at_ms(int64_t monotonic_ms)
{
    return (struct timespec){.tv_sec = monotonic_ms / 1000,
                             .tv_nsec = (long)(monotonic_ms % 1000) * 1000000};
}

static void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* -- Batches, under the lock ---------------------------------------------------------------- */

static struct batch *oldest(struct cf_link *link, enum batch_state state)
{
    struct batch *found = NULL;
    for (size_t i = 0; i < BATCHES_MAX; i++) {
        struct batch *batch = &link->batches[i];
        if (batch->state == state && (found == NULL || batch->order < found->order))
            found = batch;
    }
    return found;
}

/* The batch that a command of this size goes into, or NULL when too much waits. */
static struct batch *batch_for(struct cf_link *link, size_t size)
{
    struct batch *filling = oldest(link, BATCH_FILLING);
    if (filling != NULL &&
        (filling->count == CF_LINK_BATCH_MAX || filling->body.size + size > BODY_SIZE_MAX)) {
        filling->state = BATCH_READY;
        filling->not_before_ms = 0;
        filling = NULL;
    }
    if (filling != NULL)
        return filling;
    struct batch *batch = oldest(link, BATCH_FREE);
    if (batch == NULL)
        return NULL;
    batch->state = BATCH_FILLING;
    batch->order = link->order++;
    batch->not_before_ms =
        link->linger_ms == 0 ? 0 : clock_ms(CLOCK_MONOTONIC) + link->linger_ms;
    batch->count = 0;
    cf_buf_clear(&batch->body);
    return batch;
}

/* The next batch to send, and when; INT64_MAX when there is none. */
static struct batch *next_batch(struct cf_link *link, int64_t *ret_not_before_ms)
{
    struct batch *batch = oldest(link, BATCH_READY);
    if (batch == NULL)
        batch = oldest(link, BATCH_FILLING);
    *ret_not_before_ms = batch == NULL ? INT64_MAX : batch->not_before_ms;
    return batch;
}

static void set_state(struct batch *batch, enum batch_state state)
{
    pthread_mutex_lock(&batch->link->lock);
    batch->state = state;
    pthread_mutex_unlock(&batch->link->lock);
}

/* Answers every call of a batch with one status, outside the lock, and frees the batch. */
static void give_up(struct batch *batch, enum cf_status status)
{
    set_state(batch, BATCH_LANDING);
    for (uint32_t i = 0; i < batch->count; i++)
        batch->calls[i].answer(batch->calls[i].context, status, NULL);
    set_state(batch, BATCH_FREE);
}

/* -- Flying --------------------------------------------------------------------------------- */

static int64_t latest_deadline_ms(const struct batch *batch)
{
    int64_t latest = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->calls[i].deadline_ms > latest)
            latest = batch->calls[i].deadline_ms;
    }
    return latest;
}

static void land(struct batch *batch)
{
    struct cf_link *link = batch->link;
    pthread_mutex_lock(&link->lock);
    batch->state = BATCH_FREE;
    link->flights--;
    pthread_cond_signal(&link->work);
    pthread_mutex_unlock(&link->lock);
}

/* Sends the batch again, or tells its senders that nobody knows. */
static void fly_again(struct batch *batch)
{
    struct cf_link *link = batch->link;
    pthread_mutex_lock(&link->lock);
    int64_t again_ms = clock_ms(CLOCK_MONOTONIC) + RESEND_PAUSE_MS;
    bool closing = link->closing;
    bool late = again_ms >= latest_deadline_ms(batch);
    if (!closing && !late) {
        batch->state = BATCH_READY;
        batch->not_before_ms = again_ms;
    }
    link->flights--;
    pthread_cond_signal(&link->work);
    pthread_mutex_unlock(&link->lock);
    if (closing || late)
        give_up(batch, closing ? CF_CLOSED : CF_TIMEOUT);
}

/* The whole reply is read before anybody is answered, so that a damaged one answers nobody. */
static enum cf_status check_replies(struct cf_bytes bytes, uint32_t count)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_LENIENT);
    struct cf_reply reply;
    CF_TRY(cf_link_read_reply_head(&cursor, count, NULL));
    for (uint32_t i = 0; i < count; i++)
        CF_TRY(cf_link_read_reply(&cursor, &reply, NULL));
    return cf_wire_finish(&cursor, NULL);
}

static void on_reply(void *context, enum cf_status status, struct cf_bytes bytes)
{
    struct batch *batch = context;
    if (status != CF_OK || check_replies(bytes, batch->count) != CF_OK) {
        fly_again(batch);
        return;
    }
    set_state(batch, BATCH_LANDING);
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_LENIENT);
    struct cf_reply reply;
    enum cf_status read = cf_link_read_reply_head(&cursor, batch->count, NULL);
    for (uint32_t i = 0; read == CF_OK && i < batch->count; i++) {
        read = cf_link_read_reply(&cursor, &reply, NULL);
        if (read == CF_OK)
            batch->calls[i].answer(batch->calls[i].context, CF_OK, &reply);
    }
    CF_ASSERT(read == CF_OK);
    land(batch);
}

/* Head and body as one message. */
static enum cf_status compose(struct cf_link *link, const struct batch *batch)
{
    cf_buf_clear(&link->message);
    struct cf_wire_writer writer = cf_wire_writer_to(&link->message);
    cf_link_write_request_head(&writer, batch->count);
    cf_wire_write_raw(&writer, cf_buf_bytes(&batch->body));
    return cf_wire_writer_finish(&writer);
}

static void *run(void *context)
{
    struct cf_link *link = context;
    pthread_mutex_lock(&link->lock);
    while (!link->closing) {
        int64_t not_before_ms;
        int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
        struct batch *batch = next_batch(link, &not_before_ms);
        if (batch == NULL ||
            link->flights >= (batch->state == BATCH_READY ? FULL_FLIGHTS_MAX : FLIGHTS_MAX)) {
            pthread_cond_wait(&link->work, &link->lock);
            continue;
        }
        if (not_before_ms > now_ms) {
            struct timespec until = at_ms(not_before_ms);
            pthread_cond_timedwait(&link->work, &link->lock, &until);
            continue;
        }
        batch->state = BATCH_FLYING;
        link->flights++;
        pthread_mutex_unlock(&link->lock);
        int64_t left_ms = latest_deadline_ms(batch) - now_ms;
        enum cf_status status = compose(link, batch);
        if (status == CF_OK)
            status = cf_bus_client_start(link->bus, cf_buf_bytes(&link->message),
                                         left_ms > 1 ? (int)left_ms : 1, on_reply, batch);
        if (status != CF_OK)
            fly_again(batch);
        pthread_mutex_lock(&link->lock);
    }
    pthread_mutex_unlock(&link->lock);
    return NULL;
}

/* -- Senders -------------------------------------------------------------------------------- */

enum cf_status cf_link_start(struct cf_link *link, const struct cf_link_command *command,
                             int timeout_ms, cf_link_answer_fn *answer, void *context,
                             struct cf_fault *reterr_fault)
{
    /* Encoded outside the lock; nearly every command is small. */
    uint8_t small[4096];
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf large = {0};
    int64_t deadline_us = (clock_ms(CLOCK_REALTIME) + timeout_ms) * 1000;
    struct cf_wire_writer writer = cf_wire_writer_fixed(small, sizeof small);
    CF_TRY(cf_link_write_entry(&writer, command, deadline_us, reterr_fault));
    struct cf_bytes entry = cf_bytes_from(small, writer.size);
    if (cf_wire_writer_finish(&writer) == CF_NO_SPACE) {
        cf_buf_init(&large, CF_LINK_COMMAND_SIZE_MAX);
        writer = cf_wire_writer_to(&large);
        CF_TRY(cf_link_write_entry(&writer, command, deadline_us, reterr_fault));
        if (cf_wire_writer_finish(&writer) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_SPACE, "a command is too large to send");
        entry = cf_buf_bytes(&large);
    }

    pthread_mutex_lock(&link->lock);
    struct batch *batch = link->closing ? NULL : batch_for(link, entry.size);
    enum cf_status status = link->closing ? CF_CLOSED : batch == NULL ? CF_RETRY : CF_OK;
    if (status == CF_OK)
        status = cf_buf_append(&batch->body, entry);
    if (status == CF_OK) {
        batch->calls[batch->count++] =
            (struct call){.deadline_ms = clock_ms(CLOCK_MONOTONIC) + timeout_ms,
                          .answer = answer,
                          .context = context};
        if (batch->count == 1)
            pthread_cond_signal(&link->work);
    }
    pthread_mutex_unlock(&link->lock);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the link takes no command now");
    return CF_OK;
}

void cf_link_linger(struct cf_link *link, int linger_ms)
{
    CF_ASSERT(linger_ms >= 0);
    pthread_mutex_lock(&link->lock);
    link->linger_ms = linger_ms;
    pthread_mutex_unlock(&link->lock);
}

void cf_link_hurry(struct cf_link *link)
{
    pthread_mutex_lock(&link->lock);
    struct batch *filling = oldest(link, BATCH_FILLING);
    if (filling != NULL && filling->not_before_ms != 0) {
        filling->not_before_ms = 0;
        pthread_cond_signal(&link->work);
    }
    pthread_mutex_unlock(&link->lock);
}

/* Tells a blocked sender. */
struct sender {
    struct cf_link *link;
    struct waiter waiter;
};

static void wake(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct sender *sender = context;
    pthread_mutex_lock(&sender->link->lock);
    sender->waiter.status = status;
    if (reply != NULL)
        sender->waiter.reply = *reply;
    sender->waiter.is_done = true;
    pthread_cond_signal(&sender->waiter.done);
    pthread_mutex_unlock(&sender->link->lock);
}

static void pause_ms(int64_t pause)
{
    struct timespec left = at_ms(pause);
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static void ignore(void *context, enum cf_status status, const struct cf_reply *reply)
{
    (void)context;
    (void)status;
    (void)reply;
}

/* Under the lock: nobody will call this sender any more, unless its batch is landing already. */
static bool detach(struct sender *sender)
{
    for (size_t i = 0; i < BATCHES_MAX; i++) {
        struct batch *batch = &sender->link->batches[i];
        if (batch->state == BATCH_FREE || batch->state == BATCH_LANDING)
            continue;
        for (uint32_t j = 0; j < batch->count; j++) {
            if (batch->calls[j].context == sender) {
                batch->calls[j].answer = ignore;
                batch->calls[j].context = NULL;
                return true;
            }
        }
    }
    return false;
}

/* One try: starts the command and waits for its answer. */
static enum cf_status send_once(struct sender *sender, const struct cf_link_command *command,
                                int timeout_ms, struct cf_fault *reterr_fault)
{
    struct cf_link *link = sender->link;
    struct timespec until = at_ms(clock_ms(CLOCK_MONOTONIC) + timeout_ms);
    sender->waiter.is_done = false;
    CF_TRY(cf_link_start(link, command, timeout_ms, wake, sender, reterr_fault));
    pthread_mutex_lock(&link->lock);
    bool waiting = true;
    while (waiting && !sender->waiter.is_done)
        waiting = pthread_cond_timedwait(&sender->waiter.done, &link->lock, &until) != ETIMEDOUT;
    bool detached = !sender->waiter.is_done && detach(sender);
    while (!detached && !sender->waiter.is_done)
        pthread_cond_wait(&sender->waiter.done, &link->lock);
    enum cf_status status = detached ? CF_TIMEOUT : sender->waiter.status;
    pthread_mutex_unlock(&link->lock);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the writer did not answer");
    return CF_OK;
}

enum cf_status cf_link_send(struct cf_link *link, const struct cf_link_command *command,
                            int timeout_ms, struct cf_reply *ret_reply,
                            struct cf_fault *reterr_fault)
{
    struct sender sender = {.link = link};
    cond_init(&sender.waiter.done);
    int64_t deadline_ms = clock_ms(CLOCK_MONOTONIC) + timeout_ms;
    enum cf_status status;
    for (;;) {
        int64_t left_ms = deadline_ms - clock_ms(CLOCK_MONOTONIC);
        status = send_once(&sender, command, left_ms > 1 ? (int)left_ms : 1, reterr_fault);
        bool busy = status == CF_OK && sender.waiter.reply.kind == CF_REPLY_BUSY;
        if (status != CF_RETRY && !busy)
            break;
        int64_t pause = busy ? sender.waiter.reply.retry_after_ms : RESEND_PAUSE_MS;
        if (clock_ms(CLOCK_MONOTONIC) + pause >= deadline_ms)
            break;
        pause_ms(pause);
    }
    if (status == CF_OK)
        *ret_reply = sender.waiter.reply;
    pthread_cond_destroy(&sender.waiter.done);
    return status;
}

enum cf_status cf_link_timers(struct cf_link *link, int timeout_ms,
                              struct cf_link_timer *ret_timers, size_t count_max, size_t *ret_count,
                              int64_t *ret_now_us, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf answer;
    uint8_t question[16];
    struct cf_wire_writer writer = cf_wire_writer_fixed(question, sizeof question);
    if (count_max > CF_LINK_TIMERS_MAX)
        count_max = CF_LINK_TIMERS_MAX;
    cf_link_write_timers_question(&writer, (uint32_t)count_max);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    cf_buf_init(&answer, CF_BUS_MESSAGE_SIZE_MAX);
    CF_TRY(cf_bus_client_call(link->bus, cf_bytes_from(question, writer.size), timeout_ms, &answer,
                              reterr_fault));
    return cf_link_read_timers(cf_buf_bytes(&answer), ret_now_us, ret_timers, count_max, ret_count,
                               reterr_fault);
}

/* One message beside the commands, whose reply is one command's. DENIED unless it is accepted. */
static enum cf_status ask(struct cf_link *link, struct cf_bytes message, int timeout_ms,
                          struct cf_reply *ret_reply, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf answer;
    cf_buf_init(&answer, CF_BUS_MESSAGE_SIZE_MAX);
    CF_TRY(cf_bus_client_call(link->bus, message, timeout_ms, &answer, reterr_fault));
    struct cf_wire_cursor cursor = cf_wire_cursor_over(cf_buf_bytes(&answer), CF_WIRE_LENIENT);
    CF_TRY(cf_link_read_reply_head(&cursor, 1, reterr_fault));
    CF_TRY(cf_link_read_reply(&cursor, ret_reply, reterr_fault));
    if (ret_reply->kind != CF_REPLY_ACCEPTED)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the writer does not do that", "%s",
                   ret_reply->kind == CF_REPLY_FAILED ? ret_reply->text : "it is busy");
    return CF_OK;
}

enum cf_status cf_link_cosigned(struct cf_link *link, struct cf_bytes note, int timeout_ms,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf message;
    struct cf_reply reply;
    cf_buf_init(&message, CF_LINK_NOTE_SIZE_MAX + HEAD_SIZE_MAX);
    struct cf_wire_writer writer = cf_wire_writer_to(&message);
    cf_link_write_cosigned(&writer, note);
    if (cf_wire_writer_finish(&writer) != CF_OK)
        CF_FAIL(reterr_fault, CF_RANGE, "the checkpoint is too long");
    return ask(link, cf_buf_bytes(&message), timeout_ms, &reply, reterr_fault);
}

enum cf_status cf_link_rotate(struct cf_link *link, int timeout_ms, uint64_t *ret_sequence,
                              struct cf_fault *reterr_fault)
{
    uint8_t message[16];
    struct cf_reply reply;
    struct cf_wire_writer writer = cf_wire_writer_fixed(message, sizeof message);
    cf_link_write_rotate(&writer);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    CF_TRY(ask(link, cf_bytes_from(message, writer.size), timeout_ms, &reply, reterr_fault));
    *ret_sequence = reply.first_sequence;
    return CF_OK;
}

/* -- Opening and closing -------------------------------------------------------------------- */

enum cf_status cf_link_open(const char *writer_url, struct cf_link **ret_link,
                            struct cf_fault *reterr_fault)
{
    struct cf_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a link");
    enum cf_status status = cf_bus_client_open(writer_url, &link->bus, reterr_fault);
    if (status != CF_OK) {
        free(link);
        return status;
    }
    pthread_mutex_init(&link->lock, NULL);
    cond_init(&link->work);
    cf_buf_init(&link->message, BODY_SIZE_MAX + CF_LINK_COMMAND_SIZE_MAX + HEAD_SIZE_MAX);
    for (size_t i = 0; i < BATCHES_MAX; i++) {
        link->batches[i].link = link;
        cf_buf_init(&link->batches[i].body, BODY_SIZE_MAX + CF_LINK_COMMAND_SIZE_MAX);
    }
    if (pthread_create(&link->thread, NULL, run, link) != 0) {
        link->closing = true;
        link->thread = 0;
        cf_link_close(link);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no thread for a link");
    }
    *ret_link = link;
    return CF_OK;
}

void cf_link_close(struct cf_link *link)
{
    if (link == NULL)
        return;
    bool running = !link->closing;
    pthread_mutex_lock(&link->lock);
    link->closing = true;
    pthread_cond_signal(&link->work);
    pthread_mutex_unlock(&link->lock);
    if (running)
        pthread_join(link->thread, NULL);
    cf_bus_client_close(link->bus); /* answers what flies */
    for (size_t i = 0; i < BATCHES_MAX; i++) {
        struct batch *batch = &link->batches[i];
        CF_ASSERT(batch->state != BATCH_FLYING);
        if (batch->state != BATCH_FREE)
            give_up(batch, CF_CLOSED);
        cf_buf_clean_up(&batch->body);
    }
    cf_buf_clean_up(&link->message);
    pthread_cond_destroy(&link->work);
    pthread_mutex_destroy(&link->lock);
    free(link);
}
