/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/copier.h"

#include <pthread.h>
#include <stdlib.h>

enum { WAITING_MAX = 8 };

/* Its buffer goes back to whoever gives the next rows in this place. */
struct work {
    const char *statement;
    struct cf_buf rows;
};

struct cf_copier {
    struct cf_pg *pg; /* the thread's */
    pthread_t thread;
    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    struct work waiting[WAITING_MAX]; /* a ring */
    size_t first, count;
    bool is_ending;
    int64_t rows_count;
    enum cf_status status; /* the first failure */
    struct cf_fault fault;
};

static enum cf_status copy(struct cf_pg *pg, const struct work *work, int64_t *ret_rows_count,
                           struct cf_fault *reterr_fault)
{
    static const uint8_t header[19] = "PGCOPY\n\377\r\n", trailer[2] = {0xff, 0xff};
    CF_TRY(cf_pg_copy_in_begin(pg, work->statement, reterr_fault));
    CF_TRY(cf_pg_copy_in_data(pg, cf_bytes_from(header, sizeof header), reterr_fault));
    CF_TRY(cf_pg_copy_in_data(pg, cf_buf_bytes(&work->rows), reterr_fault));
    CF_TRY(cf_pg_copy_in_data(pg, cf_bytes_from(trailer, sizeof trailer), reterr_fault));
    return cf_pg_copy_in_end(pg, ret_rows_count, reterr_fault);
}

/* After a failure what waits is thrown away: the transaction is lost. */
static void *run(void *user)
{
    struct cf_copier *copier = user;
    pthread_mutex_lock(&copier->mutex);
    while (copier->count > 0 || !copier->is_ending) {
        if (copier->count == 0) {
            pthread_cond_wait(&copier->changed, &copier->mutex);
            continue;
        }
        struct work *work = &copier->waiting[copier->first];
        bool is_lost = copier->status != CF_OK;
        pthread_mutex_unlock(&copier->mutex);
        int64_t rows_count = 0;
        struct cf_fault fault = {0};
        enum cf_status status = is_lost ? CF_OK : copy(copier->pg, work, &rows_count, &fault);
        cf_buf_clear(&work->rows);
        pthread_mutex_lock(&copier->mutex);
        copier->rows_count += rows_count;
        if (status != CF_OK) {
            copier->status = status;
            copier->fault = fault;
        }
        copier->first = (copier->first + 1) % WAITING_MAX;
        copier->count--;
        pthread_cond_broadcast(&copier->changed);
    }
    pthread_mutex_unlock(&copier->mutex);
    return NULL;
}

enum cf_status cf_copier_start(struct cf_pg *pg, struct cf_copier **ret_copier,
                               struct cf_fault *reterr_fault)
{
    struct cf_copier *copier = calloc(1, sizeof *copier);
    if (copier == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a copier");
    copier->pg = pg;
    pthread_mutex_init(&copier->mutex, NULL);
    pthread_cond_init(&copier->changed, NULL);
    if (pthread_create(&copier->thread, NULL, run, copier) != 0) {
        free(copier);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no thread for a copier");
    }
    *ret_copier = copier;
    return CF_OK;
}

enum cf_status cf_copier_give(struct cf_copier *copier, const char *statement, struct cf_buf *rows,
                              struct cf_fault *reterr_fault)
{
    pthread_mutex_lock(&copier->mutex);
    while (copier->count == WAITING_MAX)
        pthread_cond_wait(&copier->changed, &copier->mutex);
    struct work *work = &copier->waiting[(copier->first + copier->count++) % WAITING_MAX];
    struct cf_buf used = work->rows;
    *work = (struct work){.statement = statement, .rows = *rows};
    used.size_max = rows->size_max;
    *rows = used;
    enum cf_status status = copier->status;
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = copier->fault;
    pthread_cond_broadcast(&copier->changed);
    pthread_mutex_unlock(&copier->mutex);
    return status;
}

enum cf_status cf_copier_finish(struct cf_copier *copier, int64_t *ret_rows_count,
                                struct cf_fault *reterr_fault)
{
    pthread_mutex_lock(&copier->mutex);
    copier->is_ending = true;
    pthread_cond_broadcast(&copier->changed);
    pthread_mutex_unlock(&copier->mutex);
    pthread_join(copier->thread, NULL);
    enum cf_status status = copier->status;
    *ret_rows_count = copier->rows_count;
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = copier->fault;
    for (size_t i = 0; i < WAITING_MAX; i++)
        cf_buf_clean_up(&copier->waiting[i].rows);
    pthread_cond_destroy(&copier->changed);
    pthread_mutex_destroy(&copier->mutex);
    free(copier);
    return status;
}
