/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/gateway_private.h"

#include "core/base/assert.h"

#include <stdio.h>
#include <time.h>

#define PAGE 256
#define SWEEP_US INT64_C(500000)
#define TICK_US INT64_C(250000)
#define CLOCK_FRESH_US INT64_C(200000)
#define WATCH_MS 1000
#define WRITER_TIMEOUT_MS 1000
/* Little beside the provider's own time, and long enough that the outcomes of a run share their commits. What comes
 * alone does not wait. */
#define LINGER_MS 5

/* Time. */

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t cf_gateway__monotonic_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* Asks for the ledger's clock, unless it was asked just now. A writer that does not answer is not asked again for
 * each job. */
static void read_clock(struct cf_gateway *gateway)
{
    struct cf_link_timer timer;
    size_t count;
    int64_t now_us;
    if (gateway->ledger_asked_us != 0 &&
        cf_gateway__monotonic_us() - gateway->ledger_asked_us <= CLOCK_FRESH_US)
        return;
    if (cf_link_timers(gateway->link, WRITER_TIMEOUT_MS, &timer, 1, &count, &now_us, NULL) ==
        CF_OK) {
        gateway->ledger_offset_us = now_us - clock_us(CLOCK_REALTIME);
        gateway->ledger_now_us = now_us;
        gateway->clock_known = true;
    }
    gateway->ledger_asked_us = cf_gateway__monotonic_us();
}

int64_t cf_gateway__now_us(struct cf_gateway *gateway)
{
    read_clock(gateway);
    CF_ASSERT(gateway->clock_known);
    return gateway->options.in_order ? gateway->ledger_now_us
                                     : clock_us(CLOCK_REALTIME) + gateway->ledger_offset_us;
}

/* The table of jobs. */

static size_t bucket_of(uint64_t sequence)
{
    return sequence % CF_GATEWAY_BUCKETS;
}

struct cf_job *cf_gateway__find(struct cf_gateway *gateway, enum cf_request kind,
                                struct cf_id subject)
{
    for (size_t i = 0; i < CF_GATEWAY_BUCKETS; i++) {
        for (struct cf_job *job = gateway->table[i]; job != NULL; job = job->bucket_next) {
            if (job->kind == kind && cf_id_equal(job->subject, subject))
                return job;
        }
    }
    return NULL;
}

static bool is_known(const struct cf_gateway *gateway, const struct cf_range_request *request)
{
    const struct cf_job *job = gateway->table[bucket_of(request->sequence)];
    for (; job != NULL; job = job->bucket_next) {
        if (job->sequence == request->sequence && (uint32_t)job->kind == request->kind &&
            cf_id_equal(job->subject, request->subject))
            return true;
    }
    return false;
}

static void count_jobs(struct cf_gateway *gateway, bool more)
{
    pthread_mutex_lock(&gateway->mutex);
    gateway->job_count += more ? 1 : (size_t)-1;
    pthread_mutex_unlock(&gateway->mutex);
}

static void job_destroy(struct cf_job *job)
{
    cf_buf_clean_up(&job->record);
    free(job->answer);
    free(job);
}

void cf_gateway__forget(struct cf_job *job)
{
    struct cf_gateway *gateway = job->gateway;
    struct cf_job **link = &gateway->table[bucket_of(job->sequence)];
    while (*link != job)
        link = &(*link)->bucket_next;
    *link = job->bucket_next;
    count_jobs(gateway, false);
    gateway->letter_count -= job->kind == CF_REQUEST_MAIL;
    if (job->step != CF_JOB_QUEUED)
        gateway->in_progress--;
    job_destroy(job);
}

/* A new job for an open request; false when memory is out: the next sweep brings it again. */
static bool take(struct cf_gateway *gateway, const struct cf_range_request *request)
{
    struct cf_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return false;
    job->gateway = gateway;
    job->sequence = request->sequence;
    job->kind = (enum cf_request)request->kind;
    job->subject = request->subject;
    cf_buf_init(&job->record, CF_RECORD_SIZE_MAX);
    struct cf_job **bucket = &gateway->table[bucket_of(job->sequence)];
    job->bucket_next = *bucket;
    *bucket = job;
    *gateway->queue_end = job;
    gateway->queue_end = &job->next;
    count_jobs(gateway, true);
    gateway->letter_count += job->kind == CF_REQUEST_MAIL;
    gateway->ledger_asked_us = 0; /* a simulated clock may have jumped to open it */
    return true;
}

static bool is_wanted(const struct cf_gateway *gateway, const struct cf_range_request *request)
{
    return request->kind != CF_REQUEST_MAIL ||
           (gateway->options.mailer != NULL && gateway->letter_count < CF_GATEWAY_LETTERS_MAX);
}

/* Open requests behind `after` become jobs. True when one page held them all. */
static bool list_open(struct cf_gateway *gateway, uint64_t after)
{
    struct cf_range_request requests[PAGE];
    size_t count = 0, pages = 0;
    do {
        if (gateway->job_count >= CF_GATEWAY_JOBS_MAX ||
            cf_range_requests(gateway->range, after, requests, PAGE, &count, NULL) != CF_OK)
            return false;
        for (size_t i = 0; i < count; i++) {
            if (is_wanted(gateway, &requests[i]) && !is_known(gateway, &requests[i]) &&
                !take(gateway, &requests[i]))
                return false;
            after = requests[i].sequence;
        }
        if (after > gateway->newest)
            gateway->newest = after;
        pages++;
    } while (count == PAGE);
    return pages == 1;
}

/* Sees what is new at once. What was opened again keeps its old sequence: few are always listed whole, many
 * now and then. */
static void sweep(struct cf_gateway *gateway, uint64_t head)
{
    int64_t now_us = cf_gateway__monotonic_us();
    bool due = now_us - gateway->swept_us >= SWEEP_US;
    if (due || (head != gateway->head_seen && gateway->open_are_few)) {
        gateway->swept_us = now_us;
        gateway->open_are_few = list_open(gateway, 0);
    } else if (head != gateway->head_seen) {
        list_open(gateway, gateway->newest);
    }
}

static void start_queued(struct cf_gateway *gateway)
{
    bool going = true;
    while (going && gateway->queue != NULL &&
           gateway->in_progress < gateway->options.in_progress_max) {
        struct cf_job *job = gateway->queue;
        gateway->queue = job->next;
        if (gateway->queue == NULL)
            gateway->queue_end = &gateway->queue;
        job->next = NULL;
        gateway->in_progress++;
        job->step = CF_JOB_ASK;
        going = cf_job_begin(job);
    }
}

/* Whether a timer is due, or nobody says; reads the clock along the way. */
static bool timer_is_due(struct cf_gateway *gateway)
{
    struct cf_link_timer timer;
    size_t count;
    return cf_link_timers(gateway->link, WRITER_TIMEOUT_MS, &timer, 1, &count,
                          &gateway->ledger_now_us, NULL) != CF_OK ||
           (count > 0 && timer.due_us <= gateway->ledger_now_us);
}

/* In order: the oldest request begins when the one before is over and no timer will open an older one. */
static void start_oldest(struct cf_gateway *gateway)
{
    struct cf_range_request requests[PAGE];
    size_t count = PAGE;
    if (gateway->job_count > 0 || timer_is_due(gateway))
        return;
    for (uint64_t after = 0; count == PAGE && gateway->queue == NULL;) {
        if (cf_range_requests(gateway->range, after, requests, PAGE, &count, NULL) != CF_OK)
            return;
        for (size_t i = 0; i < count && gateway->queue == NULL; i++) {
            if (is_wanted(gateway, &requests[i]) && !take(gateway, &requests[i]))
                return;
            after = requests[i].sequence;
        }
    }
    start_queued(gateway);
}

static void handle_inbox(struct cf_job *job)
{
    while (job != NULL) {
        struct cf_job *next = job->next;
        job->next = NULL;
        if (job->from_port)
            cf_job_on_result(job);
        else
            cf_job_on_reply(job);
        job = next;
    }
}

static void send_again(struct cf_gateway *gateway)
{
    struct cf_job *job = gateway->again;
    gateway->again = NULL;
    while (job != NULL) {
        struct cf_job *next = job->next;
        job->next = NULL;
        cf_job_resend(job);
        job = next;
    }
}

/* Waits for news or a tick; hands over the inbox. False when stopping. */
static bool wait_for_news(struct cf_gateway *gateway, struct cf_job **ret_inbox, uint64_t *ret_head)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TICK_US * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&gateway->mutex);
    if (gateway->inbox == NULL && gateway->head == gateway->head_seen && !gateway->stopping)
        pthread_cond_timedwait(&gateway->changed, &gateway->mutex, &until);
    *ret_inbox = gateway->inbox;
    *ret_head = gateway->head;
    gateway->inbox = NULL;
    gateway->inbox_end = &gateway->inbox;
    bool going = !gateway->stopping;
    pthread_mutex_unlock(&gateway->mutex);
    return going;
}

/* While no provider is being asked, no further outcome can come to share a commit. */
static void send_what_lingers(struct cf_gateway *gateway)
{
    pthread_mutex_lock(&gateway->mutex);
    bool alone = gateway->asked == 0 && gateway->inbox == NULL;
    pthread_mutex_unlock(&gateway->mutex);
    if (alone)
        cf_link_hurry(gateway->link);
}

static void *watch(void *context)
{
    struct cf_gateway *gateway = context;
    uint64_t head = 0;
    for (;;) {
        enum cf_status status = cf_range_client_wait(gateway->watcher, head, WATCH_MS, &head, NULL);
        pthread_mutex_lock(&gateway->mutex);
        bool stopping = gateway->stopping;
        if (status == CF_OK)
            gateway->head = head;
        pthread_cond_signal(&gateway->changed);
        pthread_mutex_unlock(&gateway->mutex);
        if (stopping || status == CF_CLOSED)
            return NULL;
    }
}

enum cf_status cf_gateway_run(struct cf_gateway *gateway, struct cf_fault *reterr_fault)
{
    if (pthread_create(&gateway->watch_thread, NULL, watch, gateway) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot start a thread");
    gateway->watching = true;
    if (gateway->status != NULL) {
        if (pthread_create(&gateway->inquiry_thread, NULL, cf_gateway__answer_inquiries, gateway) !=
            0)
            CF_FAIL(reterr_fault, CF_IO, "cannot start a thread");
        gateway->inquiring = true;
    }
    struct cf_job *inbox;
    uint64_t head;
    int64_t ticked_us = 0;
    while (wait_for_news(gateway, &inbox, &head)) {
        handle_inbox(inbox);
        int64_t now_us = cf_gateway__monotonic_us();
        if (now_us - ticked_us >= TICK_US) {
            ticked_us = now_us;
            send_again(gateway);
            if (!gateway->clock_known)
                read_clock(gateway);
            else
                cf_gateway__poll(gateway);
        }
        if (!gateway->options.in_order)
            sweep(gateway, head);
        gateway->head_seen = head;
        if (!gateway->clock_known)
            continue;
        if (gateway->options.in_order)
            start_oldest(gateway);
        else
            start_queued(gateway);
        send_what_lingers(gateway);
    }
    if (gateway->inquiring) {
        cf_bus_server_stop(gateway->status);
        pthread_join(gateway->inquiry_thread, NULL);
    }
    return CF_OK;
}

void cf_gateway_stop(struct cf_gateway *gateway)
{
    pthread_mutex_lock(&gateway->mutex);
    gateway->stopping = true;
    pthread_cond_broadcast(&gateway->changed);
    pthread_mutex_unlock(&gateway->mutex);
    cf_range_client_interrupt(gateway->watcher);
}

/* Opening and closing. */

static char *copied(const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);
    CF_ASSERT(text == NULL || copy != NULL);
    return copy;
}

enum cf_status cf_gateway_open(const struct cf_gateway_options *options,
                               struct cf_gateway **ret_gateway, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_gateway_close) struct cf_gateway *gateway = calloc(1, sizeof *gateway);
    if (gateway == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "a gateway");
    gateway->options = *options;
    if (options->in_progress_max == 0)
        gateway->options.in_progress_max = 256;
    gateway->options.public_url = gateway->public_url = copied(options->public_url);
    gateway->inbox_end = &gateway->inbox;
    gateway->queue_end = &gateway->queue;
    cf_buf_init(&gateway->poll.body, (size_t)4 << 20);
    pthread_mutex_init(&gateway->mutex, NULL);
    pthread_cond_init(&gateway->changed, NULL);
    CF_TRY(cf_link_open(options->writer_url, &gateway->link, reterr_fault));
    if (!options->in_order)
        cf_link_linger(gateway->link, LINGER_MS);
    CF_TRY(cf_range_client_open(options->range_url, NULL, &gateway->range, reterr_fault));
    cf_range_client_timeout(gateway->range, WRITER_TIMEOUT_MS);
    CF_TRY(cf_range_client_open(options->range_url, options->head_url, &gateway->watcher,
                                reterr_fault));
    if (options->status_url != NULL)
        CF_TRY(cf_bus_server_open(options->status_url, 8, &gateway->status, reterr_fault));
    *ret_gateway = CF_TAKE(gateway);
    return CF_OK;
}

void cf_gateway_close(struct cf_gateway *gateway)
{
    if (gateway == NULL)
        return;
    if (gateway->watching) {
        cf_gateway_stop(gateway);
        pthread_join(gateway->watch_thread, NULL);
    }
    cf_link_close(gateway->link); /* its callbacks have come */
    pthread_mutex_lock(&gateway->mutex);
    while (gateway->under_way > 0)
        pthread_cond_wait(&gateway->changed, &gateway->mutex);
    pthread_mutex_unlock(&gateway->mutex);
    for (size_t i = 0; i < CF_GATEWAY_BUCKETS; i++) {
        while (gateway->table[i] != NULL) {
            struct cf_job *job = gateway->table[i];
            gateway->table[i] = job->bucket_next;
            job_destroy(job);
        }
    }
    cf_range_records_clean_up(&gateway->chunk);
    cf_buf_clean_up(&gateway->poll.body);
    cf_bus_server_close(gateway->status);
    cf_range_client_close(gateway->range);
    cf_range_client_close(gateway->watcher);
    pthread_cond_destroy(&gateway->changed);
    pthread_mutex_destroy(&gateway->mutex);
    free(gateway->public_url);
    free(gateway);
}

enum cf_status cf_gateway_describe(struct cf_gateway *gateway, struct cf_buf *buf)
{
    pthread_mutex_lock(&gateway->mutex);
    enum cf_status status = cf_buf_append_format(
        buf,
        "{\"jobs\":%zu,\"under_way\":%zu,\"performed\":%llu,\"deferred\":%llu,\"parked\":%llu,"
        "\"quarantined\":%llu,\"missed_notices\":%llu,\"provider\":",
        gateway->job_count, gateway->under_way, (unsigned long long)gateway->performed,
        (unsigned long long)gateway->deferred, (unsigned long long)gateway->parked,
        (unsigned long long)gateway->quarantined, (unsigned long long)gateway->missed);
    pthread_mutex_unlock(&gateway->mutex);
    CF_TRY(status);
    CF_TRY(gateway->options.port->ops->describe(gateway->options.port, buf));
    return cf_buf_append_byte(buf, '}');
}
