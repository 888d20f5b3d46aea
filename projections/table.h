/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_TABLE_H
#define CF_PROJECTIONS_TABLE_H

/*
 * Tables: how a row of PostgreSQL looks in memory.
 *
 * A table's columns are one list, `projections/<model>/<table>.def`:
 *
 *     CF_KEY(id, pledge)
 *     CF_COLUMN(money, amount)
 *
 * From it come the row's struct and its table (row.h), and its four statements (the build fills the
 * templates in projections/table/). The migrations make the same columns by hand, and a test
 * holds the two together. Keys come first and are of the types id and int64.
 *
 * There are two kinds. A `kept` table's rows are found again by key and changed. An `appended`
 * table's rows are written once; its first key is the record's sequence.
 */

#include "core/id.h"
#include "projections/pg_params.h"

/* What a column holds, in C and in PostgreSQL. NULL and zero (or empty) are the same, except in
 * keys, int64, money and bool, which are never NULL. */
enum cf_column_type {
    CF_COLUMN_id,    /* struct cf_id, uuid */
    CF_COLUMN_int64, /* int64_t, bigint */
    CF_COLUMN_money, /* int64_t, bigint: minor units of the row's `currency` */
    CF_COLUMN_time,  /* int64_t, bigint: microseconds since the epoch */
    CF_COLUMN_flag,  /* bool, boolean */
    CF_COLUMN_word,  /* struct cf_word, text: a short name of ours */
    CF_COLUMN_text,  /* struct cf_value, text */
    CF_COLUMN_bytes, /* struct cf_value, bytea: ciphertext */
};

#define CF_WORD_SIZE 24

struct cf_word {
    char text[CF_WORD_SIZE]; /* NUL-terminated */
};

/* Bytes that a row owns. Set by cf_store_set alone. */
struct cf_value {
    uint8_t *data; /* NULL: absent */
    size_t size;
};

/* The C type of a column's member, by the name of its type. */
typedef struct cf_id cf_column_c_id;
typedef int64_t cf_column_c_int64;
typedef int64_t cf_column_c_money;
typedef int64_t cf_column_c_time;
typedef bool cf_column_c_flag;
typedef struct cf_word cf_column_c_word;
typedef struct cf_value cf_column_c_text;
typedef struct cf_value cf_column_c_bytes;

struct cf_column {
    const char *name;
    enum cf_column_type type;
    size_t offset;
    bool is_key;
};

struct cf_table {
    const char *name;
    const struct cf_column *columns;
    size_t columns_count;
    size_t key_size; /* the keys are the first bytes of the row, without gaps */
    size_t row_size;
    bool is_appended;
    const char *load, *store, *remove, *copy_in, *copy_out; /* the names of its statements */
};

/* A word from a text of ours that fits. */
struct cf_word cf_word_of(const char *text);
bool cf_word_is(const struct cf_word *word, const char *text);

/* The column of that name, or NULL. */
const struct cf_column *cf_table_column(const struct cf_table *table, const char *name);

/* How many columns are keys. */
size_t cf_table_keys_count(const struct cf_table *table);

/* The type of the column's values on the wire. */
enum cf_pg_type cf_column_pg_type(const struct cf_column *column);

/* A column's value as PostgreSQL's binary format has it; borrowed from the row or from `scratch`.
 */
struct cf_bytes cf_column_encode(const struct cf_column *column, const void *row,
                                 uint8_t scratch[8], bool *ret_null);

/* The other way. A value that is not of the column's type is CORRUPT. The row's former value of
 * this column is given back. */
CF_MUST_CHECK enum cf_status cf_column_decode(const struct cf_column *column, void *row,
                                              struct cf_bytes wire, bool is_null);

/* Gives back what the row owns; the row itself stays. */
void cf_row_clean_up(const struct cf_table *table, void *row);

/* Equal in every column. */
bool cf_row_equal(const struct cf_table *table, const void *a, const void *b);

/* A row for people: "pledge=… amount=500 …". */
CF_MUST_CHECK enum cf_status cf_row_print(const struct cf_table *table, const void *row,
                                          struct cf_buf *text);

#endif
