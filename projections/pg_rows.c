/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/pg_rows.h"

#include "core/base/assert.h"
#include "projections/pg_private.h"

#include <endian.h>
#include <stdlib.h>

/* PostgreSQL's built-in type numbers (pg_type.dat). */
enum type_number {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT64 = 20,
    TYPE_INT32 = 23,
    TYPE_TEXT = 25,
    TYPE_JSON = 114,
    TYPE_UUID = 2950,
};

enum { COLUMNS_MAX = 64 };

enum cf_status cf_pg__rows_new(PGresult *result, struct cf_pg_rows **ret_rows,
                               struct cf_fault *reterr_fault)
{
    CF_ASSERT(PQnfields(result) <= COLUMNS_MAX);
    struct cf_pg_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        PQclear(result);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for rows");
    }
    rows->result = result;
    *ret_rows = rows;
    return CF_OK;
}

void cf_pg_rows_destroy(struct cf_pg_rows *rows)
{
    if (rows == NULL)
        return;
    PQclear(rows->result);
    free(rows);
}

size_t cf_pg_rows_count(const struct cf_pg_rows *rows)
{
    return (size_t)PQntuples(rows->result);
}

/* The column's place. Notes that it was read: bookkeeping that a reader of const rows may do. */
static int column_of(const struct cf_pg_rows *rows, size_t row, const char *column)
{
    CF_ASSERT(row < cf_pg_rows_count(rows));
    int count = PQnfields(rows->result);
    for (int i = 0; i < count; i++) {
        if (strcmp(PQfname(rows->result, i), column) == 0) {
            ((struct cf_pg_rows *)(uintptr_t)rows)->columns_read |= UINT64_C(1) << i;
            return i;
        }
    }
    cf_assert_failed(column, __FILE__, __LINE__, "the statement has no such column");
}

bool cf_pg_is_null(const struct cf_pg_rows *rows, size_t row, const char *column)
{
    return PQgetisnull(rows->result, (int)row, column_of(rows, row, column)) != 0;
}

int64_t cf_pg_int64(const struct cf_pg_rows *rows, size_t row, const char *column)
{
    int place = column_of(rows, row, column);
    if (PQgetisnull(rows->result, (int)row, place))
        return 0;
    const char *value = PQgetvalue(rows->result, (int)row, place);
    if (PQftype(rows->result, place) == TYPE_INT32) {
        uint32_t wire;
        memcpy(&wire, value, sizeof wire);
        return (int32_t)be32toh(wire);
    }
    CF_ASSERT(PQftype(rows->result, place) == TYPE_INT64);
    uint64_t wire;
    memcpy(&wire, value, sizeof wire);
    return (int64_t)be64toh(wire);
}

bool cf_pg_bool(const struct cf_pg_rows *rows, size_t row, const char *column)
{
    int place = column_of(rows, row, column);
    CF_ASSERT(PQftype(rows->result, place) == TYPE_BOOL);
    return !PQgetisnull(rows->result, (int)row, place) &&
           PQgetvalue(rows->result, (int)row, place)[0] != 0;
}

struct cf_id cf_pg_id(const struct cf_pg_rows *rows, size_t row, const char *column)
{
    int place = column_of(rows, row, column);
    CF_ASSERT(PQftype(rows->result, place) == TYPE_UUID);
    struct cf_id id = {0};
    if (!PQgetisnull(rows->result, (int)row, place))
        memcpy(id.bytes, PQgetvalue(rows->result, (int)row, place), sizeof id.bytes);
    return id;
}

struct cf_bytes cf_pg_bytes(const struct cf_pg_rows *rows, size_t row, const char *column)
{
    int place = column_of(rows, row, column);
    Oid type = PQftype(rows->result, place);
    CF_ASSERT(type == TYPE_BYTEA || type == TYPE_TEXT || type == TYPE_JSON);
    return cf_bytes_from(PQgetvalue(rows->result, (int)row, place),
                         (size_t)PQgetlength(rows->result, (int)row, place));
}

const char *cf_pg_text(const struct cf_pg_rows *rows, size_t row, const char *column)
{
    int place = column_of(rows, row, column);
    Oid type = PQftype(rows->result, place);
    CF_ASSERT(type == TYPE_TEXT || type == TYPE_JSON);
    return PQgetvalue(rows->result, (int)row, place);
}

const char *cf_pg_rows_unread(const struct cf_pg_rows *rows)
{
    int count = cf_pg_rows_count(rows) == 0 ? 0 : PQnfields(rows->result);
    for (int i = 0; i < count; i++) {
        if ((rows->columns_read >> i & 1) == 0)
            return PQfname(rows->result, i);
    }
    return NULL;
}

size_t cf_pg_columns_count(const struct cf_pg_rows *rows)
{
    return (size_t)PQnfields(rows->result);
}

const char *cf_pg_column_name(const struct cf_pg_rows *rows, size_t column)
{
    CF_ASSERT(column < cf_pg_columns_count(rows));
    return PQfname(rows->result, (int)column);
}

enum cf_pg_type cf_pg_column_type(const struct cf_pg_rows *rows, size_t column)
{
    CF_ASSERT(column < cf_pg_columns_count(rows));
    switch ((enum type_number)PQftype(rows->result, (int)column)) {
    case TYPE_BOOL:
        return CF_PG_BOOL;
    case TYPE_BYTEA:
        return CF_PG_BYTES;
    case TYPE_INT64:
    case TYPE_INT32:
        return CF_PG_INT64;
    case TYPE_TEXT:
    case TYPE_JSON:
        return CF_PG_TEXT;
    case TYPE_UUID:
        return CF_PG_ID;
    }
    CF_UNREACHABLE();
}

struct cf_bytes cf_pg_value(const struct cf_pg_rows *rows, size_t row, size_t column,
                            bool *ret_null)
{
    CF_ASSERT(row < cf_pg_rows_count(rows));
    CF_ASSERT(column < (size_t)PQnfields(rows->result));
    *ret_null = PQgetisnull(rows->result, (int)row, (int)column) != 0;
    return cf_bytes_from(PQgetvalue(rows->result, (int)row, (int)column),
                         (size_t)PQgetlength(rows->result, (int)row, (int)column));
}
