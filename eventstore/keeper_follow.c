/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's follower: applies the log to the vault, tells who was forgotten, sweeps what expired. */
#include "eventstore/keeper_private.h"

#include "core/base/assert.h"
#include "eventstore/keeper_serve.h"

#include <time.h>

#define POLL_MS 100 /* how often it looks at the log's head */
#define SWEEP_US (60 * CF_SECOND_US)

struct applying {
    struct cf_keeper *keeper;
    uint64_t position;
    struct cf_fault *fault;
    bool begun; /* the transaction: only once a record is here, since reading may take long */
};

static enum cf_status note_forgotten(struct cf_keeper *keeper, const struct cf_record *record,
                                     struct cf_fault *reterr_fault)
{
    struct cf_event event;
    CF_TRY(cf_record_event(record, &event, reterr_fault));
    enum cf_status status =
        cf_buf_append(&keeper->forgotten, cf_id_bytes(&event.subject_erased.subject_id));
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "no memory for who is forgotten");
    return CF_OK;
}

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
        cf_keeper__report(applying->keeper, &fault);
        status = CF_OK;
    } else if (status != CF_OK && applying->fault != NULL) {
        *applying->fault = fault;
    }
    if (status == CF_OK && record.event_number == CF_EVENT_SUBJECT_ERASED)
        status = note_forgotten(applying->keeper, &record, applying->fault);
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

/* Tells everybody whom to drop from their caches. Nobody listens yet at the first follow. */
static void tell(struct cf_keeper *keeper)
{
    for (size_t i = 0; keeper->teller != NULL && i < keeper->forgotten.size; i += CF_ID_SIZE) {
        struct cf_id subject;
        memcpy(subject.bytes, keeper->forgotten.data + i, CF_ID_SIZE);
        cf_keeper_teller_forget(keeper->teller, subject);
    }
    cf_buf_clear(&keeper->forgotten);
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
    while (position < head && !cf_keeper__is_stopping(keeper))
        CF_TRY(apply_some(keeper, &position, reterr_fault));
    if (moved)
        CF_TRY(cf_vault_compact(keeper->vault, reterr_fault));
    tell(keeper);
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
    struct cf_bus_request *asking[CF_KEEPER_QUEUE_MAX];
    size_t count = 0;
    pthread_mutex_lock(&keeper->lock);
    while ((asking[count] = cf_keeper__queue_pop(&keeper->following)) != NULL)
        if (++count == CF_KEEPER_QUEUE_MAX)
            break;
    pthread_mutex_unlock(&keeper->lock);

    uint64_t position = 0;
    struct cf_buf reply;
    cf_buf_init(&reply, 64);
    enum cf_status status = follow(keeper, &position, fault);
    for (size_t i = 0; i < count; i++) {
        if (status == CF_OK && cf_keeper__reply_position(position, &reply) == CF_OK)
            cf_keeper__answer(asking[i], &reply);
        else
            cf_keeper__answer_status(asking[i], status == CF_OK ? CF_NO_MEMORY : status);
    }
    cf_buf_clean_up(&reply);
    if (status == CF_OK)
        status = sweep(keeper, fault);
    return status;
}

void *cf_keeper__follower_run(void *argument)
{
    struct cf_keeper *keeper = argument;
    for (;;) {
        pthread_mutex_lock(&keeper->lock);
        wait_a_moment(keeper);
        bool end = keeper->draining && keeper->following.count == 0;
        pthread_mutex_unlock(&keeper->lock);
        if (end)
            return NULL;
        cf_keeper_teller_beat(keeper->teller);
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
enum cf_status cf_keeper__follow_first(struct cf_keeper *keeper, struct cf_fault *reterr_fault)
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
