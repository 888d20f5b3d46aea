/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_DECIDE_SETTLEMENT_SUMS_H
#define CF_COMMANDS_DECIDE_SETTLEMENT_SUMS_H

/* What a campaign's next settlement says: its parts, and the cut by which each pledge's share of the fee
 * is known. */

#include "commands/decide/decide.h"
#include "core/aggregate/settlement.h"

struct cf_settlement_sums {
    struct cf_settlement_parts parts;
    uint64_t cut_remainder;
    struct cf_id cut_pledge_id;
};

/* RANGE where a sum does not fit, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_settlement_sums(const struct cf_decision *decision,
                                                struct cf_id campaign_id,
                                                struct cf_settlement_sums *ret_sums);

#endif
