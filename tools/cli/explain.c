/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/explain.h"

#include "core/base/scope.h"
#include "core/time.h"
#include "projections/source_range.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"
#include "tools/cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct explaining {
    const struct cf_table *table;
    struct cf_progress progress;
    int64_t events;
};

static void print_column(const struct cf_table *table, const struct cf_column *column,
                         const void *before, const void *after)
{
    /* A table of one column prints that column alone. */
    struct cf_table one = *table;
    one.columns = column;
    one.columns_count = 1;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, 1 << 17);
    if (before != NULL && cf_row_equal(&one, before, after))
        return;
    if (cf_row_print(&one, after, &text) != CF_OK || cf_buf_terminate(&text) != CF_OK)
        return;
    if (text.size == 0 && before == NULL)
        return;
    if (text.size == 0)
        printf("    %s is empty again\n", column->name);
    else
        printf("    %s\n", (const char *)text.data);
}

static void explained(void *context, const struct cf_explained *event)
{
    struct explaining *explaining = context;
    cf_progress_hide(&explaining->progress);
    char time[CF_TIME_TEXT_SIZE];
    cf_time_print(event->time_us, time);
    printf("%" PRId64 "  %s  %s\n", event->sequence, time, event->event);
    explaining->events++;
    if (event->after == NULL) {
        printf("    the row is gone\n");
        return;
    }
    for (size_t i = 0; i < explaining->table->columns_count; i++) {
        const struct cf_column *column = &explaining->table->columns[i];
        if (!column->is_key && strcmp(column->name, "sequence") != 0)
            print_column(explaining->table, column, event->before, event->after);
    }
}

static void advance(void *context, uint64_t done, uint64_t total)
{
    struct explaining *explaining = context;
    explaining->progress.total = (int64_t)total;
    cf_progress_set(&explaining->progress, (int64_t)done);
}

static enum cf_status run(const char *data, const struct cf_model *model,
                          const struct cf_table *table, const void *key, int64_t *ret_events,
                          struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    struct cf_source_range *range = NULL;
    CF_TRY(cf_source_range_open(cf_data_dir_socket(&dir, "range").text,
                                cf_data_dir_socket(&dir, "head").text, &range, reterr_fault));
    struct explaining explaining = {.table = table};
    cf_progress_begin(&explaining.progress, "reading", 0);
    const struct cf_explain_options options = {.source = cf_source_range_source(range),
                                               .model = model,
                                               .table = table,
                                               .key = key,
                                               .explained = explained,
                                               .progress = advance,
                                               .context = &explaining};
    enum cf_status status = cf_explain(&options, reterr_fault);
    cf_progress_end(&explaining.progress);
    cf_source_range_close(range);
    *ret_events = explaining.events;
    return status;
}

static int unknown_table(const char *name)
{
    char names[1024] = "";
    size_t size = 0;
    for (size_t i = 0; i < cf_model_count(); i++) {
        const struct cf_model *model = cf_model_at(i);
        for (size_t t = 0; t < model->tables_count && size < sizeof names; t++)
            if (!model->tables[t]->is_appended)
                size += (size_t)snprintf(names + size, sizeof names - size, " %s",
                                         model->tables[t]->name);
    }
    return cf_cli_usage("explain", "no read model keeps a table %s; there are%s", name, names);
}

int cf_cli_explain(int argc, char **argv)
{
    const char *data = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory of a running writer"),
    };
    const struct cf_usage usage = {"explain TABLE KEY", options, sizeof options / sizeof options[0],
                                   2, 2};
    const char *arguments[2] = {NULL, NULL};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, arguments, &stop))
        return stop;
    const struct cf_model *model = NULL;
    const struct cf_table *table = cf_explain_table(arguments[0], &model);
    if (table == NULL)
        return unknown_table(arguments[0]);
    struct cf_fault fault = {0};
    CF_CLEANUP(cf_scope_free) void *key = calloc(1, table->row_size);
    if (key == NULL || cf_explain_key(table, arguments[1], key, &fault) != CF_OK)
        return cf_cli_fail("explain", &fault);
    int64_t events = 0;
    if (run(data, model, table, key, &events, &fault) != CF_OK)
        return cf_cli_fail("explain", &fault);
    if (events == 0)
        printf("no event made a row %s of %s\n", arguments[1], table->name);
    return events == 0 ? CF_EXIT_NO : CF_EXIT_GOOD;
}
