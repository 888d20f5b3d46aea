/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/parallel.h"

#include "core/base/scope.h"
#include "eventstore/bus.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* Enough that the keeper's and the writer's commits are shared by many: twice as quick with 96 as with 32. */
#define THREADS 96
#define LOOK_EVERY_NS 100000000

struct work {
    size_t count;
    cf_import_one_fn *one;
    void *context;
    atomic_size_t next;
    atomic_size_t done;
    atomic_bool over; /* somebody failed, or stopped it */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t running;        /* threads; under mutex, as the fault */
    struct cf_fault fault; /* the first failure */
};

bool cf_import_stop_asked(const struct cf_import_stop *stop)
{
    return stop->asked != NULL && stop->asked(stop->context);
}

enum cf_status cf_import_stopped(struct cf_fault *reterr_fault)
{
    CF_FAIL(reterr_fault, CF_CLOSED, "interrupted; the same command goes on from here");
}

static void fail(struct work *work, const struct cf_fault *fault)
{
    pthread_mutex_lock(&work->mutex);
    if (!atomic_exchange(&work->over, true))
        work->fault = *fault;
    pthread_mutex_unlock(&work->mutex);
}

static void *run(void *context)
{
    struct work *work = context;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf scratch;
    cf_buf_init(&scratch, CF_BUS_MESSAGE_SIZE_MAX);
    for (size_t i;
         !atomic_load(&work->over) && (i = atomic_fetch_add(&work->next, 1)) < work->count;) {
        struct cf_fault fault = {0};
        cf_buf_clear(&scratch);
        if (work->one(work->context, i, &scratch, &fault) != CF_OK)
            fail(work, &fault);
        atomic_fetch_add(&work->done, 1);
    }
    pthread_mutex_lock(&work->mutex);
    work->running--;
    pthread_cond_signal(&work->changed);
    pthread_mutex_unlock(&work->mutex);
    return NULL;
}

/* Until all threads have ended. */
static void watch(struct work *work, const struct cf_import_stop *stop,
                  struct cf_progress *progress)
{
    struct cf_fault stopped = {0};
    int64_t before = progress->done;
    pthread_mutex_lock(&work->mutex);
    while (work->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_EVERY_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&work->changed, &work->mutex, &until);
        pthread_mutex_unlock(&work->mutex);
        cf_progress_set(progress, before + (int64_t)atomic_load(&work->done));
        if (cf_import_stop_asked(stop) && cf_import_stopped(&stopped) != CF_OK)
            fail(work, &stopped);
        pthread_mutex_lock(&work->mutex);
    }
    pthread_mutex_unlock(&work->mutex);
}

enum cf_status cf_import_each(size_t count, cf_import_one_fn *one, void *context,
                              const struct cf_import_stop *stop, struct cf_progress *progress,
                              struct cf_fault *reterr_fault)
{
    struct work work = {.count = count, .one = one, .context = context};
    pthread_t threads[THREADS];
    size_t started = 0;
    pthread_mutex_init(&work.mutex, NULL);
    pthread_cond_init(&work.changed, NULL);
    work.running = THREADS;
    while (started < THREADS && pthread_create(&threads[started], NULL, run, &work) == 0)
        started++;
    pthread_mutex_lock(&work.mutex);
    work.running -= THREADS - started;
    pthread_mutex_unlock(&work.mutex);
    watch(&work, stop, progress);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&work.changed);
    pthread_mutex_destroy(&work.mutex);
    if (started == 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "cannot start a thread");
    if (atomic_load(&work.over) && reterr_fault != NULL)
        *reterr_fault = work.fault;
    return atomic_load(&work.over) ? work.fault.status : CF_OK;
}
