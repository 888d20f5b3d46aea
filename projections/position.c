/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/position.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/migrate.h"

#include <stdio.h>

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

void cf_schema_name(const struct cf_model *model, enum cf_schema_kind kind,
                    char ret_name[CF_SCHEMA_NAME_SIZE])
{
    static const char *const suffixes[] = {
        [CF_SCHEMA_LIVE] = "", [CF_SCHEMA_SHADOW] = "_shadow", [CF_SCHEMA_PREVIOUS] = "_previous"};
    snprintf(ret_name, CF_SCHEMA_NAME_SIZE, "coffer_%s%s", model->name, suffixes[kind]);
}

enum cf_status cf_schema_use(struct cf_pg *pg, enum cf_schema_kind kind,
                             struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf script;
    cf_buf_init(&script, 8192);
    CF_TRY(cf_buf_append_text(&script, "SET search_path = "));
    for (int pass = 0; pass < (kind == CF_SCHEMA_LIVE ? 1 : 2); pass++) {
        for (size_t i = 0; i < cf_model_count(); i++) {
            char name[CF_SCHEMA_NAME_SIZE];
            cf_schema_name(cf_model_at(i), pass == 0 ? kind : CF_SCHEMA_LIVE, name);
            CF_TRY(cf_buf_append_format(&script, "%s, ", name));
        }
    }
    CF_TRY(cf_buf_append_text(&script,
                              CF_MIGRATE_BASE ", public; "
                                              "SET pg_trgm.word_similarity_threshold = 0.45"));
    CF_TRY(cf_buf_terminate(&script));
    return cf_pg_script(pg, (const char *)script.data, reterr_fault);
}

enum cf_status cf_schema_make(struct cf_pg *pg, struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_migrate_base(pg, reterr_fault);
    if (status == CF_DENIED && reterr_fault != NULL)
        reterr_fault->text = "the role may not make schemas here: grant it CREATE on the database";
    CF_TRY(status);
    for (size_t i = 0; i < cf_model_count(); i++) {
        const struct cf_model *model = cf_model_at(i);
        char name[CF_SCHEMA_NAME_SIZE];
        cf_schema_name(model, CF_SCHEMA_LIVE, name);
        CF_TRY(cf_migrate(pg, model->name, name, CF_MIGRATE_ALL, NULL, reterr_fault));
        CF_TRY(cf_position_make(pg, model, reterr_fault));
    }
    return CF_OK;
}

enum cf_status cf_position_get(struct cf_pg *pg, const char *model,
                               struct cf_position *ret_position, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_pg_run(pg, "position_get", &params, &rows, reterr_fault));
    if (cf_pg_rows_count(rows) == 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "the read model has no position", "%s", model);
    *ret_position = (struct cf_position){
        .sequence = cf_pg_int64(rows, 0, "sequence"),
        .time_us = cf_pg_int64(rows, 0, "time_us"),
        .version = cf_pg_int64(rows, 0, "version"),
        .generation = cf_pg_int64(rows, 0, "generation"),
        .parked = cf_pg_int64(rows, 0, "parked"),
    };
    return CF_OK;
}

enum cf_status cf_position_make(struct cf_pg *pg, const struct cf_model *model,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model->name);
    cf_pg_add_int64(&params, model->version);
    return cf_pg_run(pg, "position_make", &params, NULL, reterr_fault);
}

enum cf_status cf_position_send(struct cf_pg *pg, const char *model, const struct cf_position *from,
                                const struct cf_position *to, struct cf_fault *reterr_fault)
{
    CF_ASSERT(to->sequence > from->sequence);
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model);
    cf_pg_add_int64(&params, from->generation);
    cf_pg_add_int64(&params, from->sequence);
    cf_pg_add_int64(&params, to->sequence);
    cf_pg_add_int64(&params, to->time_us);
    return cf_pg_send(pg, "position_move", &params, reterr_fault);
}

enum cf_status cf_position_park(struct cf_pg *pg, const char *model, int64_t sequence,
                                const char *event, const char *reason,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model);
    cf_pg_add_int64(&params, sequence);
    cf_pg_add_text(&params, event);
    cf_pg_add_text(&params, reason);
    return cf_pg_run(pg, "position_park", &params, NULL, reterr_fault);
}

enum cf_status cf_position_unpark(struct cf_pg *pg, const char *model,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model);
    return cf_pg_run(pg, "position_unpark", &params, NULL, reterr_fault);
}

enum cf_status cf_position_lock(struct cf_pg *pg, const char *model, bool *ret_locked,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, model);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_pg_run(pg, "position_lock", &params, &rows, reterr_fault));
    *ret_locked = cf_pg_bool(rows, 0, "done");
    return CF_OK;
}
