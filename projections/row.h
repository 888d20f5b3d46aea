/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one table of its list of columns. Included once per table by the model's tables.h, so there
 * is no include guard. The model's one file that defines CF_ROW_DEFINE gets the tables themselves.
 *
 *     #define CF_ROW pledge
 *     #define CF_ROW_FILE "projections/funding/pledge.def"
 *     #define CF_ROW_APPENDED false
 *     #include "projections/row.h"
 *
 * gives `struct cf_row_pledge`, `cf_table_pledge`, and for kept rows
 *
 *     enum cf_status cf_row_get_pledge(struct cf_fold *, const struct cf_row_pledge *key,
 *                                      struct cf_row_pledge **ret_row)
 *
 * which is cf_store_get with types.
 */
#include "projections/store.h"

#define CF_ROW_PASTE_(a, b) a##b
#define CF_ROW_PASTE(a, b) CF_ROW_PASTE_(a, b)
#define CF_ROW_TEXT_(a) #a
#define CF_ROW_TEXT(a) CF_ROW_TEXT_(a)
#define CF_ROW_STRUCT struct CF_ROW_PASTE(cf_row_, CF_ROW)
#define CF_ROW_TABLE CF_ROW_PASTE(cf_table_, CF_ROW)
#define CF_ROW_COLUMNS CF_ROW_PASTE(cf_columns_, CF_ROW)

CF_ROW_STRUCT
{
#define CF_KEY(type, name) cf_column_c_##type name;
#define CF_COLUMN(type, name) cf_column_c_##type name;
#include CF_ROW_FILE
#undef CF_KEY
#undef CF_COLUMN
};

extern const struct cf_table CF_ROW_TABLE;

#ifdef CF_ROW_DEFINE
static const struct cf_column CF_ROW_COLUMNS[] = {
#define CF_KEY(type, name) {#name, CF_COLUMN_##type, offsetof(CF_ROW_STRUCT, name), true},
#define CF_COLUMN(type, name) {#name, CF_COLUMN_##type, offsetof(CF_ROW_STRUCT, name), false},
#include CF_ROW_FILE
#undef CF_KEY
#undef CF_COLUMN
};

const struct cf_table CF_ROW_TABLE = {
    .name = CF_ROW_TEXT(CF_ROW),
    .columns = CF_ROW_COLUMNS,
    .columns_count = sizeof CF_ROW_COLUMNS / sizeof CF_ROW_COLUMNS[0],
    .key_size = 0
#define CF_KEY(type, name) +sizeof(cf_column_c_##type)
#define CF_COLUMN(type, name)
#include CF_ROW_FILE
#undef CF_KEY
#undef CF_COLUMN
    ,
    .row_size = sizeof(CF_ROW_STRUCT),
    .is_appended = CF_ROW_APPENDED,
    .load = CF_ROW_TEXT(CF_ROW) "_load",
    .store = CF_ROW_TEXT(CF_ROW) "_store",
    .remove = CF_ROW_TEXT(CF_ROW) "_remove",
    .copy_in = CF_ROW_TEXT(CF_ROW) "_copy_in",
    .copy_out = CF_ROW_TEXT(CF_ROW) "_copy_out",
};
#endif

__attribute__((unused)) static inline enum cf_status CF_ROW_PASTE(cf_row_get_,
                                                                  CF_ROW)(struct cf_fold *fold,
                                                                          const CF_ROW_STRUCT *key,
                                                                          CF_ROW_STRUCT **ret_row)
{
    void *row = NULL;
    CF_TRY(cf_fold_get(fold, &CF_ROW_TABLE, key, &row));
    *ret_row = row;
    return CF_OK;
}

#undef CF_ROW_PASTE_
#undef CF_ROW_PASTE
#undef CF_ROW_TEXT_
#undef CF_ROW_TEXT
#undef CF_ROW_STRUCT
#undef CF_ROW_TABLE
#undef CF_ROW_COLUMNS
#undef CF_ROW
#undef CF_ROW_FILE
#undef CF_ROW_APPENDED
