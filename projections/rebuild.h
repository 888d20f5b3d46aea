/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_REBUILD_H
#define CF_PROJECTIONS_REBUILD_H

/*
 * Rebuild: a read model made again from the first record on, in a shadow schema, while the live one
 * serves.
 *
 *   1. build     every record is folded in memory; rows go out by COPY, then indexes are made
 *   2. catch up  to where the live model is in one snapshot of it
 *   3. compare   that snapshot with the shadow, row by row: which rows differ, and by how much money
 *   4. switch    in one transaction: the last few records, then the schemas change names
 *
 * The former tables stay as `…_previous`; cf_rebuild_roll_back puts them in place again, and the
 * projector brings them forward. A rebuild that is broken off leaves the live model as it was; the
 * shadow that it leaves behind, with texts that may be erased since, goes at the projector's next look.
 *
 * Rows that later events may change stay in memory until the last record is folded: about half a
 * kilobyte for each event of the log, so ten gigabytes for twenty million. Where that is too much,
 * models are rebuilt one at a time. What memory cannot hold ends the rebuild and nothing else.
 */

#include "projections/position.h"
#include "projections/source.h"

struct cf_services;

enum cf_rebuild_stage {
    CF_REBUILD_FOLD,    /* records */
    CF_REBUILD_COPY,    /* rows */
    CF_REBUILD_INDEX,   /* models */
    CF_REBUILD_COMPARE, /* rows; the total is not known */
};

/* How a row differs. */
enum cf_difference_kind {
    CF_DIFFERENCE_CHANGED, /* it is in both */
    CF_DIFFERENCE_EXTRA,   /* the live model has it alone */
    CF_DIFFERENCE_MISSING, /* the rebuilt one has it alone */
};

struct cf_difference {
    const struct cf_model *model;
    const struct cf_table *table;
    enum cf_difference_kind kind;
    const void *live;    /* the row, or NULL where MISSING; borrowed for the call */
    const void *rebuilt; /* the row, or NULL where EXTRA; likewise */
};

/* What one money column of one table is off by, in one currency: live less rebuilt. */
struct cf_money_off {
    const struct cf_table *table;
    const struct cf_column *column;
    struct cf_word currency;
    int64_t minor;
};

#define CF_MONEY_OFF_MAX 256

struct cf_rebuild_result {
    int64_t records, rows_copied, rows_compared;
    int64_t rows_changed, rows_extra, rows_missing;
    size_t
        money_count; /* columns and currencies that are off; those beyond the maximum are not listed */
    struct cf_money_off money[CF_MONEY_OFF_MAX];
    bool is_switched;
};

struct cf_rebuild_options {
    const char *dsn; /* borrowed */
    struct cf_source source;
    const struct cf_services *services;   /* borrowed; may be NULL */
    const struct cf_model *const *models; /* borrowed */
    size_t models_count;
    bool is_diff_only; /* no switch; the shadow goes away again */
    /* Both may be NULL. `total` is 0 where it is not known. */
    void (*progress)(void *context, enum cf_rebuild_stage stage, uint64_t done, uint64_t total);
    void (*difference)(void *context, const struct cf_difference *difference);
    void *context;
};

/*
 * CONFLICT: another rebuild runs. CORRUPT, INVALID …: an event that a model cannot take, with its
 * sequence in the detail: nothing is switched. Others as pg.h.
 */
CF_MUST_CHECK enum cf_status cf_rebuild(const struct cf_rebuild_options *options,
                                        struct cf_rebuild_result *ret_result,
                                        struct cf_fault *reterr_fault);

/* Puts what the last rebuild of this model replaced in its place again. NOT_FOUND: there is none. */
CF_MUST_CHECK enum cf_status cf_rebuild_roll_back(struct cf_pg *pg, const struct cf_model *model,
                                                  struct cf_fault *reterr_fault);

/* Drops what a rebuild that was killed left behind, unless one is under way. */
CF_MUST_CHECK enum cf_status cf_rebuild_drop_left_over(struct cf_pg *pg,
                                                       struct cf_fault *reterr_fault);

#endif
