/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/rebuild.h"

#include "core/base/scope.h"
#include "projections/cluster.h"
#include "projections/services_keeper.h"
#include "projections/source_range.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"
#include "tools/cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MODELS_MAX = 32, DIFFERENCES_SHOWN = 20, ROW_TEXT_MAX = 1 << 17 };

static const char *const stage_labels[] = {
    [CF_REBUILD_FOLD] = "folding",
    [CF_REBUILD_COPY] = "copying",
    [CF_REBUILD_INDEX] = "indexing",
    [CF_REBUILD_COMPARE] = "comparing",
};

struct telling {
    struct cf_progress progress;
    bool is_drawn;
    enum cf_rebuild_stage stage;
    int64_t differences;
};

static void progress(void *context, enum cf_rebuild_stage stage, uint64_t done, uint64_t total)
{
    struct telling *telling = context;
    if (!telling->is_drawn || telling->stage != stage) {
        if (telling->is_drawn)
            cf_progress_end(&telling->progress);
        cf_progress_begin(&telling->progress, stage_labels[stage], (int64_t)total);
        telling->is_drawn = true;
        telling->stage = stage;
    }
    cf_progress_set(&telling->progress, (int64_t)done);
}

static void print_row(const char *side, const struct cf_table *table, const void *row)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, ROW_TEXT_MAX);
    if (row != NULL && cf_row_print(table, row, &text) == CF_OK && cf_buf_terminate(&text) == CF_OK)
        printf("    %s %s\n", side, (const char *)text.data);
}

static void difference(void *context, const struct cf_difference *found)
{
    static const char *const kinds[] = {
        [CF_DIFFERENCE_CHANGED] = "differs",
        [CF_DIFFERENCE_EXTRA] = "is in the live model alone",
        [CF_DIFFERENCE_MISSING] = "is missing in the live model",
    };
    struct telling *telling = context;
    if (telling->differences++ >= DIFFERENCES_SHOWN)
        return;
    if (telling->is_drawn)
        cf_progress_hide(&telling->progress);
    printf("%s: a row of %s %s\n", found->model->name, found->table->name, kinds[found->kind]);
    print_row("live:   ", found->table, found->live);
    print_row("rebuilt:", found->table, found->rebuilt);
}

static void print_result(const struct cf_rebuild_result *result)
{
    int64_t off = result->rows_changed + result->rows_extra + result->rows_missing;
    printf("%" PRId64 " records folded, %" PRId64 " rows copied, %" PRId64 " rows compared\n",
           result->records, result->rows_copied, result->rows_compared);
    if (off > DIFFERENCES_SHOWN)
        printf("… and %" PRId64 " more rows\n", off - DIFFERENCES_SHOWN);
    if (off > 0)
        printf("%" PRId64 " rows changed, %" PRId64 " too many, %" PRId64 " missing\n",
               result->rows_changed, result->rows_extra, result->rows_missing);
    for (size_t i = 0; i < result->money_count; i++)
        printf("off by %" PRId64 " %s (minor units) in %s.%s\n", result->money[i].minor,
               result->money[i].currency.text, result->money[i].table->name,
               result->money[i].column->name);
    if (off > 0)
        printf("coffer explain TABLE KEY tells the events behind a row\n");
    else
        printf("the live model equals the rebuilt one, row for row\n");
    printf(result->is_switched ? "switched; --roll-back undoes it\n" : "nothing was switched\n");
}

static enum cf_status roll_back(const char *dsn, const struct cf_model *const *models, size_t count,
                                struct cf_fault *reterr_fault)
{
    struct cf_pg *pg = NULL;
    CF_TRY(cf_pg_open(dsn, &pg, reterr_fault));
    enum cf_status status = CF_OK;
    for (size_t i = 0; i < count && status == CF_OK; i++) {
        status = cf_rebuild_roll_back(pg, models[i], reterr_fault);
        if (status == CF_OK)
            printf("%s: the former rows are back; the projector brings them forward\n",
                   models[i]->name);
    }
    cf_pg_close(pg);
    return status;
}

static enum cf_status rebuild(const char *data, struct cf_rebuild_options *options,
                              struct cf_rebuild_result *ret_result, struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    struct cf_source_range *range = NULL;
    CF_TRY(cf_source_range_open(cf_data_dir_socket(&dir, "range").text,
                                cf_data_dir_socket(&dir, "head").text, &range, reterr_fault));
    struct cf_services_keeper *keeper = NULL;
    enum cf_status status =
        cf_services_keeper_open(cf_data_dir_socket(&dir, "keeper").text, &keeper, reterr_fault);
    struct telling telling = {0};
    options->source = cf_source_range_source(range);
    options->progress = progress;
    options->difference = difference;
    options->context = &telling;
    if (status == CF_OK) {
        options->services = cf_services_keeper_services(keeper);
        status = cf_rebuild(options, ret_result, reterr_fault);
    }
    if (telling.is_drawn)
        cf_progress_end(&telling.progress);
    cf_services_keeper_close(keeper);
    cf_source_range_close(range);
    return status;
}

/* The private cluster's connection string. */
static enum cf_status private_dsn(const char *data, struct cf_buf *dsn,
                                  struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    struct cf_data_dir_path directory = cf_data_dir_path(&dir, "pg");
    const struct cf_cluster_options options = {.directory = directory.text,
                                               .run_directory = dir.run_path};
    return cf_cluster_dsn_of(&options, dsn, reterr_fault);
}

/* The models that were named, or all. */
static bool choose(const char *const *names, const struct cf_model **models, size_t *ret_count)
{
    size_t count = 0;
    for (; names[count] != NULL; count++) {
        models[count] = cf_model_find(names[count]);
        if (models[count] == NULL) {
            cf_cli_usage("rebuild", "there is no read model %s", names[count]);
            return false;
        }
    }
    for (size_t i = 0; names[0] == NULL && i < cf_model_count(); i++)
        models[count++] = cf_model_at(i);
    *ret_count = count;
    return true;
}

int cf_cli_rebuild(int argc, char **argv)
{
    const char *data = NULL, *dsn = NULL;
    bool is_diff_only = false, is_roll_back = false;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory of a running writer"),
        CF_OPTION_TEXT("pg", &dsn, "DSN", "the PostgreSQL that holds the read models"),
        CF_OPTION_FLAG("diff-only", &is_diff_only, "compare, and change nothing"),
        CF_OPTION_FLAG("roll-back", &is_roll_back, "undo the last rebuild"),
    };
    const struct cf_usage usage = {"rebuild [NAME…]", options, sizeof options / sizeof options[0],
                                   0, MODELS_MAX - 1};
    const char *names[MODELS_MAX] = {NULL};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, names, &stop))
        return stop;
    const struct cf_model *models[MODELS_MAX];
    size_t count;
    if (!choose(names, models, &count))
        return CF_EXIT_USAGE;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf own_dsn;
    cf_buf_init(&own_dsn, 4096);
    struct cf_fault fault = {0};
    if (dsn == NULL) {
        if (private_dsn(data, &own_dsn, &fault) != CF_OK)
            return cf_cli_fail("rebuild", &fault);
        dsn = (const char *)own_dsn.data;
    }
    if (is_roll_back)
        return roll_back(dsn, models, count, &fault) == CF_OK ? CF_EXIT_GOOD
                                                              : cf_cli_fail("rebuild", &fault);
    struct cf_rebuild_options rebuilding = {
        .dsn = dsn, .models = models, .models_count = count, .is_diff_only = is_diff_only};
    struct cf_rebuild_result result;
    if (rebuild(data, &rebuilding, &result, &fault) != CF_OK)
        return cf_cli_fail("rebuild", &fault);
    print_result(&result);
    bool equal = result.rows_changed + result.rows_extra + result.rows_missing == 0;
    return equal ? CF_EXIT_GOOD : CF_EXIT_NO;
}
