/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/rebuild.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/event/record.h"
#include "projections/migrate.h"
#include "projections/rebuild_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    READ_SIZE = 768 << 10,
    READ_WAIT_MS = 5000,
    CATCH_UP_SIZE = 256 << 10,
    APPENDED_ROWS = 32768, /* that wait before they are copied */
    READ_FAILURES_MAX = 10,
};

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

static void tell(const struct cf_rebuilding *rebuilding, enum cf_rebuild_stage stage, uint64_t done,
                 uint64_t total)
{
    if (rebuilding->options->progress != NULL)
        rebuilding->options->progress(rebuilding->options->context, stage, done, total);
}

/* -- Folding -------------------------------------------------------------------------------- */

static enum cf_status fold_decoded(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                   const struct cf_record *record, const struct cf_event *event,
                                   struct cf_fault *reterr_fault)
{
    rebuilt->position.sequence = (int64_t)record->sequence;
    rebuilt->position.time_us = record->time_us;
    if (event == NULL || rebuilt->model->handlers[event->type] == NULL)
        return CF_OK;
    struct cf_fold fold = {
        .store = rebuilt->store,
        .services = rebuilding->options->services,
        .sequence = (int64_t)record->sequence,
        .time_us = record->time_us,
        .stream = record->stream_id,
        .actor = record->actor_id,
        .idempotency_key = record->idempotency_key,
        .reterr_fault = reterr_fault,
    };
    enum cf_status status = cf_model_apply(rebuilt->model, &fold, event);
    if (status != CF_OK && reterr_fault != NULL && reterr_fault->detail[0] == '\0')
        cf_fault_detail(reterr_fault, "%s at record %" PRIu64, rebuilt->model->name,
                        record->sequence);
    return status;
}

/* The record, and its event if any of the models reads it. */
static enum cf_status decode(const struct cf_rebuilt *models, size_t models_count,
                             struct cf_bytes bytes, struct cf_record *record,
                             struct cf_event *event, bool *ret_is_read,
                             struct cf_fault *reterr_fault)
{
    CF_TRY(cf_record_decode(bytes, record, reterr_fault));
    *ret_is_read = false;
    for (size_t i = 0; i < models_count && record->event_number < CF_EVENT_NUMBER_LIMIT; i++)
        *ret_is_read |= models[i].model->handlers[record->event_number] != NULL;
    if (!*ret_is_read)
        return CF_OK;
    return cf_record_event(record, event, reterr_fault);
}

enum cf_status cf_rebuild__fold(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                struct cf_bytes bytes, struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_event event;
    bool is_read;
    CF_TRY(decode(rebuilt, 1, bytes, &record, &event, &is_read, reterr_fault));
    return fold_decoded(rebuilding, rebuilt, &record, is_read ? &event : NULL, reterr_fault);
}

static enum cf_status fold_for_all(struct cf_rebuilding *rebuilding, struct cf_bytes bytes,
                                   struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_event event;
    bool is_read;
    CF_TRY(decode(rebuilding->models, rebuilding->models_count, bytes, &record, &event, &is_read,
                  reterr_fault));
    for (size_t i = 0; i < rebuilding->models_count; i++)
        CF_TRY(fold_decoded(rebuilding, &rebuilding->models[i], &record, is_read ? &event : NULL,
                            reterr_fault));
    return CF_OK;
}

/* Reads with patience: the writer may be starting again. */
static enum cf_status read_records(struct cf_rebuilding *rebuilding, uint64_t first,
                                   size_t size_max, struct cf_source_records *ret_records,
                                   struct cf_fault *reterr_fault)
{
    const struct cf_source *source = &rebuilding->options->source;
    enum cf_status status = CF_RETRY;
    for (int tries = 0; tries < READ_FAILURES_MAX && status != CF_OK; tries++)
        status =
            source->read(source->context, first, size_max, READ_WAIT_MS, ret_records, reterr_fault);
    CF_TRY(status);
    if (ret_records->count == 0)
        CF_FAIL_ON(reterr_fault, CF_TIMEOUT, "the log has no such record", "%" PRIu64, first);
    return CF_OK;
}

/* Folds everything up to `last` into fresh stores; appended rows go out on the way. */
static enum cf_status fold_all(struct cf_rebuilding *rebuilding, struct cf_copier *copier,
                               uint64_t last, struct cf_fault *reterr_fault)
{
    for (uint64_t next = 1; next <= last;) {
        struct cf_source_records records;
        CF_TRY(read_records(rebuilding, next, READ_SIZE, &records, reterr_fault));
        for (size_t i = 0; i < records.count && next <= last; i++, next++)
            CF_TRY(fold_for_all(rebuilding, records.records[i], reterr_fault));
        for (size_t i = 0; i < rebuilding->models_count; i++)
            CF_TRY(cf_store_copy_appended(rebuilding->models[i].store, copier, APPENDED_ROWS,
                                          reterr_fault));
        tell(rebuilding, CF_REBUILD_FOLD, next - 1, last);
    }
    rebuilding->result->records = (int64_t)last;
    return CF_OK;
}

static enum cf_status copy_rest(struct cf_rebuilding *rebuilding, struct cf_copier *copier,
                                struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < rebuilding->models_count; i++) {
        struct cf_store *store = rebuilding->models[i].store;
        CF_TRY(cf_store_copy_appended(store, copier, 1, reterr_fault));
        CF_TRY(cf_store_copy_kept(store, copier, reterr_fault));
        tell(rebuilding, CF_REBUILD_COPY, i + 1, rebuilding->models_count);
    }
    return CF_OK;
}

/* Folds and copies at the same time. */
static enum cf_status fill(struct cf_rebuilding *rebuilding, uint64_t last,
                           struct cf_fault *reterr_fault)
{
    struct cf_copier *copier = NULL;
    CF_TRY(cf_copier_start(rebuilding->pg, &copier, reterr_fault));
    enum cf_status status = fold_all(rebuilding, copier, last, reterr_fault);
    if (status == CF_OK)
        status = copy_rest(rebuilding, copier, reterr_fault);
    enum cf_status finished = cf_copier_finish(copier, &rebuilding->result->rows_copied,
                                               status == CF_OK ? reterr_fault : NULL);
    return status == CF_OK ? finished : status;
}

/* -- Building ------------------------------------------------------------------------------- */

static enum cf_status make_shadow(struct cf_rebuilding *rebuilding, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < rebuilding->models_count; i++) {
        const struct cf_model *model = rebuilding->models[i].model;
        char schema[CF_SCHEMA_NAME_SIZE];
        cf_schema_name(model, CF_SCHEMA_SHADOW, schema);
        CF_TRY(cf_rebuild__drop(rebuilding->pg, model, CF_SCHEMA_SHADOW, reterr_fault));
        CF_TRY(
            cf_migrate(rebuilding->pg, model->name, schema, CF_MIGRATE_TABLES, NULL, reterr_fault));
    }
    return cf_schema_use(rebuilding->pg, CF_SCHEMA_SHADOW, reterr_fault);
}

/* Tables that are emptied in the same transaction are filled without a journal of PostgreSQL's own,
 * where it keeps one for recovery alone. */
static enum cf_status empty_tables(struct cf_rebuilding *rebuilding, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < rebuilding->models_count; i++) {
        const struct cf_model *model = rebuilding->models[i].model;
        for (size_t t = 0; t < model->tables_count; t++) {
            char script[CF_SCHEMA_NAME_SIZE + 128];
            snprintf(script, sizeof script, "TRUNCATE coffer_%s_shadow.%s", model->name,
                     model->tables[t]->name);
            CF_TRY(cf_pg_script(rebuilding->pg, script, reterr_fault));
        }
    }
    return CF_OK;
}

/* The work of one transaction: all rows. */
static enum cf_status fill_shadow(struct cf_pg *pg, void *user, struct cf_fault *reterr_fault)
{
    (void)pg;
    struct cf_rebuilding *rebuilding = user;
    /* As far as the live models are; where one is ahead of another, it catches up later. */
    int64_t last = INT64_MAX;
    for (size_t i = 0; i < rebuilding->models_count; i++) {
        struct cf_position live;
        CF_TRY(cf_position_get(rebuilding->pg, rebuilding->models[i].model->name, &live,
                               reterr_fault));
        last = live.sequence < last ? live.sequence : last;
    }
    CF_TRY(empty_tables(rebuilding, reterr_fault));
    return fill(rebuilding, (uint64_t)last, reterr_fault);
}

static enum cf_status make_indexes(struct cf_rebuilding *rebuilding, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < rebuilding->models_count; i++) {
        const struct cf_model *model = rebuilding->models[i].model;
        char schema[CF_SCHEMA_NAME_SIZE];
        cf_schema_name(model, CF_SCHEMA_SHADOW, schema);
        CF_TRY(cf_migrate(rebuilding->pg, model->name, schema, CF_MIGRATE_INDEXES, NULL,
                          reterr_fault));
        for (size_t t = 0; t < model->tables_count; t++) {
            char script[CF_SCHEMA_NAME_SIZE + 128];
            snprintf(script, sizeof script, "ANALYZE %s.%s", schema, model->tables[t]->name);
            CF_TRY(cf_pg_script(rebuilding->pg, script, reterr_fault));
        }
        tell(rebuilding, CF_REBUILD_INDEX, i + 1, rebuilding->models_count);
    }
    return CF_OK;
}

/* -- Catching up ---------------------------------------------------------------------------- */

static enum cf_status send_batch(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                 struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_pipeline_begin(rebuilding->pg, reterr_fault));
    enum cf_status status = cf_store_send(rebuilt->store, rebuilding->pg, reterr_fault);
    if (status != CF_OK) {
        enum cf_status ended = cf_pg_pipeline_end(rebuilding->pg, NULL);
        return ended == CF_CLOSED ? ended : status;
    }
    CF_TRY(cf_pg_pipeline_end(rebuilding->pg, reterr_fault));
    cf_store_sent(rebuilt->store);
    return CF_OK;
}

enum cf_status cf_rebuild__catch_up(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                    int64_t sequence, struct cf_fault *reterr_fault)
{
    while (rebuilt->position.sequence < sequence) {
        struct cf_source_records records;
        uint64_t next = (uint64_t)rebuilt->position.sequence + 1;
        CF_TRY(read_records(rebuilding, next, CATCH_UP_SIZE, &records, reterr_fault));
        for (size_t i = 0; i < records.count && rebuilt->position.sequence < sequence; i++)
            CF_TRY(cf_rebuild__fold(rebuilding, rebuilt, records.records[i], reterr_fault));
        CF_TRY(send_batch(rebuilding, rebuilt, reterr_fault));
    }
    return CF_OK;
}

/* -- All of it ------------------------------------------------------------------------------ */

static enum cf_status begin(struct cf_rebuilding *rebuilding, struct cf_fault *reterr_fault)
{
    const struct cf_rebuild_options *options = rebuilding->options;
    CF_TRY(cf_pg_open(options->dsn, &rebuilding->pg, reterr_fault));
    CF_TRY(cf_schema_make(rebuilding->pg, reterr_fault));
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_pg_run(rebuilding->pg, "rebuild_lock", NULL, &rows, reterr_fault));
    if (!cf_pg_bool(rows, 0, "locked"))
        CF_FAIL(reterr_fault, CF_CONFLICT, "another rebuild is under way");
    for (size_t i = 0; i < options->models_count; i++) {
        struct cf_rebuilt *rebuilt = &rebuilding->models[rebuilding->models_count++];
        rebuilt->model = options->models[i];
        if (cf_store_new(rebuilt->model->tables, rebuilt->model->tables_count, 0,
                         &rebuilt->store) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a model's rows");
    }
    return CF_OK;
}

static enum cf_status run(struct cf_rebuilding *rebuilding, struct cf_fault *reterr_fault)
{
    CF_TRY(begin(rebuilding, reterr_fault));
    CF_TRY(make_shadow(rebuilding, reterr_fault));
    CF_TRY(cf_pg_transaction(rebuilding->pg, "rebuild", 0, fill_shadow, rebuilding, NULL,
                             reterr_fault));
    /* From here on the rows are in PostgreSQL, and what the last records touch is loaded again. */
    for (size_t i = 0; i < rebuilding->models_count; i++) {
        cf_store_forget(rebuilding->models[i].store);
        cf_store_set_source(rebuilding->models[i].store, rebuilding->pg);
    }
    CF_TRY(make_indexes(rebuilding, reterr_fault));
    for (size_t i = 0; i < rebuilding->models_count; i++)
        CF_TRY(cf_rebuild__compare(rebuilding, &rebuilding->models[i], reterr_fault));
    for (size_t i = 0; i < rebuilding->models_count; i++) {
        if (rebuilding->options->is_diff_only)
            CF_TRY(cf_rebuild__drop(rebuilding->pg, rebuilding->models[i].model, CF_SCHEMA_SHADOW,
                                    reterr_fault));
        else
            CF_TRY(cf_rebuild__switch(rebuilding, &rebuilding->models[i], reterr_fault));
    }
    rebuilding->result->is_switched = !rebuilding->options->is_diff_only;
    return CF_OK;
}

enum cf_status cf_rebuild(const struct cf_rebuild_options *options,
                          struct cf_rebuild_result *ret_result, struct cf_fault *reterr_fault)
{
    CF_ASSERT(options->models_count > 0);
    *ret_result = (struct cf_rebuild_result){0};
    struct cf_rebuilding rebuilding = {.options = options, .result = ret_result};
    rebuilding.models = calloc(options->models_count, sizeof *rebuilding.models);
    if (rebuilding.models == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a rebuild");
    enum cf_status status = run(&rebuilding, reterr_fault);
    for (size_t i = 0; i < rebuilding.models_count; i++)
        cf_store_destroy(rebuilding.models[i].store);
    free(rebuilding.models);
    cf_pg_close(rebuilding.pg);
    return status;
}
