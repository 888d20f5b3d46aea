/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_COPIER_H
#define CF_PROJECTIONS_COPIER_H

/*
 * The copier: a thread that copies finished rows to PostgreSQL, so that folding the next records and
 * storing the last ones go on at the same time. What waits is bounded; whoever gives more waits with it.
 */

#include "projections/pg.h"

struct cf_copier;

/* `pg` is the copier's alone until it is finished. */
CF_MUST_CHECK enum cf_status cf_copier_start(struct cf_pg *pg, struct cf_copier **ret_copier,
                                             struct cf_fault *reterr_fault);

/* Gives rows to a COPY statement: whole rows in COPY's binary format, without header and trailer. They are
 * taken, and the buffer is empty again. Fails as any COPY before failed. */
CF_MUST_CHECK enum cf_status cf_copier_give(struct cf_copier *copier, const char *statement,
                                            struct cf_buf *rows, struct cf_fault *reterr_fault);

/* Waits until all rows are copied, and says how many; ends the copier in any case. */
CF_MUST_CHECK enum cf_status cf_copier_finish(struct cf_copier *copier, int64_t *ret_rows_count,
                                              struct cf_fault *reterr_fault);

#endif
