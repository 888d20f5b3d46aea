/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_JOURNAL_TABLES_H
#define CF_PROJECTIONS_JOURNAL_TABLES_H

/* The rows of the model `journal`: every posting, and every account's balance. */

#define CF_ROW posting
#define CF_ROW_FILE "projections/journal/posting.def"
#define CF_ROW_APPENDED true
#include "projections/row.h"

#define CF_ROW account
#define CF_ROW_FILE "projections/journal/account.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
