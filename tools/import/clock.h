/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_CLOCK_H
#define CF_TOOLS_IMPORT_CLOCK_H

/*
 * Time that somebody moves: the ledger's clock and the sandbox's go forward together, from one due
 * moment to the next, each only when nothing is under way: no timer is due, no request open, no webhook on its
 * way. Of one moment, what is due at the sandbox (its webhooks too) comes before the ledger's timers.
 *
 * A sandbox that goes in order is asked for one thing after the other, each when all is quiet: then the gateway has
 * nothing in hand either, and nothing was recorded while that was looked at. With a gateway that goes in order as
 * well, and nobody else acting meanwhile, all that happens has one order: the same life comes out again.
 */

#include "eventstore/bus.h"
#include "tools/import/parallel.h"
#include "tools/import/provider.h"
#include "tools/import/sender.h"

struct cf_import_clock {
    struct cf_import_sender *sender;     /* borrowed, as all here */
    struct cf_import_provider *provider; /* NULL: the ledger's clock alone */
    struct cf_bus_client *gateway; /* of its status socket; asked in order alone, NULL never */
    struct cf_range_client *log;
    const struct cf_import_stop *stop;
    int64_t now_us;
    uint64_t jumps;
    bool gateway_gone; /* nobody listened there: what is open is all that counts */
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
