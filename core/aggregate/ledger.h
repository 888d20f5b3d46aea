/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_LEDGER_H
#define CF_CORE_AGGREGATE_LEDGER_H

/* The ledger itself. One row CF_ROW_LEDGER, key CF_LEDGER_STREAM. */

#include "core/aggregate/book.h"

struct cf_ledger {
    int64_t genesis_us;
    int64_t clock_offset_us; /* simulated: the ledger's time less the recorded jumps' start */
    int64_t clock_now_us;    /* simulated: where the last jump went; 0 with a real clock */
    uint64_t sealed_through; /* sequence of the last sealed period */
    uint32_t sealed_period;  /* yyyymm, 0 none */
    uint32_t version;
    uint32_t provider_version; /* of the provider stream */
    uint8_t clock;             /* enum cf_clock */
};

#endif
