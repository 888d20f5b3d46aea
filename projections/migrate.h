/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_MIGRATE_H
#define CF_PROJECTIONS_MIGRATE_H

/*
 * Migrations: `<folder>/NNNN_what.sql`, applied in the order of their numbers, each in its own
 * transaction together with the note that it was, with the file's SHA-256.
 *
 * They are append-only: a file that was applied never changes. Every folder is applied to a schema
 * of its own, which is first on the search path while its scripts run, so scripts name no schema.
 * A script whose first line is `-- indexes` makes indexes only; a rebuild runs those after it has
 * copied the rows.
 *
 * Several processes may migrate at once: they take turns.
 */

#include "projections/pg.h"

enum cf_migrate_part {
    CF_MIGRATE_ALL,
    CF_MIGRATE_TABLES,  /* all but the scripts that make indexes */
    CF_MIGRATE_INDEXES, /* those alone */
};

/* The schema that holds what belongs to no read model: positions, notes of migrations. */
#define CF_MIGRATE_BASE "coffer"

/*
 * Brings one schema up to date; `folder` is below projections/, such as "totals". The base schema
 * comes first, by cf_migrate_base. `ret_count` (may be NULL) says how many scripts ran.
 * CORRUPT: a script that was applied here has changed since, or this program lacks one.
 */
CF_MUST_CHECK enum cf_status cf_migrate(struct cf_pg *pg, const char *folder, const char *schema,
                                        enum cf_migrate_part part, int *ret_count,
                                        struct cf_fault *reterr_fault);

/* The base schema. Anybody may call it at any time. */
CF_MUST_CHECK enum cf_status cf_migrate_base(struct cf_pg *pg, struct cf_fault *reterr_fault);

/* As cf_migrate_base, over a table of files of the caller's; for tests. */
CF_MUST_CHECK enum cf_status cf_migrate__files(struct cf_pg *pg, const struct cf_embedded *files,
                                               size_t files_count, const char *folder,
                                               const char *schema, enum cf_migrate_part part,
                                               int *ret_count, struct cf_fault *reterr_fault);

#endif
