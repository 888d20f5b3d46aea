/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/projections_bare.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/event/record.h"
#include "projections/migrate.h"
#include "tools/bench/figure.h"

#include <stdio.h>
#include <stdlib.h>

enum { COPY_CHUNK = 1 << 20 };

#define COPY_SIZE_MAX ((size_t)6 << 30)

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

/* -- One upsert after the other ------------------------------------------------------------- */

struct upserting {
    struct cf_pg *pg;
    struct cf_pg_params params;
    enum cf_status status;
    struct cf_fault *reterr_fault;
};

static void upsert(void *user, const struct cf_table *table, const void *row, int64_t before)
{
    (void)before;
    struct upserting *upserting = user;
    if (upserting->status != CF_OK)
        return;
    cf_pg_params_clear(&upserting->params);
    for (size_t i = 0; i < table->columns_count; i++) {
        uint8_t scratch[8];
        bool is_null;
        struct cf_bytes value = cf_column_encode(&table->columns[i], row, scratch, &is_null);
        cf_pg_array_begin(&upserting->params, cf_column_pg_type(&table->columns[i]));
        if (is_null)
            cf_pg_array_null(&upserting->params);
        else
            cf_pg_array_bytes(&upserting->params, value);
        cf_pg_array_end(&upserting->params);
    }
    upserting->status =
        cf_pg_run(upserting->pg, table->store, &upserting->params, NULL, upserting->reterr_fault);
}

/* Folds one event in memory and writes each row that it changed. */
static enum cf_status write_event(const struct cf_model *model, struct cf_store *store,
                                  const struct cf_record *record, const struct cf_event *event,
                                  struct upserting *upserting)
{
    struct cf_fold fold = {.store = store,
                           .sequence = (int64_t)record->sequence,
                           .time_us = record->time_us,
                           .stream = record->stream_id,
                           .idempotency_key = record->idempotency_key,
                           .reterr_fault = upserting->reterr_fault};
    CF_TRY(cf_model_apply(model, &fold, event));
    cf_store_visit_changed(store, upsert, upserting);
    cf_store_visit_appended(store, upsert, upserting);
    cf_store_sent(store);
    return upserting->status;
}

static enum cf_status write_all(struct cf_store **stores, const struct cf_bytes *records,
                                size_t count, size_t batch, struct upserting *upserting)
{
    for (size_t i = 0; i < count; i++) {
        struct cf_record record;
        struct cf_event event;
        CF_TRY(cf_record_decode(records[i], &record, upserting->reterr_fault));
        CF_TRY(cf_record_event(&record, &event, upserting->reterr_fault));
        if (i % batch == 0)
            CF_TRY(cf_pg_script(upserting->pg, i == 0 ? "BEGIN" : "COMMIT; BEGIN",
                                upserting->reterr_fault));
        for (size_t m = 0; m < cf_model_count(); m++)
            CF_TRY(write_event(cf_model_at(m), stores[m], &record, &event, upserting));
    }
    return cf_pg_script(upserting->pg, "COMMIT", upserting->reterr_fault);
}

enum cf_status cf_bare_upserts(struct cf_pg *pg, const struct cf_bytes *records, size_t count,
                               size_t batch, double *ret_rate, struct cf_fault *reterr_fault)
{
    struct upserting upserting = {.pg = pg, .reterr_fault = reterr_fault};
    cf_pg_params_init(&upserting.params);
    CF_CLEANUP(cf_scope_free) struct cf_store **stores = calloc(cf_model_count(), sizeof *stores);
    enum cf_status status = stores == NULL ? CF_NO_MEMORY : CF_OK;
    for (size_t m = 0; m < cf_model_count() && status == CF_OK; m++)
        status = cf_store_new(cf_model_at(m)->tables, cf_model_at(m)->tables_count, SIZE_MAX,
                              &stores[m]);
    int64_t began_ns = cf_bench_now_ns();
    if (status == CF_OK)
        status = write_all(stores, records, count, batch, &upserting);
    *ret_rate = cf_bench_rate((int64_t)count, cf_bench_now_ns() - began_ns);
    for (size_t m = 0; m < cf_model_count() && stores != NULL; m++)
        cf_store_destroy(stores[m]);
    cf_pg_params_clean_up(&upserting.params);
    return status;
}

/* -- Plain COPY ----------------------------------------------------------------------------- */

/* One table's rows as COPY gives them. */
struct copied {
    const struct cf_table *table;
    struct cf_buf bytes;
};

static enum cf_status copy_out(struct cf_pg *pg, struct copied *copied,
                               struct cf_fault *reterr_fault)
{
    cf_buf_init(&copied->bytes, COPY_SIZE_MAX);
    CF_TRY(cf_pg_copy_out_begin(pg, copied->table->copy_out, reterr_fault));
    for (;;) {
        struct cf_bytes row;
        enum cf_status status = cf_pg_copy_out_next(pg, &row, reterr_fault);
        if (status == CF_NOT_FOUND)
            return CF_OK;
        CF_TRY(status);
        CF_TRY(cf_buf_append(&copied->bytes, row));
    }
}

static enum cf_status copy_in(struct cf_pg *pg, const struct copied *copied, int64_t *rows,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_copy_in_begin(pg, copied->table->copy_in, reterr_fault));
    for (size_t at = 0; at < copied->bytes.size; at += COPY_CHUNK) {
        size_t left = copied->bytes.size - at;
        CF_TRY(cf_pg_copy_in_data(
            pg, cf_bytes_from(copied->bytes.data + at, left < COPY_CHUNK ? left : COPY_CHUNK),
            reterr_fault));
    }
    int64_t count = 0;
    CF_TRY(cf_pg_copy_in_end(pg, &count, reterr_fault));
    *rows += count;
    return CF_OK;
}

static enum cf_status each_shadow(struct cf_pg *pg, enum cf_migrate_part part, bool is_dropped,
                                  struct cf_fault *reterr_fault)
{
    for (size_t m = 0; m < cf_model_count(); m++) {
        char schema[CF_SCHEMA_NAME_SIZE], script[2 * CF_SCHEMA_NAME_SIZE + 128];
        cf_schema_name(cf_model_at(m), CF_SCHEMA_SHADOW, schema);
        snprintf(
            script, sizeof script,
            "DROP SCHEMA IF EXISTS %s CASCADE; DELETE FROM coffer.migration WHERE schema = '%s'",
            schema, schema);
        if (is_dropped)
            CF_TRY(cf_pg_script(pg, script, reterr_fault));
        else
            CF_TRY(cf_migrate(pg, cf_model_at(m)->name, schema, part, NULL, reterr_fault));
    }
    return CF_OK;
}

static enum cf_status copy_all(struct cf_pg *pg, struct copied *copied, size_t count, int64_t *rows,
                               struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_script(pg, "BEGIN", reterr_fault));
    for (size_t i = 0; i < count; i++) {
        char script[128];
        snprintf(script, sizeof script, "TRUNCATE %s", copied[i].table->name);
        CF_TRY(cf_pg_script(pg, script, reterr_fault));
        CF_TRY(copy_in(pg, &copied[i], rows, reterr_fault));
    }
    CF_TRY(cf_pg_script(pg, "COMMIT", reterr_fault));
    return each_shadow(pg, CF_MIGRATE_INDEXES, false, reterr_fault);
}

static enum cf_status run_copy(struct cf_pg *pg, struct copied *copied, size_t count,
                               double *ret_rate, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_schema_use(pg, CF_SCHEMA_LIVE, reterr_fault));
    for (size_t i = 0; i < count; i++)
        CF_TRY(copy_out(pg, &copied[i], reterr_fault));
    CF_TRY(each_shadow(pg, CF_MIGRATE_ALL, true, reterr_fault));
    CF_TRY(each_shadow(pg, CF_MIGRATE_TABLES, false, reterr_fault));
    CF_TRY(cf_schema_use(pg, CF_SCHEMA_SHADOW, reterr_fault));
    int64_t rows = 0, began_ns = cf_bench_now_ns();
    CF_TRY(copy_all(pg, copied, count, &rows, reterr_fault));
    *ret_rate = cf_bench_rate(rows, cf_bench_now_ns() - began_ns);
    return each_shadow(pg, CF_MIGRATE_ALL, true, reterr_fault);
}

enum cf_status cf_bare_copy(const char *dsn, double *ret_rate, struct cf_fault *reterr_fault)
{
    struct copied copied[64] = {{0}};
    size_t count = 0;
    for (size_t m = 0; m < cf_model_count(); m++) {
        for (size_t t = 0; t < cf_model_at(m)->tables_count; t++)
            copied[count++].table = cf_model_at(m)->tables[t];
    }
    struct cf_pg *pg = NULL;
    CF_TRY(cf_pg_open(dsn, &pg, reterr_fault));
    enum cf_status status = run_copy(pg, copied, count, ret_rate, reterr_fault);
    for (size_t i = 0; i < count; i++)
        cf_buf_clean_up(&copied[i].bytes);
    cf_pg_close(pg);
    return status;
}

void cf_bare_clock_progress(void *context, enum cf_rebuild_stage stage, uint64_t done,
                            uint64_t total)
{
    struct cf_bare_clock *clock = context;
    if (stage == CF_REBUILD_INDEX && done == total)
        clock->built_at_ns = cf_bench_now_ns();
}
