/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's follower: applies the log to the vault, tells who was forgotten, sweeps what expired. */
#include "eventstore/keeper_private.h"

#include "core/base/assert.h"
#include "eventstore/keeper_serve.h"

#include <time.h>

#define POLL_MS 100 /* how often it looks at the log's head */
#define SWEEP_US (60 * CF_SECOND_US)

/* The vault's position is stored with each record that concerns it, and after so many that do not. */
#define UNSTORED_MAX 65536

struct applying {
    struct cf_keeper *keeper;
    struct cf_fault *fault;
    bool begun; /* the transaction: only once a record needs it, since reading may take long */
};

static enum cf_status note_forgotten(struct cf_keeper *keeper, const struct cf_record *record,
                                     struct cf_fault *reterr_fault)
{
    struct cf_event event;
    CF_TRY(cf_record_event(record, &event, reterr_fault));
    struct cf_id subject = event.subject_erased.subject_id, forgotten = subject, campaign = {{0}};
    enum cf_status status;
    do {
        if (cf_buf_append(&keeper->forgotten, cf_id_bytes(&forgotten)) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for who is forgotten");
        status = cf_vault_campaign_next(keeper->vault, subject, campaign, &campaign, reterr_fault);
        forgotten = campaign;
    } while (status == CF_OK);
    return status == CF_NOT_FOUND ? CF_OK : status;
}

static enum cf_status apply(struct applying *applying, const struct cf_record *record)
{
    struct cf_keeper *keeper = applying->keeper;
    if (!applying->begun)
        CF_TRY(cf_vault_begin(keeper->vault, applying->fault));
    applying->begun = true;
    struct cf_fault fault = {0};
    enum cf_status status = cf_vault_apply(keeper->vault, record, &fault);
    if (status == CF_CORRUPT || status == CF_CONFLICT) {
        cf_fault_detail(&fault, "record %llu", (unsigned long long)record->sequence);
        cf_keeper__report(keeper, &fault);
        return CF_OK;
    }
    if (status != CF_OK && applying->fault != NULL)
        *applying->fault = fault;
    if (status == CF_OK && record->event_number == CF_EVENT_SUBJECT_ERASED)
        status = note_forgotten(keeper, record, applying->fault);
    return status;
}

static enum cf_status look_at(void *context, struct cf_bytes bytes)
{
    struct applying *applying = context;
    struct cf_record record;
    CF_TRY(cf_record_decode(bytes, &record, applying->fault));
    if (record.sequence != applying->keeper->position + 1)
        CF_FAIL(applying->fault, CF_CORRUPT, "the log hands out another record than the next");
    if (cf_vault_concerns(record.event_number))
        CF_TRY(apply(applying, &record));
    applying->keeper->position = record.sequence;
    return CF_OK;
}

/* One step: some records more; what concerns the vault in one transaction. */
static enum cf_status follow_some(struct cf_keeper *keeper, struct cf_fault *reterr_fault)
{
    uint64_t before = keeper->position;
    struct applying applying = {.keeper = keeper, .fault = reterr_fault};
    enum cf_status status =
        keeper->log.read(keeper->log.context, before + 1, look_at, &applying, reterr_fault);
    if (status == CF_OK && keeper->position == before)
        status = cf_fault_set(reterr_fault, CF_CORRUPT, __FILE__, __LINE__,
                              "the log has no record before its end");
    if (applying.begun && status == CF_OK)
        status = cf_vault_position_set(keeper->vault, keeper->position, reterr_fault);
    if (applying.begun && status != CF_OK)
        cf_vault_abort(keeper->vault);
    else if (applying.begun)
        status = cf_vault_commit(keeper->vault, reterr_fault);
    if (status != CF_OK)
        keeper->position = before;
    else if (applying.begun)
        keeper->stored = keeper->position;
    return status;
}

enum cf_status cf_keeper__follow_end(struct cf_keeper *keeper, struct cf_fault *reterr_fault)
{
    if (keeper->stored == keeper->position)
        return CF_OK;
    CF_TRY(cf_vault_begin(keeper->vault, reterr_fault));
    enum cf_status status = cf_vault_position_set(keeper->vault, keeper->position, reterr_fault);
    if (status != CF_OK) {
        cf_vault_abort(keeper->vault);
        return status;
    }
    CF_TRY(cf_vault_commit(keeper->vault, reterr_fault));
    keeper->stored = keeper->position;
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
static enum cf_status follow(struct cf_keeper *keeper, struct cf_fault *reterr_fault)
{
    uint64_t head;
    CF_TRY(keeper->log.head(keeper->log.context, &head, reterr_fault));
    if (head < keeper->position)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the log ends before what the vault has seen of it",
                   "log %llu, vault %llu", (unsigned long long)head,
                   (unsigned long long)keeper->position);
    while (keeper->position < head && !cf_keeper__is_stopping(keeper))
        CF_TRY(follow_some(keeper, reterr_fault));
    if (keeper->position - keeper->stored >= UNSTORED_MAX)
        CF_TRY(cf_keeper__follow_end(keeper, reterr_fault));
    if (keeper->forgotten.size > 0)
        CF_TRY(cf_vault_compact(keeper->vault, reterr_fault));
    tell(keeper);
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

    struct cf_buf reply;
    cf_buf_init(&reply, 64);
    enum cf_status status = follow(keeper, fault);
    for (size_t i = 0; i < count; i++) {
        if (status == CF_OK && cf_keeper__reply_position(keeper->position, &reply) == CF_OK)
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
    CF_TRY(cf_vault_begin(keeper->vault, reterr_fault));
    enum cf_status status = cf_vault_position(keeper->vault, &keeper->position, reterr_fault);
    cf_vault_abort(keeper->vault);
    CF_TRY(status);
    keeper->stored = keeper->position;
    for (;;) {
        status = follow(keeper, reterr_fault);
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
