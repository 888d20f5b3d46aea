/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PG_ROWS_H
#define CF_PROJECTIONS_PG_ROWS_H

/*
 * Rows that a statement gave, read by column name.
 *
 * Owned by the caller and independent of the connection. Asking for a column that the statement
 * does not have, or with a getter of another type, is a bug: the statement test holds every
 * statement against its header lines. NULL reads as 0, empty, or the all-zero id.
 */

#include "core/base/bytes.h"
#include "core/id.h"
#include "projections/pg_params.h"

struct cf_pg_rows;

/* Accepts NULL. */
void cf_pg_rows_destroy(struct cf_pg_rows *rows);

size_t cf_pg_rows_count(const struct cf_pg_rows *rows);

bool cf_pg_is_null(const struct cf_pg_rows *rows, size_t row, const char *column);
int64_t cf_pg_int64(const struct cf_pg_rows *rows, size_t row, const char *column);
bool cf_pg_bool(const struct cf_pg_rows *rows, size_t row, const char *column);
struct cf_id cf_pg_id(const struct cf_pg_rows *rows, size_t row, const char *column);

/* Text, json or bytea; borrowed until the rows are destroyed. */
struct cf_bytes cf_pg_bytes(const struct cf_pg_rows *rows, size_t row, const char *column);

/* As cf_pg_bytes, as a C string: texts of ours never hold a NUL. */
const char *cf_pg_text(const struct cf_pg_rows *rows, size_t row, const char *column);

/* The first column that nobody has read though there are rows, or NULL; borrowed from the rows. */
const char *cf_pg_rows_unread(const struct cf_pg_rows *rows);

/* For code that takes whatever columns a statement has. */
size_t cf_pg_columns_count(const struct cf_pg_rows *rows);
const char *cf_pg_column_name(const struct cf_pg_rows *rows, size_t column);
enum cf_pg_type cf_pg_column_type(const struct cf_pg_rows *rows, size_t column);

/* By place instead of name, for code that is made from a table of columns. */
struct cf_bytes cf_pg_value(const struct cf_pg_rows *rows, size_t row, size_t column,
                            bool *ret_null);

#endif
