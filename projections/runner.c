/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/runner.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/event/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { REASON_SIZE = 256 };

/* One model in a runner. */
struct reader {
    const struct cf_model *model;
    struct cf_store *store;
    enum cf_reader_state state;
    struct cf_position position; /* as committed */
    struct cf_position next;     /* as this batch will leave it */
    int64_t poison;              /* sequence of the event that could not be applied, 0 for none */
    char poison_event[48];
    char reason[REASON_SIZE];
};

struct cf_runner {
    struct cf_pg *pg;
    const struct cf_services *services;
    cf_runner_changed_fn *changed;
    void *changed_user;
    struct reader *readers;
    size_t readers_count;
};

enum cf_status cf_runner_new(const struct cf_runner_options *options, struct cf_runner **ret_runner,
                             struct cf_fault *reterr_fault)
{
    struct cf_runner *runner = calloc(1, sizeof *runner);
    struct reader *readers = calloc(options->models_count, sizeof *readers);
    if (runner == NULL || readers == NULL) {
        free(runner);
        free(readers);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the runner");
    }
    *runner = (struct cf_runner){.pg = options->pg,
                                 .services = options->services,
                                 .changed = options->changed,
                                 .changed_user = options->changed_user,
                                 .readers = readers,
                                 .readers_count = options->models_count};
    for (size_t i = 0; i < options->models_count; i++) {
        readers[i].model = options->models[i];
        readers[i].state = CF_READER_STANDBY;
        if (cf_store_new(readers[i].model->tables, readers[i].model->tables_count,
                         options->rows_max, &readers[i].store) != CF_OK) {
            cf_runner_destroy(runner);
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a model's rows");
        }
        cf_store_set_source(readers[i].store, options->pg);
    }
    *ret_runner = runner;
    return CF_OK;
}

void cf_runner_destroy(struct cf_runner *runner)
{
    if (runner == NULL)
        return;
    for (size_t i = 0; i < runner->readers_count; i++)
        cf_store_destroy(runner->readers[i].store);
    free(runner->readers);
    free(runner);
}

/* Where a model of which we have just got the lock stands. */
static enum cf_status begin_reading(struct cf_runner *runner, struct reader *reader,
                                    struct cf_fault *reterr_fault)
{
    CF_TRY(cf_position_get(runner->pg, reader->model->name, &reader->position, reterr_fault));
    cf_store_forget(reader->store);
    if (reader->position.version == reader->model->version) {
        /* A parked event is tried again: the program may have changed since. */
        reader->state = CF_READER_RUNNING;
        return CF_OK;
    }
    reader->state = CF_READER_OUTDATED;
    snprintf(reader->reason, sizeof reader->reason,
             "its rows are of version %" PRId64 ", the program's is %" PRId64 ": rebuild it",
             reader->position.version, reader->model->version);
    return CF_OK;
}

enum cf_status cf_runner_take_over(struct cf_runner *runner, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < runner->readers_count; i++) {
        struct reader *reader = &runner->readers[i];
        if (reader->state == CF_READER_WAITING)
            reader->state = CF_READER_RUNNING;
        if (reader->state != CF_READER_STANDBY)
            continue;
        bool locked = false;
        CF_TRY(cf_position_lock(runner->pg, reader->model->name, &locked, reterr_fault));
        if (locked)
            CF_TRY(begin_reading(runner, reader, reterr_fault));
    }
    return CF_OK;
}

uint64_t cf_runner_next(const struct cf_runner *runner)
{
    uint64_t next = 0;
    for (size_t i = 0; i < runner->readers_count; i++) {
        const struct reader *reader = &runner->readers[i];
        uint64_t its = (uint64_t)reader->position.sequence + 1;
        if (reader->state == CF_READER_RUNNING && (next == 0 || its < next))
            next = its;
    }
    return next;
}

/* -- Folding -------------------------------------------------------------------------------- */

/* A record as far as it is needed: the event is decoded only if the model reads it. */
static enum cf_status apply_record(struct cf_runner *runner, struct reader *reader,
                                   struct cf_bytes bytes, struct cf_fault *reterr_fault)
{
    struct cf_record record;
    CF_TRY(cf_record_decode(bytes, &record, reterr_fault));
    reader->next.sequence = (int64_t)record.sequence;
    reader->next.time_us = record.time_us;
    if (record.event_number >= CF_EVENT_NUMBER_LIMIT ||
        reader->model->handlers[record.event_number] == NULL)
        return CF_OK;
    struct cf_event event;
    CF_TRY(cf_record_event(&record, &event, reterr_fault));
    struct cf_fold fold = {
        .store = reader->store,
        .services = runner->services,
        .sequence = (int64_t)record.sequence,
        .time_us = record.time_us,
        .stream = record.stream_id,
        .actor = record.actor_id,
        .idempotency_key = record.idempotency_key,
        .reterr_fault = reterr_fault,
    };
    return cf_model_apply(reader->model, &fold, &event);
}

static void note_poison(struct reader *reader, int64_t sequence, struct cf_bytes bytes,
                        const struct cf_fault *fault)
{
    struct cf_record record;
    const char *name = NULL;
    if (cf_record_decode(bytes, &record, NULL) == CF_OK)
        name = cf_event_name(record.event_number);
    reader->poison = sequence;
    snprintf(reader->poison_event, sizeof reader->poison_event, "%s", name == NULL ? "?" : name);
    snprintf(reader->reason, sizeof reader->reason, "%s: %s%s%s", cf_status_name(fault->status),
             fault->text == NULL ? "" : fault->text, fault->detail[0] == '\0' ? "" : ", ",
             fault->detail);
}

/* These are troubles of ours, not of the event. */
static bool is_trouble(enum cf_status status)
{
    return status == CF_CLOSED || status == CF_RETRY || status == CF_NO_MEMORY ||
           status == CF_TIMEOUT || status == CF_IO || status == CF_NO_SPACE || status == CF_DENIED;
}

/* Which rows the records need, so that they are loaded together. Failures show when folding. */
static enum cf_status collect(struct cf_runner *runner, struct reader *reader,
                              const struct cf_source_records *records, size_t first, size_t count,
                              struct cf_fault *reterr_fault)
{
    struct cf_position kept = reader->next;
    cf_store_set_collecting(reader->store, true);
    for (size_t i = first; i < count; i++) {
        enum cf_status status = apply_record(runner, reader, records->records[i], NULL);
        cf_store_scratch_end(reader->store);
        if (status != CF_OK)
            break;
    }
    cf_store_set_collecting(reader->store, false);
    reader->next = kept;
    return cf_store_load(reader->store, reterr_fault);
}

/* The model sits this batch out; the others go on. */
static void wait_for_service(struct reader *reader, const struct cf_fault *fault)
{
    cf_store_forget(reader->store);
    reader->state = CF_READER_WAITING;
    reader->next = reader->position;
    snprintf(reader->reason, sizeof reader->reason, "%s: %s", cf_status_name(fault->status),
             fault->text == NULL ? "" : fault->text);
}

/* Folds what the model has not seen of records[0..count). Stops before a poison event. */
static enum cf_status fold(struct cf_runner *runner, struct reader *reader,
                           const struct cf_source_records *records, size_t count,
                           struct cf_fault *reterr_fault)
{
    size_t first = (size_t)reader->position.sequence + 1 - records->first;
    reader->next = reader->position;
    reader->poison = 0;
    /* Twice, since which rows are needed may depend on rows that the first round loads. */
    CF_TRY(collect(runner, reader, records, first, count, reterr_fault));
    CF_TRY(collect(runner, reader, records, first, count, reterr_fault));
    for (size_t i = first; i < count; i++) {
        struct cf_position before = reader->next;
        struct cf_fault fault = {0};
        enum cf_status status = apply_record(runner, reader, records->records[i], &fault);
        if (status == CF_OK && reader->next.sequence != (int64_t)(records->first + i))
            status = cf_fault_set(&fault, CF_CORRUPT, __FILE__, __LINE__,
                                  "a record is not at its place");
        if (status == CF_OK)
            continue;
        /* With PostgreSQL there, it is a service that the handler asked. */
        if (is_trouble(status) && status != CF_NO_MEMORY && cf_pg_is_open(runner->pg)) {
            wait_for_service(reader, &fault);
            return CF_OK;
        }
        if (is_trouble(status)) {
            if (reterr_fault != NULL)
                *reterr_fault = fault;
            return status;
        }
        note_poison(reader, (int64_t)(records->first + i), records->records[i], &fault);
        reader->next = before;
        return CF_OK;
    }
    return CF_OK;
}

/* As fold; what a poison event has half changed is undone by folding again up to it. */
static enum cf_status fold_up_to_poison(struct cf_runner *runner, struct reader *reader,
                                        const struct cf_source_records *records,
                                        struct cf_fault *reterr_fault)
{
    CF_TRY(fold(runner, reader, records, records->count, reterr_fault));
    if (reader->poison == 0 || reader->state == CF_READER_WAITING)
        return CF_OK;
    struct reader poisoned = *reader;
    cf_store_forget(reader->store);
    CF_TRY(fold(runner, reader, records, (size_t)(reader->poison - (int64_t)records->first),
                reterr_fault));
    CF_ASSERT(reader->poison == 0);
    if (reader->state == CF_READER_RUNNING)
        reader->poison = poisoned.poison;
    return CF_OK;
}

/* -- Committing ----------------------------------------------------------------------------- */

static enum cf_status send_batch(struct cf_runner *runner, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_send(runner->pg, "transaction_begin", NULL, reterr_fault));
    for (size_t i = 0; i < runner->readers_count; i++) {
        struct reader *reader = &runner->readers[i];
        if (reader->state != CF_READER_RUNNING ||
            reader->next.sequence == reader->position.sequence)
            continue;
        CF_TRY(cf_store_send(reader->store, runner->pg, reterr_fault));
        CF_TRY(cf_position_send(runner->pg, reader->model->name, &reader->position, &reader->next,
                                reterr_fault));
    }
    return cf_pg_send(runner->pg, "transaction_commit", NULL, reterr_fault);
}

static enum cf_status commit(struct cf_runner *runner, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_pipeline_begin(runner->pg, reterr_fault));
    enum cf_status status = send_batch(runner, reterr_fault);
    if (status != CF_OK) {
        /* The server ends what was sent of the transaction at the sync that ends the pipeline. */
        if (cf_pg_pipeline_end(runner->pg, NULL) == CF_CLOSED)
            return CF_CLOSED;
    } else {
        status = cf_pg_pipeline_end(runner->pg, reterr_fault);
    }
    if (status != CF_OK && cf_pg_is_open(runner->pg) &&
        cf_pg_script(runner->pg, "ROLLBACK", NULL) != CF_OK)
        return CF_CLOSED;
    return status;
}

static void forget_all(struct cf_runner *runner)
{
    for (size_t i = 0; i < runner->readers_count; i++)
        cf_store_forget(runner->readers[i].store);
}

static enum cf_status park(struct cf_runner *runner, struct reader *reader,
                           struct cf_fault *reterr_fault)
{
    reader->state = CF_READER_PARKED;
    reader->position.parked = reader->poison;
    return cf_position_park(runner->pg, reader->model->name, reader->poison, reader->poison_event,
                            reader->reason, reterr_fault);
}

/* Whose rows are being told of. */
struct change {
    struct cf_runner *runner;
    const struct cf_model *model;
};

static void tell(void *user, const struct cf_table *table, const void *row, int64_t before)
{
    (void)before;
    const struct change *change = user;
    change->runner->changed(change->runner->changed_user, change->model, table, row);
}

/* After the commit: positions move, changes are told, poisoned models stand still. */
static enum cf_status finish(struct cf_runner *runner, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < runner->readers_count; i++) {
        struct reader *reader = &runner->readers[i];
        if (reader->state != CF_READER_RUNNING)
            continue;
        bool moved = reader->next.sequence > reader->position.sequence;
        int64_t was_parked = reader->position.parked;
        reader->position = reader->next;
        if (runner->changed != NULL) {
            struct change change = {runner, reader->model};
            cf_store_visit_changed(reader->store, tell, &change);
        }
        cf_store_sent(reader->store);
        if (reader->poison != 0)
            CF_TRY(park(runner, reader, reterr_fault));
        else if (was_parked != 0 && moved) {
            CF_TRY(cf_position_unpark(runner->pg, reader->model->name, reterr_fault));
            reader->position.parked = 0;
        }
    }
    return CF_OK;
}

static enum cf_status apply(struct cf_runner *runner, const struct cf_source_records *records,
                            struct cf_fault *reterr_fault)
{
    uint64_t last = records->first + records->count - 1;
    bool is_work = false;
    for (size_t i = 0; i < runner->readers_count; i++) {
        struct reader *reader = &runner->readers[i];
        reader->next = reader->position;
        reader->poison = 0;
        if (reader->state != CF_READER_RUNNING || (uint64_t)reader->position.sequence >= last)
            continue;
        CF_ASSERT((uint64_t)reader->position.sequence + 1 >= records->first);
        CF_TRY(fold_up_to_poison(runner, reader, records, reterr_fault));
        is_work = is_work || reader->next.sequence > reader->position.sequence;
    }
    if (is_work)
        CF_TRY(commit(runner, reterr_fault));
    return finish(runner, reterr_fault);
}

enum cf_status cf_runner_apply(struct cf_runner *runner, const struct cf_source_records *records,
                               struct cf_fault *reterr_fault)
{
    if (records->count == 0)
        return CF_OK;
    enum cf_status status = apply(runner, records, reterr_fault);
    if (status != CF_OK)
        forget_all(runner);
    return status;
}

enum cf_status cf_runner_retry_parked(struct cf_runner *runner, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < runner->readers_count; i++) {
        if (runner->readers[i].state == CF_READER_PARKED)
            CF_TRY(begin_reading(runner, &runner->readers[i], reterr_fault));
    }
    return CF_OK;
}

size_t cf_runner_count(const struct cf_runner *runner)
{
    return runner->readers_count;
}

struct cf_reader_status cf_runner_status(const struct cf_runner *runner, size_t index)
{
    CF_ASSERT(index < runner->readers_count);
    const struct reader *reader = &runner->readers[index];
    return (struct cf_reader_status){
        .model = reader->model,
        .state = reader->state,
        .sequence = reader->position.sequence,
        .time_us = reader->position.time_us,
        .parked = reader->state == CF_READER_PARKED ? reader->position.parked : 0,
        .reason = reader->reason,
    };
}
