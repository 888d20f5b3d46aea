/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PG_STATEMENT_H
#define CF_PROJECTIONS_PG_STATEMENT_H

/*
 * Statements: every SQL text of the program, each in its own file beside its user.
 *
 * A statement's file is `<name>.sql` and begins with
 *
 *     -- name: campaign_page
 *     -- params: campaign uuid, at_us bigint
 *     -- returns: campaign uuid, goal bigint
 *
 * where params and returns may be empty. Names are unique in the program, since all read models are
 * on one search path; so are the names of tables. A test prepares every statement on a server and
 * holds its parameters and columns against these lines.
 *
 * Files called `NNNN_what.sql` are migrations (migrate.h), not statements.
 */

#include "core/base/embedded.h"

struct cf_pg_statement {
    const char *name; /* static */
    const char *text; /* static; the whole file, header lines included */
    size_t index;     /* its place in the table, below cf_pg_statement_count() */
};

size_t cf_pg_statement_count(void);

/* The statement at a place; static. */
const struct cf_pg_statement *cf_pg_statement_at(size_t index);

/* The statement of that name. Asking for one that no file has is a bug. */
const struct cf_pg_statement *cf_pg_statement_find(const char *name);

/* What stands behind `-- key:` in the header lines, without spaces around it; empty when absent. */
struct cf_bytes cf_pg_statement_header(const struct cf_pg_statement *statement, const char *key);

/* Every embedded .sql file, statements and migrations; ends with an all-zero row. */
extern const struct cf_embedded cf_sql[];
extern const size_t cf_sql_count;

#endif
