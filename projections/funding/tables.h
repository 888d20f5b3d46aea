/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_FUNDING_TABLES_H
#define CF_PROJECTIONS_FUNDING_TABLES_H

/* The rows of the model `funding`: pledges, and what they come to. */

#define CF_ROW pledge
#define CF_ROW_FILE "projections/funding/pledge.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW refund
#define CF_ROW_FILE "projections/funding/refund.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW campaign_total
#define CF_ROW_FILE "projections/funding/campaign_total.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW reward_total
#define CF_ROW_FILE "projections/funding/reward_total.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW backing
#define CF_ROW_FILE "projections/funding/backing.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW funding_hour
#define CF_ROW_FILE "projections/funding/funding_hour.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW listing
#define CF_ROW_FILE "projections/funding/listing.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
