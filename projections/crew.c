/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/crew.h"

#include "core/base/assert.h"

#include <pthread.h>
#include <stdlib.h>

/* One runner, and a batch that it is given. */
struct member {
    struct cf_runner *runner;
    const struct cf_model **models;
    size_t models_count;
    const struct cf_source_records *records;
    enum cf_status status;
    struct cf_fault fault;
};

struct cf_crew {
    struct member members[CF_CREW_SIZE];
    cf_runner_changed_fn *changed;
    void *changed_user;
    pthread_mutex_t telling; /* held while `changed` is called */
};

static void tell(void *user, const struct cf_model *model, const struct cf_table *table,
                 const void *row)
{
    struct cf_crew *crew = user;
    pthread_mutex_lock(&crew->telling);
    crew->changed(crew->changed_user, model, table, row);
    pthread_mutex_unlock(&crew->telling);
}

static enum cf_status choose_models(struct cf_crew *crew, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < CF_CREW_SIZE; i++) {
        crew->members[i].models = calloc(cf_model_count(), sizeof *crew->members[i].models);
        if (crew->members[i].models == NULL)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the crew");
    }
    for (size_t i = 0; i < cf_model_count(); i++) {
        const struct cf_model *model = cf_model_at(i);
        struct member *member = &crew->members[model->is_heavy ? 1 : 0];
        member->models[member->models_count++] = model;
    }
    return CF_OK;
}

enum cf_status cf_crew_new(const struct cf_crew_options *options, struct cf_crew **ret_crew,
                           struct cf_fault *reterr_fault)
{
    struct cf_crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the crew");
    crew->changed = options->changed;
    crew->changed_user = options->changed_user;
    pthread_mutex_init(&crew->telling, NULL);
    enum cf_status status = choose_models(crew, reterr_fault);
    for (size_t i = 0; i < CF_CREW_SIZE && status == CF_OK; i++) {
        struct member *member = &crew->members[i];
        const struct cf_runner_options running = {.pg = options->pgs[i],
                                                  .models = member->models,
                                                  .models_count = member->models_count,
                                                  .services = options->services,
                                                  .rows_max = options->rows_max,
                                                  .changed = options->changed == NULL ? NULL : tell,
                                                  .changed_user = crew};
        status = cf_runner_new(&running, &member->runner, reterr_fault);
    }
    if (status != CF_OK) {
        cf_crew_destroy(crew);
        return status;
    }
    *ret_crew = crew;
    return CF_OK;
}

void cf_crew_destroy(struct cf_crew *crew)
{
    if (crew == NULL)
        return;
    for (size_t i = 0; i < CF_CREW_SIZE; i++) {
        cf_runner_destroy(crew->members[i].runner);
        free(crew->members[i].models);
    }
    pthread_mutex_destroy(&crew->telling);
    free(crew);
}

enum cf_status cf_crew_take_over(struct cf_crew *crew, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < CF_CREW_SIZE; i++)
        CF_TRY(cf_runner_take_over(crew->members[i].runner, reterr_fault));
    return CF_OK;
}

enum cf_status cf_crew_retry_parked(struct cf_crew *crew, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < CF_CREW_SIZE; i++)
        CF_TRY(cf_runner_retry_parked(crew->members[i].runner, reterr_fault));
    return CF_OK;
}

uint64_t cf_crew_next(const struct cf_crew *crew)
{
    uint64_t next = 0;
    for (size_t i = 0; i < CF_CREW_SIZE; i++) {
        uint64_t its = cf_runner_next(crew->members[i].runner);
        if (its != 0 && (next == 0 || its < next))
            next = its;
    }
    return next;
}

static void *work(void *user)
{
    struct member *member = user;
    member->fault = (struct cf_fault){0};
    member->status = cf_runner_apply(member->runner, member->records, &member->fault);
    return NULL;
}

/* The first works in the caller's thread, each other one in its own for as long as the batch takes; where there
 * is no thread to be had, one after the other. */
enum cf_status cf_crew_apply(struct cf_crew *crew, const struct cf_source_records *records,
                             struct cf_fault *reterr_fault)
{
    pthread_t threads[CF_CREW_SIZE];
    bool is_beside[CF_CREW_SIZE] = {false};
    for (size_t i = 0; i < CF_CREW_SIZE; i++)
        crew->members[i].records = records;
    for (size_t i = 1; i < CF_CREW_SIZE; i++)
        is_beside[i] = pthread_create(&threads[i], NULL, work, &crew->members[i]) == 0;
    for (size_t i = 0; i < CF_CREW_SIZE; i++) {
        if (!is_beside[i])
            work(&crew->members[i]);
    }
    for (size_t i = 1; i < CF_CREW_SIZE; i++) {
        if (is_beside[i])
            pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < CF_CREW_SIZE; i++) {
        if (crew->members[i].status == CF_OK)
            continue;
        if (reterr_fault != NULL)
            *reterr_fault = crew->members[i].fault;
        return crew->members[i].status;
    }
    return CF_OK;
}

size_t cf_crew_count(const struct cf_crew *crew)
{
    size_t count = 0;
    for (size_t i = 0; i < CF_CREW_SIZE; i++)
        count += cf_runner_count(crew->members[i].runner);
    return count;
}

struct cf_reader_status cf_crew_status(const struct cf_crew *crew, size_t index)
{
    CF_ASSERT(index < cf_crew_count(crew));
    const struct member *member = crew->members;
    for (; index >= cf_runner_count(member->runner); member++)
        index -= cf_runner_count(member->runner);
    return cf_runner_status(member->runner, index);
}
