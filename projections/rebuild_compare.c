/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two models side by side: a snapshot of the live one, and the rebuilt one at the same sequence.
 */
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/rebuild_private.h"
#include "projections/table_reader.h"

enum { ROWS_PER_TELLING = 20000 };

static int64_t number_of(const struct cf_column *column, const void *row)
{
    int64_t number = 0;
    if (row != NULL)
        memcpy(&number, (const uint8_t *)row + column->offset, sizeof number);
    return number;
}

static void add_money(struct cf_rebuild_result *result, const struct cf_table *table,
                      const struct cf_column *column, const struct cf_word *currency, int64_t minor)
{
    for (size_t i = 0; i < result->money_count; i++) {
        struct cf_money_off *off = &result->money[i];
        if (off->column == column && strcmp(off->currency.text, currency->text) == 0) {
            /* Wrapped sums of damaged rows are still a difference. */
            off->minor = (int64_t)((uint64_t)off->minor + (uint64_t)minor);
            return;
        }
    }
    if (result->money_count < CF_MONEY_OFF_MAX)
        result->money[result->money_count++] = (struct cf_money_off){
            .table = table, .column = column, .currency = *currency, .minor = minor};
}

static void note_money(struct cf_rebuild_result *result, const struct cf_difference *difference)
{
    const struct cf_table *table = difference->table;
    const struct cf_column *currency = cf_table_column(table, "currency");
    if (currency == NULL)
        return;
    const void *either = difference->rebuilt != NULL ? difference->rebuilt : difference->live;
    const struct cf_word *word =
        (const struct cf_word *)((const uint8_t *)either + currency->offset);
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct cf_column *column = &table->columns[i];
        if (column->type != CF_COLUMN_money)
            continue;
        uint64_t live = (uint64_t)number_of(column, difference->live);
        uint64_t rebuilt = (uint64_t)number_of(column, difference->rebuilt);
        if (live != rebuilt)
            add_money(result, table, column, word, (int64_t)(live - rebuilt));
    }
}

static void note(struct cf_rebuilding *rebuilding, const struct cf_difference *difference)
{
    struct cf_rebuild_result *result = rebuilding->result;
    switch (difference->kind) {
    case CF_DIFFERENCE_CHANGED:
        result->rows_changed++;
        break;
    case CF_DIFFERENCE_EXTRA:
        result->rows_extra++;
        break;
    case CF_DIFFERENCE_MISSING:
        result->rows_missing++;
        break;
    }
    note_money(result, difference);
    if (rebuilding->options->difference != NULL)
        rebuilding->options->difference(rebuilding->options->context, difference);
}

/* The next row of one side, or none. */
static enum cf_status advance(struct cf_table_reader *reader, bool *ret_has_row,
                              struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_table_reader_next(reader, reterr_fault);
    *ret_has_row = status == CF_OK;
    return status == CF_NOT_FOUND ? CF_OK : status;
}

static enum cf_status compare_rows(struct cf_rebuilding *rebuilding, const struct cf_model *model,
                                   const struct cf_table *table, struct cf_table_reader *live,
                                   struct cf_table_reader *rebuilt, struct cf_fault *reterr_fault)
{
    bool has_live, has_rebuilt;
    CF_TRY(advance(live, &has_live, reterr_fault));
    CF_TRY(advance(rebuilt, &has_rebuilt, reterr_fault));
    while (has_live || has_rebuilt) {
        int order = !has_live      ? 1
                    : !has_rebuilt ? -1
                                   : cf_table_compare_keys(table, live->row, rebuilt->row);
        struct cf_difference difference = {.model = model,
                                           .table = table,
                                           .kind = order < 0   ? CF_DIFFERENCE_EXTRA
                                                   : order > 0 ? CF_DIFFERENCE_MISSING
                                                               : CF_DIFFERENCE_CHANGED,
                                           .live = order <= 0 ? live->row : NULL,
                                           .rebuilt = order >= 0 ? rebuilt->row : NULL};
        if (order != 0 || !cf_row_equal(table, live->row, rebuilt->row))
            note(rebuilding, &difference);
        if (order <= 0)
            CF_TRY(advance(live, &has_live, reterr_fault));
        if (order >= 0)
            CF_TRY(advance(rebuilt, &has_rebuilt, reterr_fault));
        if (++rebuilding->result->rows_compared % ROWS_PER_TELLING == 0 &&
            rebuilding->options->progress != NULL)
            rebuilding->options->progress(rebuilding->options->context, CF_REBUILD_COMPARE,
                                          (uint64_t)rebuilding->result->rows_compared, 0);
    }
    return CF_OK;
}

static enum cf_status compare_table(struct cf_rebuilding *rebuilding, struct cf_pg *snapshot,
                                    const struct cf_model *model, const struct cf_table *table,
                                    struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_table_reader_close) struct cf_table_reader live = {0}, rebuilt = {0};
    CF_TRY(cf_table_reader_open(&live, snapshot, table, reterr_fault));
    CF_TRY(cf_table_reader_open(&rebuilt, rebuilding->pg, table, reterr_fault));
    return compare_rows(rebuilding, model, table, &live, &rebuilt, reterr_fault);
}

static enum cf_status compare_in(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                 struct cf_pg *snapshot, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_schema_use(snapshot, CF_SCHEMA_LIVE, reterr_fault));
    CF_TRY(cf_pg_script(snapshot, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", reterr_fault));
    struct cf_position live;
    CF_TRY(cf_position_get(snapshot, rebuilt->model->name, &live, reterr_fault));
    CF_TRY(cf_rebuild__catch_up(rebuilding, rebuilt, live.sequence, reterr_fault));
    for (size_t i = 0; i < rebuilt->model->tables_count; i++)
        CF_TRY(compare_table(rebuilding, snapshot, rebuilt->model, rebuilt->model->tables[i],
                             reterr_fault));
    return CF_OK;
}

enum cf_status cf_rebuild__compare(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                   struct cf_fault *reterr_fault)
{
    struct cf_pg *snapshot = NULL;
    CF_TRY(cf_pg_open(rebuilding->options->dsn, &snapshot, reterr_fault));
    enum cf_status status = compare_in(rebuilding, rebuilt, snapshot, reterr_fault);
    cf_pg_close(snapshot);
    return status;
}
