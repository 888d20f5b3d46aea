/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_OUTCOME_H
#define CF_TOOLS_IMPORT_OUTCOME_H

/*
 * What came of an import, from the log alone: the ledger's verdicts beside the file's, and the money per
 * currency.
 */

#include "tools/import/campaigns.h"

/* Reads the log and prints the tables, and the rows without a verdict. `ret_agrees`: every `successful` row was funded, every `failed` one
 * failed, and what was pledged is what the file says, to the cent. */
CF_MUST_CHECK enum cf_status cf_import_outcome_print(const char *range_url, const char *head_url,
                                                     const struct cf_import_rows *rows,
                                                     uint64_t *ret_records, bool *ret_agrees,
                                                     struct cf_fault *reterr_fault);

#endif
