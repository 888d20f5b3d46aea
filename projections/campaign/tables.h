/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_CAMPAIGN_TABLES_H
#define CF_PROJECTIONS_CAMPAIGN_TABLES_H

/* The rows of the model `campaign`: what its page says beside the money. */

#define CF_ROW campaign
#define CF_ROW_FILE "projections/campaign/campaign.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW reward
#define CF_ROW_FILE "projections/campaign/reward.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW stretch_goal
#define CF_ROW_FILE "projections/campaign/stretch_goal.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
