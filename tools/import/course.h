/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_COURSE_H
#define CF_TOOLS_IMPORT_COURSE_H

/*
 * The course of an import: what happens when. At genesis everybody is registered and every campaign approved. Then each
 * is launched at its own moment, with all its pledges by saved cards at once; cancelled or suspended a
 * day before its deadline where the file says so; and the rest is the ledger's own business, as the clock moves
 * through the years.
 *
 * What a pledge costs: one command; one call to the provider more where its campaign is successful.
 */

#include "tools/import/clock.h"
#include "tools/import/people.h"

/* Where the clock has to begin, before anything happens. */
int64_t cf_import_course_begins(const struct cf_import_rows *rows);

/* Pledges that will be placed. */
uint64_t cf_import_course_pledges(const struct cf_import_rows *rows);

/* Runs everything, to the end of the last campaign's business; fills the rows' creators. What was done before an
 * interruption is not done again. CLOSED when interrupted. */
CF_MUST_CHECK enum cf_status cf_import_course_run(const struct cf_import_tools *tools,
                                                  struct cf_import_clock *clock,
                                                  struct cf_import_rows *rows,
                                                  struct cf_fault *reterr_fault);

#endif
