/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_TRANSACTIONS_TABLES_H
#define CF_PROJECTIONS_TRANSACTIONS_TABLES_H

/* The rows of the model `transactions`: what moved at the provider. */

#define CF_ROW transaction
#define CF_ROW_FILE "projections/transactions/transaction.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#endif
