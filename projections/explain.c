/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/explain.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/event/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { READ_SIZE = 768 << 10, READ_WAIT_MS = 5000 };

CF_SCOPE_DEFINE(struct cf_store *, cf_store_destroy)

/* A row as it was before an event: a copy of its plain columns and its texts. */
struct kept_row {
    const struct cf_table *table;
    void *row;
    bool is_there;
};

static enum cf_status keep(struct kept_row *kept, const void *row)
{
    kept->is_there = row != NULL;
    for (size_t i = 0; row != NULL && i < kept->table->columns_count; i++) {
        const struct cf_column *column = &kept->table->columns[i];
        uint8_t scratch[8];
        bool is_null;
        struct cf_bytes value = cf_column_encode(column, row, scratch, &is_null);
        CF_TRY(cf_column_decode(column, kept->row, value, is_null));
    }
    return CF_OK;
}

/* Applies one record; tells if the row is another one behind it. */
static enum cf_status step(const struct cf_explain_options *options, struct cf_store *store,
                           struct kept_row *kept, struct cf_bytes bytes,
                           struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_event event;
    CF_TRY(cf_record_decode(bytes, &record, reterr_fault));
    if (record.event_number >= CF_EVENT_NUMBER_LIMIT ||
        options->model->handlers[record.event_number] == NULL)
        return CF_OK;
    CF_TRY(cf_record_event(&record, &event, reterr_fault));
    struct cf_fold fold = {.store = store,
                           .services = options->services,
                           .sequence = (int64_t)record.sequence,
                           .time_us = record.time_us,
                           .stream = record.stream_id,
                           .actor = record.actor_id,
                           .idempotency_key = record.idempotency_key,
                           .reterr_fault = reterr_fault};
    CF_TRY(cf_model_apply(options->model, &fold, &event));

    const void *after = cf_store_peek(store, options->table, options->key);
    bool same = kept->is_there == (after != NULL) &&
                (after == NULL || cf_row_equal(options->table, kept->row, after));
    if (same)
        return CF_OK;
    const struct cf_explained explained = {.sequence = (int64_t)record.sequence,
                                           .time_us = record.time_us,
                                           .event = cf_event_name(record.event_number),
                                           .before = kept->is_there ? kept->row : NULL,
                                           .after = after};
    options->explained(options->context, &explained);
    return keep(kept, after);
}

static enum cf_status walk(const struct cf_explain_options *options, struct cf_store *store,
                           struct kept_row *kept, struct cf_fault *reterr_fault)
{
    const struct cf_source *source = &options->source;
    uint64_t head = 1;
    for (uint64_t next = 1; next <= head;) {
        struct cf_source_records records;
        CF_TRY(source->read(source->context, next, READ_SIZE, next == 1 ? READ_WAIT_MS : 0,
                            &records, reterr_fault));
        if (next == 1)
            head = records.head;
        if (records.count == 0)
            return CF_OK;
        for (size_t i = 0; i < records.count && next <= head; i++, next++)
            CF_TRY(step(options, store, kept, records.records[i], reterr_fault));
        /* What is appended is of no interest here, and would only pile up. */
        cf_store_drop_appended(store);
        if (options->progress != NULL)
            options->progress(options->context, next - 1, head);
    }
    return CF_OK;
}

enum cf_status cf_explain(const struct cf_explain_options *options, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!options->table->is_appended);
    CF_CLEANUP(cf_scope_cf_store_destroy) struct cf_store *store = NULL;
    CF_CLEANUP(cf_scope_free) void *row = calloc(1, options->table->row_size);
    if (row == NULL || cf_store_new(options->model->tables, options->model->tables_count, SIZE_MAX,
                                    &store) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the model's rows");
    struct kept_row kept = {.table = options->table, .row = row};
    enum cf_status status = walk(options, store, &kept, reterr_fault);
    cf_row_clean_up(options->table, row);
    return status;
}

const struct cf_table *cf_explain_table(const char *name, const struct cf_model **ret_model)
{
    for (size_t m = 0; m < cf_model_count(); m++) {
        const struct cf_model *model = cf_model_at(m);
        for (size_t t = 0; t < model->tables_count; t++) {
            if (!model->tables[t]->is_appended && strcmp(model->tables[t]->name, name) == 0) {
                *ret_model = model;
                return model->tables[t];
            }
        }
    }
    return NULL;
}

static enum cf_status read_part(const struct cf_column *column, struct cf_bytes text, void *row)
{
    void *value = (uint8_t *)row + column->offset;
    if (column->type == CF_COLUMN_id)
        return cf_id_parse(text, value);
    char digits[24] = "", *end = NULL;
    if (text.size == 0 || text.size >= sizeof digits)
        return CF_INVALID;
    memcpy(digits, text.data, text.size);
    errno = 0;
    int64_t number = strtoll(digits, &end, 10);
    memcpy(value, &number, sizeof number);
    return *end == '\0' && errno == 0 ? CF_OK : CF_INVALID;
}

/* The fault says what a key of this table looks like. */
static enum cf_status fail_key(const struct cf_table *table, struct cf_fault *reterr_fault)
{
    char names[128] = "";
    for (size_t i = 0, size = 0; i < cf_table_keys_count(table) && size < sizeof names; i++)
        size += (size_t)snprintf(names + size, sizeof names - size, "%s%s", i == 0 ? "" : "/",
                                 table->columns[i].name);
    CF_FAIL_ON(reterr_fault, CF_INVALID, "that is no key of this table; one is made of", "%s",
               names);
}

enum cf_status cf_explain_key(const struct cf_table *table, const char *text, void *row,
                              struct cf_fault *reterr_fault)
{
    size_t keys_count = cf_table_keys_count(table);
    for (size_t i = 0; i < keys_count; i++) {
        size_t size = strcspn(text, "/");
        bool is_last = i + 1 == keys_count;
        if (read_part(&table->columns[i], cf_bytes_from(text, size), row) != CF_OK ||
            (text[size] == '\0') != is_last)
            return fail_key(table, reterr_fault);
        text += size + !is_last;
    }
    return CF_OK;
}
