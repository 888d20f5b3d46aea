/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_DRAFTS_H
#define CF_TOOLS_IMPORT_DRAFTS_H

/*
 * The campaigns of an import, up to their approval: with the file's name, goal, currency, categories and end. Where a
 * policy of the platform says otherwise it is overridden, which the log records and stderr reports:
 *
 *   duration   a campaign that lasted shorter or longer than allowed
 *   holds      every campaign: its cards are charged after the end and not held before, so a pledge costs one
 *              call to the provider instead of two
 */

#include "tools/import/people.h"

/* When the campaign ends: at the file's deadline; one without a verdict in the file, after everything. */
int64_t cf_import_ends_at(const struct cf_import_rows *rows, const struct cf_import_row *row);

/* The last deadline of the file. */
int64_t cf_import_last_deadline(const struct cf_import_rows *rows);

/* Drafts, overrides, submits and approves all of them. What the ledger refuses is reported with its line. */
CF_MUST_CHECK enum cf_status cf_import_drafts_make(const struct cf_import_tools *tools,
                                                   const struct cf_import_rows *rows,
                                                   struct cf_progress *progress,
                                                   struct cf_fault *reterr_fault);

#endif
