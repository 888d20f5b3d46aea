/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/projections/rows.h"

#include "core/event/record.h"
#include "projections/position.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <endian.h>
#include <stdlib.h>

void cf_test_open_models(const char *dsn, struct cf_pg **ret_pg)
{
    struct cf_fault fault = {0};
    enum cf_status status = cf_pg_open(dsn, ret_pg, &fault);
    if (status == CF_OK)
        status = cf_schema_make(*ret_pg, &fault);
    if (status == CF_OK)
        status = cf_schema_use(*ret_pg, CF_SCHEMA_LIVE, &fault);
    if (status != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
}

static enum cf_status read_history(void *context, uint64_t first, size_t size_max, int timeout_ms,
                                   struct cf_source_records *ret_records,
                                   struct cf_fault *reterr_fault)
{
    (void)timeout_ms;
    (void)reterr_fault;
    const struct cf_history *history = context;
    uint64_t head = cf_history_count(history);
    *ret_records = (struct cf_source_records){.head = head, .first = first};
    if (first > head)
        return CF_OK;
    ret_records->records = cf_history_records(history, first);
    for (size_t size = 0; ret_records->count < head - first + 1 && size < size_max;)
        size += ret_records->records[ret_records->count++].size;
    return CF_OK;
}

struct cf_source cf_test_history_source(struct cf_history *history)
{
    return (struct cf_source){.read = read_history, .context = history};
}

static const struct cf_model *const *all_models(void)
{
    static const struct cf_model *models[64];
    for (size_t i = 0; i < cf_model_count(); i++)
        models[i] = cf_model_at(i);
    return models;
}

struct cf_rebuild_result cf_test_rebuild(const char *dsn, struct cf_history *history,
                                         const struct cf_model *model,
                                         const struct cf_services *services)
{
    const struct cf_rebuild_options options = {.dsn = dsn,
                                               .source = cf_test_history_source(history),
                                               .services = services,
                                               .models = model == NULL ? all_models() : &model,
                                               .models_count =
                                                   model == NULL ? cf_model_count() : 1};
    struct cf_rebuild_result result;
    struct cf_fault fault = {0};
    if (cf_rebuild(&options, &result, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    assert_true(result.is_switched);
    return result;
}

void cf_test_follow(const struct cf_services *services, struct cf_test_followed *ret_followed)
{
    cf_test_follow_dsn(cf_test_pg_database(), services, ret_followed);
}

void cf_test_follow_dsn(const char *dsn, const struct cf_services *services,
                        struct cf_test_followed *ret_followed)
{
    ret_followed->dsn = dsn;
    cf_test_open_models(dsn, &ret_followed->pg);
    const struct cf_runner_options options = {.pg = ret_followed->pg,
                                              .models = all_models(),
                                              .models_count = cf_model_count(),
                                              .services = services,
                                              .rows_max = 100000};
    struct cf_fault fault = {0};
    assert_int_equal(cf_runner_new(&options, &ret_followed->runner, &fault), CF_OK);
    assert_int_equal(cf_runner_take_over(ret_followed->runner, &fault), CF_OK);
    assert_int_equal(cf_query_open(dsn, &ret_followed->query), CF_OK);
}

void cf_test_followed_clean_up(struct cf_test_followed *followed)
{
    cf_query_close(followed->query);
    cf_runner_destroy(followed->runner);
    cf_pg_close(followed->pg);
    *followed = (struct cf_test_followed){0};
}

void cf_test_followed_apply(struct cf_test_followed *followed, const struct cf_bytes *records,
                            uint64_t first, size_t count)
{
    struct cf_source_records batch = {
        .head = first + count - 1, .first = first, .count = count, .records = records};
    struct cf_fault fault = {0};
    if (cf_runner_apply(followed->runner, &batch, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
}

void cf_test_followed_erase(struct cf_test_followed *followed, struct cf_id subject,
                            uint64_t sequence)
{
    struct cf_event event = {.type = CF_EVENT_SUBJECT_ERASED};
    event.subject_erased = (struct cf_event_subject_erased){.subject_id = subject, .newest = 1};
    struct cf_record record = {.sequence = sequence,
                               .time_us = INT64_C(1800000000000000),
                               .stream_id = subject,
                               .stream_version = 9,
                               .actor_id = subject,
                               .idempotency_key = CF_BYTES_LITERAL("erase")};
    uint8_t memory[1024];
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, sizeof memory);
    cf_record_encode_event(&record, &event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    struct cf_bytes bytes = cf_bytes_from(memory, writer.size);
    cf_test_followed_apply(followed, &bytes, sequence, 1);
}

static void fold_record(const struct cf_model *model, struct cf_store *store, struct cf_bytes bytes)
{
    struct cf_record record;
    struct cf_event event;
    struct cf_fault fault = {0};
    assert_int_equal(cf_record_decode(bytes, &record, &fault), CF_OK);
    assert_int_equal(cf_record_event(&record, &event, &fault), CF_OK);
    struct cf_fold fold = {.store = store,
                           .sequence = (int64_t)record.sequence,
                           .time_us = record.time_us,
                           .stream = record.stream_id,
                           .actor = record.actor_id,
                           .idempotency_key = record.idempotency_key,
                           .reterr_fault = &fault};
    if (cf_model_apply(model, &fold, &event) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
}

/* The rows of one table, to be sorted by key. */
struct gathered {
    const struct cf_table *table;
    const void **rows;
    size_t count, capacity;
};

static void gather(void *user, const struct cf_table *table, const void *row, int64_t before)
{
    (void)table;
    (void)before;
    struct gathered *gathered = user;
    if (gathered->count == gathered->capacity) {
        gathered->capacity = gathered->capacity == 0 ? 1024 : gathered->capacity * 2;
        gathered->rows = realloc(gathered->rows, gathered->capacity * sizeof *gathered->rows);
    }
    gathered->rows[gathered->count++] = row;
}

/* Keys as PostgreSQL orders them: ids as bytes, numbers as numbers. */
static int compare_rows(const void *a, const void *b, void *user)
{
    const struct cf_table *table = user;
    const void *x = *(const void *const *)a, *y = *(const void *const *)b;
    for (size_t i = 0; i < cf_table_keys_count(table); i++) {
        const struct cf_column *column = &table->columns[i];
        const uint8_t *left = (const uint8_t *)x + column->offset;
        const uint8_t *right = (const uint8_t *)y + column->offset;
        int order = 0;
        if (column->type == CF_COLUMN_id) {
            order = memcmp(left, right, CF_ID_SIZE);
        } else {
            int64_t m, n;
            memcpy(&m, left, sizeof m);
            memcpy(&n, right, sizeof n);
            order = (m > n) - (m < n);
        }
        if (order != 0)
            return order;
    }
    return 0;
}

/* Reads the columns of one row of a binary COPY. */
static void parse_row(const struct cf_table *table, struct cf_bytes bytes, void *row)
{
    uint16_t columns_count;
    assert_true(bytes.size >= 2);
    memcpy(&columns_count, bytes.data, sizeof columns_count);
    assert_int_equal(be16toh(columns_count), table->columns_count);
    const uint8_t *next = bytes.data + 2;
    for (size_t i = 0; i < table->columns_count; i++) {
        uint32_t size;
        memcpy(&size, next, sizeof size);
        size = be32toh(size);
        next += sizeof size;
        bool is_null = size == UINT32_MAX;
        assert_int_equal(cf_column_decode(&table->columns[i], row,
                                          cf_bytes_from(next, is_null ? 0 : size), is_null),
                         CF_OK);
        next += is_null ? 0 : size;
    }
}

static void fail_row(const struct cf_table *table, const char *what, const void *ours,
                     const void *theirs)
{
    struct cf_buf a, b;
    cf_buf_init(&a, 1 << 16);
    cf_buf_init(&b, 1 << 16);
    assert_int_equal(ours == NULL ? CF_OK : cf_row_print(table, ours, &a), CF_OK);
    assert_int_equal(theirs == NULL ? CF_OK : cf_row_print(table, theirs, &b), CF_OK);
    assert_int_equal(cf_buf_terminate(&a), CF_OK);
    assert_int_equal(cf_buf_terminate(&b), CF_OK);
    fail_msg("%s: %s\n  fold: %s\n  rows: %s", table->name, what, (char *)a.data, (char *)b.data);
}

static void compare_table(struct cf_pg *pg, struct cf_store *store, const struct cf_table *table)
{
    struct gathered gathered = {.table = table};
    cf_store_visit_all(store, table, gather, &gathered);
    if (gathered.count > 0)
        qsort_r(gathered.rows, gathered.count, sizeof *gathered.rows, compare_rows,
                (void *)(uintptr_t)table);
    struct cf_fault fault = {0};
    void *row = calloc(1, table->row_size);
    if (cf_pg_copy_out_begin(pg, table->copy_out, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    size_t count = 0;
    struct cf_bytes bytes;
    bool is_first = true;
    while (cf_pg_copy_out_next(pg, &bytes, &fault) == CF_OK) {
        /* The header comes in one piece with the first row; the trailer is two bytes. */
        if (is_first && bytes.size >= 19)
            bytes = cf_bytes_from(bytes.data + 19, bytes.size - 19);
        is_first = false;
        if (bytes.size <= 2)
            continue;
        parse_row(table, bytes, row);
        if (count >= gathered.count)
            fail_row(table, "a row too many", NULL, row);
        if (!cf_row_equal(table, gathered.rows[count], row))
            fail_row(table, "another row", gathered.rows[count], row);
        count++;
    }
    if (count < gathered.count)
        fail_row(table, "a row is missing", gathered.rows[count], NULL);
    cf_row_clean_up(table, row);
    free(row);
    free(gathered.rows);
}

void cf_test_compare_with_fold(struct cf_pg *pg, const struct cf_bytes *records, size_t count)
{
    for (size_t m = 0; m < cf_model_count(); m++) {
        const struct cf_model *model = cf_model_at(m);
        struct cf_store *store = NULL;
        assert_int_equal(cf_store_new(model->tables, model->tables_count, SIZE_MAX, &store), CF_OK);
        for (size_t i = 0; i < count; i++)
            fold_record(model, store, records[i]);
        for (size_t t = 0; t < model->tables_count; t++)
            compare_table(pg, store, model->tables[t]);
        cf_store_destroy(store);
    }
}
