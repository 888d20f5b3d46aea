/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PAYOUTS_TABLES_H
#define CF_PROJECTIONS_PAYOUTS_TABLES_H

/* The rows of the model `payouts`. */

#define CF_ROW payout
#define CF_ROW_FILE "projections/payouts/payout.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
