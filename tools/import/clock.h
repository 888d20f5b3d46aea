/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_CLOCK_H
#define CF_TOOLS_IMPORT_CLOCK_H

/*
 * Time that somebody moves: the ledger's clock and the sandbox's go forward together, from one due
 * moment to the next, each only when nothing is under way.
 */

#include "tools/import/parallel.h"
#include "tools/import/provider.h"
#include "tools/import/sender.h"

struct cf_import_clock {
    struct cf_import_sender *sender; /* borrowed, as all here */
    struct cf_import_provider *provider; /* NULL: the ledger's clock alone */
    struct cf_range_client *log;
    const struct cf_import_stop *stop;
    int64_t now_us;
    uint64_t jumps;
};

/* Reads the ledger's clock into now_us. */
CF_MUST_CHECK enum cf_status cf_import_clock_look(struct cf_import_clock *clock,
                                                  struct cf_fault *reterr_fault);

/* Moves to that time, doing everything that falls due before. What falls due at it may still be under way. At once
 * where that time has passed. CLOSED when it is to stop. */
CF_MUST_CHECK enum cf_status cf_import_clock_move(struct cf_import_clock *clock, int64_t to_us,
                                                  struct cf_fault *reterr_fault);

/* Waits until nothing is under way any more: a millisecond on, which is given only then. */
CF_MUST_CHECK enum cf_status cf_import_clock_settle(struct cf_import_clock *clock,
                                                    struct cf_fault *reterr_fault);

#endif
