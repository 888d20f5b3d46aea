/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_TABLE_READER_H
#define CF_PROJECTIONS_TABLE_READER_H

/* Reads all rows of a table in the order of their keys, through COPY. */

#include "projections/pg.h"
#include "projections/table.h"

struct cf_table_reader {
    struct cf_pg *pg; /* borrowed; busy until the last row was read */
    const struct cf_table *table;
    void *row; /* the current one; owned */
    bool is_first;
};

/* Begins, before the first row. */
CF_MUST_CHECK enum cf_status cf_table_reader_open(struct cf_table_reader *reader, struct cf_pg *pg,
                                                  const struct cf_table *table,
                                                  struct cf_fault *reterr_fault);

/* Moves to the next row, which stands in `row` until the next call. NOT_FOUND behind the last one. */
CF_MUST_CHECK enum cf_status cf_table_reader_next(struct cf_table_reader *reader,
                                                  struct cf_fault *reterr_fault);

/* Accepts one that is all zero. */
void cf_table_reader_close(struct cf_table_reader *reader);

/* The order of the rows: ids as bytes, numbers as numbers. */
int cf_table_compare_keys(const struct cf_table *table, const void *a, const void *b);

#endif
