/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas changing names. Whoever moves the model at that moment waits for the position's row, and then
 * finds another generation.
 */
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/migrate.h"
#include "projections/rebuild_private.h"

#include <stdio.h>

enum { RETRIES_MAX = 5 };

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

enum cf_status cf_rebuild__drop(struct cf_pg *pg, const struct cf_model *model,
                                enum cf_schema_kind kind, struct cf_fault *reterr_fault)
{
    CF_ASSERT(kind != CF_SCHEMA_LIVE);
    char schema[CF_SCHEMA_NAME_SIZE], script[CF_SCHEMA_NAME_SIZE + 64];
    cf_schema_name(model, kind, schema);
    snprintf(script, sizeof script, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    CF_TRY(cf_pg_script(pg, script, reterr_fault));
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, schema);
    return cf_pg_run(pg, "migration_forget", &params, NULL, reterr_fault);
}

static enum cf_status rename_schema(struct cf_pg *pg, const struct cf_model *model,
                                    enum cf_schema_kind from, enum cf_schema_kind to,
                                    struct cf_fault *reterr_fault)
{
    char from_name[CF_SCHEMA_NAME_SIZE], to_name[CF_SCHEMA_NAME_SIZE];
    char script[2 * CF_SCHEMA_NAME_SIZE + 64];
    cf_schema_name(model, from, from_name);
    cf_schema_name(model, to, to_name);
    snprintf(script, sizeof script, "ALTER SCHEMA %s RENAME TO %s", from_name, to_name);
    CF_TRY(cf_pg_script(pg, script, reterr_fault));
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, from_name);
    cf_pg_add_text(&params, to_name);
    return cf_pg_run(pg, "migration_rename", &params, NULL, reterr_fault);
}

static enum cf_status hold(struct cf_pg *pg, const struct cf_model *model, int64_t *ret_sequence,
                           bool *ret_has_previous, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model->name);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_pg_run(pg, "position_hold", &params, &rows, reterr_fault));
    *ret_sequence = cf_pg_int64(rows, 0, "sequence");
    *ret_has_previous = cf_pg_bool(rows, 0, "has_previous");
    return CF_OK;
}

struct switching {
    struct cf_rebuilding *rebuilding;
    struct cf_rebuilt *rebuilt;
};

static enum cf_status switch_work(struct cf_pg *pg, void *user, struct cf_fault *reterr_fault)
{
    const struct switching *switching = user;
    struct cf_rebuilt *rebuilt = switching->rebuilt;
    const struct cf_model *model = rebuilt->model;
    int64_t sequence;
    bool has_previous;
    CF_TRY(hold(pg, model, &sequence, &has_previous, reterr_fault));
    CF_TRY(cf_rebuild__catch_up(switching->rebuilding, rebuilt, sequence, reterr_fault));
    CF_TRY(cf_rebuild__drop(pg, model, CF_SCHEMA_PREVIOUS, reterr_fault));
    CF_TRY(rename_schema(pg, model, CF_SCHEMA_LIVE, CF_SCHEMA_PREVIOUS, reterr_fault));
    CF_TRY(rename_schema(pg, model, CF_SCHEMA_SHADOW, CF_SCHEMA_LIVE, reterr_fault));
    CF_TRY(cf_position_unpark(pg, model->name, reterr_fault));
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model->name);
    cf_pg_add_int64(&params, rebuilt->position.sequence);
    cf_pg_add_int64(&params, rebuilt->position.time_us);
    cf_pg_add_int64(&params, model->version);
    return cf_pg_run(pg, "position_switch", &params, NULL, reterr_fault);
}

enum cf_status cf_rebuild__switch(struct cf_rebuilding *rebuilding, struct cf_rebuilt *rebuilt,
                                  struct cf_fault *reterr_fault)
{
    struct switching switching = {.rebuilding = rebuilding, .rebuilt = rebuilt};
    /* No retries: rows in hand that were sent once are not sent again. */
    return cf_pg_transaction(rebuilding->pg, "switch", 0, switch_work, &switching, NULL,
                             reterr_fault);
}

static enum cf_status roll_back_work(struct cf_pg *pg, void *user, struct cf_fault *reterr_fault)
{
    const struct cf_model *model = user;
    int64_t sequence;
    bool has_previous;
    CF_TRY(hold(pg, model, &sequence, &has_previous, reterr_fault));
    if (!has_previous)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "no rebuild of this read model can be undone", "%s",
                   model->name);
    CF_TRY(cf_rebuild__drop(pg, model, CF_SCHEMA_SHADOW, reterr_fault));
    CF_TRY(rename_schema(pg, model, CF_SCHEMA_LIVE, CF_SCHEMA_SHADOW, reterr_fault));
    CF_TRY(rename_schema(pg, model, CF_SCHEMA_PREVIOUS, CF_SCHEMA_LIVE, reterr_fault));
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model->name);
    CF_TRY(cf_pg_run(pg, "position_roll_back", &params, NULL, reterr_fault));
    return cf_rebuild__drop(pg, model, CF_SCHEMA_SHADOW, reterr_fault);
}

enum cf_status cf_rebuild_roll_back(struct cf_pg *pg, const struct cf_model *model,
                                    struct cf_fault *reterr_fault)
{
    return cf_pg_transaction(pg, "roll back", RETRIES_MAX, roll_back_work, (void *)(uintptr_t)model,
                             NULL, reterr_fault);
}

static enum cf_status drop_left_over_work(struct cf_pg *pg, void *user,
                                          struct cf_fault *reterr_fault)
{
    (void)user;
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_pg_run(pg, "rebuild_lock_left_over", NULL, &rows, reterr_fault));
    for (size_t i = 0; cf_pg_bool(rows, 0, "locked") && i < cf_model_count(); i++)
        CF_TRY(cf_rebuild__drop(pg, cf_model_at(i), CF_SCHEMA_SHADOW, reterr_fault));
    return CF_OK;
}

enum cf_status cf_rebuild_drop_left_over(struct cf_pg *pg, struct cf_fault *reterr_fault)
{
    return cf_pg_transaction(pg, "drop left over", 0, drop_left_over_work, NULL, NULL,
                             reterr_fault);
}
