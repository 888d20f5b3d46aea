/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_CAMPAIGNS_H
#define CF_TOOLS_IMPORT_CAMPAIGNS_H

/*
 * A file of campaigns as rows that make sense. Columns are found by their names, in any order and among others; a row
 * that cannot be read is reported with its line and skipped, an oddity that was mended is reported and kept.
 */

#include "core/base/arena.h"
#include "core/currency.h"
#include "core/id.h"

enum cf_import_state {
    CF_IMPORT_SUCCESSFUL,
    CF_IMPORT_FAILED,
    CF_IMPORT_CANCELED,
    CF_IMPORT_SUSPENDED,
    CF_IMPORT_LIVE,
    CF_IMPORT_UNDEFINED,
    CF_IMPORT_STATE_COUNT
};

/* "successful"; static. */
const char *cf_import_state_name(enum cf_import_state state);

struct cf_import_row {
    uint32_t line;
    struct cf_bytes number; /* the file's own id; lives in the arena, as all texts here */
    struct cf_bytes name;
    struct cf_bytes category;
    struct cf_bytes subcategory;
    char country[3];
    enum cf_currency currency;
    struct cf_money goal;
    struct cf_money pledged;
    int64_t launched_us;
    int64_t deadline_us; /* of a date: the end of that day */
    uint32_t backers;
    enum cf_import_state state;
    struct cf_id campaign_id; /* derived from `number` */
    struct cf_id creator_id;  /* filled when the creator is registered */
};

struct cf_import_rows {
    struct cf_import_row *rows; /* owned; by launch, then by line */
    size_t count;
    size_t capacity;
    size_t skipped;
    struct cf_arena texts;
};

void cf_import_rows_clean_up(struct cf_import_rows *rows);

/* Reads a whole file. Reports go to stderr. INVALID where the columns are not those of such a file. */
CF_MUST_CHECK enum cf_status cf_import_rows_read(struct cf_bytes file,
                                                 struct cf_import_rows *ret_rows,
                                                 struct cf_fault *reterr_fault);

/* What the backer of that index pledges: as equal as the currency allows, and exactly `pledged` together. */
struct cf_money cf_import_share(const struct cf_import_row *row, uint32_t index);

/* Some of its pledges are below the least that the provider charges: they can be made, and must never be charged. */
bool cf_import_is_below_least(const struct cf_import_row *row);

/* An id for what the import makes, the same each time: from a moment and a name. */
struct cf_id cf_import_id(int64_t time_us, const char *kind, struct cf_bytes name, uint32_t index);

#endif
