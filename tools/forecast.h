/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_FORECAST_H
#define CF_TOOLS_FORECAST_H

/*
 * What a campaign would come to if it were settled: captures, fees, reserve, payout, and when. By the
 * same arithmetic as the settlement itself (core/aggregate/settlement.h), on assumptions that are
 * named: how many of the cards that are not held will decline, and the processor's fee, which is known
 * only once it was taken.
 */

#include "core/aggregate/settlement.h"

struct cf_forecast_assumptions {
    uint32_t decline_bps;        /* of what is not held */
    uint32_t processor_fee_bps;  /* of each capture that is still to come … */
    int64_t processor_fee_minor; /* … and for each one */
};

struct cf_forecast {
    enum cf_currency currency;
    bool funded;            /* by what is pledged now, or by the verdict */
    uint32_t captures;      /* still to come, without the declines */
    int64_t captured_minor; /* and not settled yet */
    int64_t held_minor;
    int64_t to_charge_minor;      /* cards saved, and errored ones */
    int64_t declines_minor;       /* of that */
    int64_t collected_minor;      /* captured, held, charged without the declines */
    int64_t processor_fees_minor; /* still to come; recorded ones have left the escrow */
    struct cf_settlement_parts parts;
    int64_t settled_by_us;
    int64_t payout_at_us;
    int64_t reserve_release_at_us; /* 0 without a reserve */
};

/* NOT_FOUND for an unknown campaign, INVALID for one that takes no money any more or not yet, RANGE
 * where amounts do not fit. */
CF_MUST_CHECK enum cf_status cf_forecast_make(struct cf_book *book, const struct cf_id *campaign_id,
                                              const struct cf_forecast_assumptions *assumptions,
                                              struct cf_forecast *ret_forecast,
                                              struct cf_fault *reterr_fault);

#endif
