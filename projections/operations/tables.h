/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_OPERATIONS_TABLES_H
#define CF_PROJECTIONS_OPERATIONS_TABLES_H

/* The rows of the model `operations`: what waits, and what somebody has to look at. */

#define CF_ROW open_request
#define CF_ROW_FILE "projections/operations/open_request.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW provider_notice
#define CF_ROW_FILE "projections/operations/provider_notice.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
