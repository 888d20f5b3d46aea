/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/migrate.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "eventstore/sodium.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRIES_MAX = 5, SCRIPTS_MAX = 64 };

/* One migration to apply, and where. */
struct step {
    const char *schema;
    const char *name;   /* the file's name without folders */
    const char *script; /* its text */
    struct cf_hash hash;
    int64_t number;
    bool *ret_ran;
};

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

/* What the note says of this migration: NOT_FOUND, OK when it was applied as it is, CORRUPT. */
static enum cf_status look_up(struct cf_pg *pg, const struct step *step,
                              struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, step->schema);
    cf_pg_add_int64(&params, step->number);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_pg_run(pg, "migration_get", &params, &rows, reterr_fault));
    if (cf_pg_rows_count(rows) == 0)
        return CF_NOT_FOUND;
    if (!cf_bytes_equal(cf_pg_bytes(rows, 0, "hash"),
                        cf_bytes_from(step->hash.bytes, sizeof step->hash.bytes)))
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a migration was changed after it was applied",
                   "%s/%s", step->schema, step->name);
    return CF_OK;
}

static enum cf_status note(struct cf_pg *pg, const struct step *step, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, step->schema);
    cf_pg_add_int64(&params, step->number);
    cf_pg_add_text(&params, step->name);
    cf_pg_add_bytes(&params, cf_bytes_from(step->hash.bytes, sizeof step->hash.bytes));
    return cf_pg_run(pg, "migration_note", &params, NULL, reterr_fault);
}

/* The work of one transaction: look, run, note. */
static enum cf_status apply(struct cf_pg *pg, void *user, struct cf_fault *reterr_fault)
{
    const struct step *step = user;
    CF_TRY(cf_pg_run(pg, "migration_lock", NULL, NULL, reterr_fault));
    enum cf_status status = look_up(pg, step, reterr_fault);
    *step->ret_ran = status == CF_NOT_FOUND;
    if (status != CF_NOT_FOUND)
        return status;
    char path[256];
    snprintf(path, sizeof path,
             "CREATE SCHEMA IF NOT EXISTS %s; SET LOCAL search_path = %s, %s, public", step->schema,
             step->schema, CF_MIGRATE_BASE);
    CF_TRY(cf_pg_script(pg, path, reterr_fault));
    CF_TRY(cf_pg_script(pg, step->script, reterr_fault));
    return note(pg, step, reterr_fault);
}

/* True when this file is one of the folder's migrations; gives its name and number. Number 0 is
 * what runs at every start (cf_migrate_base). */
static bool is_migration(const struct cf_embedded *file, const char *folder, const char **ret_name,
                         int64_t *ret_number)
{
    char prefix[128];
    int size = snprintf(prefix, sizeof prefix, "projections/%s/", folder);
    const char *name = file->name + size;
    if (strncmp(file->name, prefix, (size_t)size) != 0 || !isdigit((unsigned char)name[0]))
        return false;
    *ret_name = name;
    *ret_number = strtoll(name, NULL, 10);
    return *ret_number > 0;
}

static bool is_wanted(const struct cf_embedded *file, enum cf_migrate_part part)
{
    bool is_indexes = strncmp((const char *)file->bytes.data, "-- indexes\n", 11) == 0;
    switch (part) {
    case CF_MIGRATE_ALL:
        return true;
    case CF_MIGRATE_TABLES:
        return !is_indexes;
    case CF_MIGRATE_INDEXES:
        return is_indexes;
    }
    CF_UNREACHABLE();
}

static int compare(const void *a, const void *b)
{
    int64_t x = ((const struct step *)a)->number, y = ((const struct step *)b)->number;
    return (x > y) - (x < y);
}

enum cf_status cf_migrate__files(struct cf_pg *pg, const struct cf_embedded *files,
                                 size_t files_count, const char *folder, const char *schema,
                                 enum cf_migrate_part part, int *ret_count,
                                 struct cf_fault *reterr_fault)
{
    struct step steps[SCRIPTS_MAX];
    size_t count = 0;
    bool ran = false;
    for (size_t i = 0; i < files_count; i++) {
        struct step step = {.schema = schema, .ret_ran = &ran};
        if (!is_migration(&files[i], folder, &step.name, &step.number) ||
            !is_wanted(&files[i], part))
            continue;
        CF_ASSERT(count < SCRIPTS_MAX);
        step.script = (const char *)files[i].bytes.data;
        cf_sha256(files[i].bytes, &step.hash);
        steps[count++] = step;
    }
    qsort(steps, count, sizeof *steps, compare);

    int ran_count = 0;
    for (size_t i = 0; i < count; i++) {
        CF_ASSERT(i == 0 || steps[i - 1].number < steps[i].number);
        CF_TRY(cf_pg_transaction(pg, steps[i].name, RETRIES_MAX, apply, &steps[i], NULL,
                                 reterr_fault));
        ran_count += ran;
    }
    if (ret_count != NULL)
        *ret_count = ran_count;
    return CF_OK;
}

enum cf_status cf_migrate(struct cf_pg *pg, const char *folder, const char *schema,
                          enum cf_migrate_part part, int *ret_count, struct cf_fault *reterr_fault)
{
    return cf_migrate__files(pg, cf_sql, cf_sql_count, folder, schema, part, ret_count,
                             reterr_fault);
}

enum cf_status cf_migrate_base(struct cf_pg *pg, struct cf_fault *reterr_fault)
{
    /* What the notes themselves need: not noted, and harmless to run again. */
    for (size_t i = 0; i < cf_sql_count; i++) {
        if (strcmp(cf_sql[i].name, "projections/base/0000_notes.sql") == 0)
            CF_TRY(cf_pg_script(pg, (const char *)cf_sql[i].bytes.data, reterr_fault));
    }
    return cf_migrate(pg, "base", CF_MIGRATE_BASE, CF_MIGRATE_ALL, NULL, reterr_fault);
}
