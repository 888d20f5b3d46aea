/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_LEDGER_WALK_H
#define CF_TOOLS_LEDGER_WALK_H

/*
 * Every event of a ledger in order, read from its log on this machine, whether its writer runs or not.
 * For tools that make something of the whole: a journal, a reconciliation, a forecast.
 */

#include "core/event/record.h"

/* Record and event are borrowed for the call. What is not OK ends the walk. */
typedef enum cf_status cf_ledger_walk_fn(void *context, const struct cf_record *record,
                                         const struct cf_event *event,
                                         struct cf_fault *reterr_fault);

/* `data` as cf_data_dir_open has it. CORRUPT with the sequence for a record that cannot be read. */
CF_MUST_CHECK enum cf_status cf_ledger_walk(const char *data, cf_ledger_walk_fn *visit,
                                            void *context, struct cf_fault *reterr_fault);

#endif
