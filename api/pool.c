/* SPDX-License-Identifier: Apache-2.0 */
#include "api/pool.h"

#include "core/base/assert.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct worker {
    struct cf_pool *pool;
    pthread_t thread;
    size_t seat;
};

struct cf_pool {
    pthread_mutex_t mutex;
    pthread_cond_t waiting;
    cf_pool_work_fn *run;
    void **queue; /* a ring */
    size_t queue_max;
    size_t first;
    size_t count;
    bool closing;
    size_t worker_count; /* that were started */
    struct worker workers[];
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct cf_pool *pool = worker->pool;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->count == 0 && !pool->closing)
            pthread_cond_wait(&pool->waiting, &pool->mutex);
        if (pool->count == 0)
            break;
        void *item = pool->queue[pool->first];
        pool->first = (pool->first + 1) % pool->queue_max;
        pool->count--;
        pthread_mutex_unlock(&pool->mutex);
        pool->run(item, worker->seat);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

enum cf_status cf_pool_open(size_t worker_count, size_t queue_max, cf_pool_work_fn *run,
                            struct cf_pool **ret_pool)
{
    CF_ASSERT(worker_count > 0 && queue_max > 0);
    struct cf_pool *pool = calloc(1, sizeof *pool + worker_count * sizeof pool->workers[0]);
    if (pool == NULL)
        return CF_NO_MEMORY;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->waiting, NULL);
    pool->run = run;
    pool->queue_max = queue_max;
    pool->queue = calloc(queue_max, sizeof *pool->queue);
    if (pool->queue == NULL) {
        cf_pool_close(pool);
        return CF_NO_MEMORY;
    }
    for (size_t i = 0; i < worker_count; i++) {
        struct worker *worker = &pool->workers[i];
        *worker = (struct worker){.pool = pool, .seat = i};
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            cf_pool_close(pool);
            return CF_IO;
        }
        pool->worker_count++;
    }
    *ret_pool = pool;
    return CF_OK;
}

enum cf_status cf_pool_submit(struct cf_pool *pool, void *item)
{
    enum cf_status status = CF_RETRY;
    pthread_mutex_lock(&pool->mutex);
    if (!pool->closing && pool->count < pool->queue_max) {
        pool->queue[(pool->first + pool->count) % pool->queue_max] = item;
        pool->count++;
        status = CF_OK;
        pthread_cond_signal(&pool->waiting);
    }
    pthread_mutex_unlock(&pool->mutex);
    return status;
}

void cf_pool_close(struct cf_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->waiting);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->worker_count; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->waiting);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->queue);
    free(pool);
}
