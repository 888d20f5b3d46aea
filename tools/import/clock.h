/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_CLOCK_H
#define CF_TOOLS_IMPORT_CLOCK_H

/*
 * Time, which the import moves: the ledger's clock and the sandbox's go forward together, from one due
 * moment to the next, each only when nothing is under way.
 */

#include "tools/import/provider.h"
#include "tools/import/sender.h"

struct cf_import_clock {
    struct cf_import_sender *sender;     /* borrowed */
    struct cf_import_provider *provider; /* borrowed */
    int64_t now_us;
    uint64_t jumps;
    bool (*stopping)(void *context); /* asked while waiting; may be NULL */
    void *context;
};

/* Moves to that time, doing everything that falls due before, and waits until nothing is due or under
 * way. At once where that time has passed. CLOSED when it is stopping. */
CF_MUST_CHECK enum cf_status cf_import_clock_move(struct cf_import_clock *clock, int64_t to_us,
                                                  struct cf_fault *reterr_fault);

#endif
