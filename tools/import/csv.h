/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_CSV_H
#define CF_TOOLS_IMPORT_CSV_H

/*
 * Comma-separated values (RFC 4180): records of fields, quoted where they hold commas, quotes or line
 * ends. Line ends are LF or CRLF.
 */

#include "core/base/bytes.h"

#define CF_CSV_FIELDS_MAX 32
#define CF_CSV_RECORD_SIZE_MAX 65536

struct cf_csv {
    struct cf_bytes rest; /* what is not read yet; borrowed from the caller */
    uint32_t line;        /* of the next record, from 1 */
};

/* One record. Fields live in `memory` until the next one is read. */
struct cf_csv_record {
    uint32_t line; /* where it begins */
    size_t count;
    struct cf_bytes fields[CF_CSV_FIELDS_MAX];
    uint8_t memory[CF_CSV_RECORD_SIZE_MAX];
};

struct cf_csv cf_csv_over(struct cf_bytes text);

/* NOT_FOUND at the end; INVALID for a quote that is not closed or not alone, NO_SPACE past the maxima. After
 * these two the reader stands behind the line where the record began: a lost quote costs one row, not the rest. */
CF_MUST_CHECK enum cf_status cf_csv_read(struct cf_csv *csv, struct cf_csv_record *ret_record);

#endif
