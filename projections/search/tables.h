/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_SEARCH_TABLES_H
#define CF_PROJECTIONS_SEARCH_TABLES_H

/* The rows of the model `search`. */

#define CF_ROW campaign_text
#define CF_ROW_FILE "projections/search/campaign_text.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW author
#define CF_ROW_FILE "projections/search/author.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
