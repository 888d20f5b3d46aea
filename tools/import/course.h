/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_COURSE_H
#define CF_TOOLS_IMPORT_COURSE_H

/*
 * The course of an import: what happens when. Each campaign is drafted, approved and launched at the moment of its
 * launch, with all its pledges by saved cards; cancelled or suspended a day before its deadline where
 * the file says so; and the rest is the ledger's own business, as the clock moves through the years.
 *
 * What a pledge costs: one command. A hold and a capture at the provider, two calls, where its campaign comes near
 * its goal (80 %); one call where it is charged without a hold; none where the campaign stays far below.
 */

#include "eventstore/keeper_client.h"
#include "tools/cli/progress.h"
#include "tools/import/clock.h"
#include "tools/import/people.h"

struct cf_import_course {
    struct cf_import_sender *sender; /* borrowed, as all here */
    struct cf_keeper_client *keeper;
    struct cf_import_clock *clock;
    struct cf_range_client *log;
    const struct cf_import_rows *rows;
    const struct cf_import_people *people;
    struct cf_progress *progress; /* counts pledges */
};

/* Where the clock has to begin, before anything happens. */
int64_t cf_import_course_begins(const struct cf_import_rows *rows);

/* Pledges that will be placed. */
uint64_t cf_import_course_pledges(const struct cf_import_rows *rows);

/* Runs everything, to the end of the last campaign's business. What was done before an interruption is
 * not done again. CLOSED when interrupted. */
CF_MUST_CHECK enum cf_status cf_import_course_run(const struct cf_import_course *course,
                                                  struct cf_fault *reterr_fault);

#endif
