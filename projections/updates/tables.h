/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_UPDATES_TABLES_H
#define CF_PROJECTIONS_UPDATES_TABLES_H

/* The rows of the model `updates`: what creators write to their backers. */

#define CF_ROW campaign_update
#define CF_ROW_FILE "projections/updates/campaign_update.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
