/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_POLICY_H
#define CF_CORE_POLICY_H

/*
 * Policy: every constant of the business in one place, and the few rules that deciders and
 * reactions share. Changing one changes what is decided from then on; what the log says stays.
 */

#include "core/time.h"

/* -- Checkout and cards --------------------------------------------------------------------- */

/* A claim on stock, from the start of checkout. */
#define CF_POLICY_CLAIM_US (15 * CF_MINUTE_US)

/* How long a hold by saved card lasts at the least: Visa's merchant-initiated ones, 4 d 18 h. When
 * a hold really ends is the provider's `capture_before`; this plans, it never decides. */
#define CF_POLICY_HOLD_WINDOW_US (4 * CF_DAY_US + 18 * CF_HOUR_US)

/* A hold has to outlast the deadline by this much, so that the capture run comes through. */
#define CF_POLICY_HOLD_MARGIN_US CF_DAY_US

/* A campaign this near its goal (ten-thousandths of it) has its cards held before the end. */
#define CF_POLICY_NEAR_GOAL_BPS 8000

/* A backer may not cancel in the last day where that would lead below the goal. */
#define CF_POLICY_CANCEL_LOCK_US CF_DAY_US

/* -- Campaigns ------------------------------------------------------------------------------ */

#define CF_POLICY_DURATION_MIN_US CF_DAY_US
#define CF_POLICY_DURATION_MAX_US (60 * CF_DAY_US)
#define CF_POLICY_LATE_PLEDGES_MAX_US (90 * CF_DAY_US)
#define CF_POLICY_PLATFORM_FEE_MIN_BPS 500
#define CF_POLICY_PLATFORM_FEE_MAX_BPS 800

/* -- Grace, settlement, payout -------------------------------------------------------------- */

/* From the end: failed cards may be fixed until then. */
#define CF_POLICY_GRACE_US (7 * CF_DAY_US)
#define CF_POLICY_GRACE_REMINDER_US (2 * CF_DAY_US)

/* Late pledges are settled together, this long after the first one came in. */
#define CF_POLICY_LATE_SETTLE_US (7 * CF_DAY_US)

/* From the end to the first payout. */
#define CF_POLICY_PAYOUT_DELAY_US (14 * CF_DAY_US)

/* From the end; nothing is closed before refunds have become rare. */
#define CF_POLICY_REFUND_WINDOW_US (90 * CF_DAY_US)

/* What cannot be done yet when its timer is due is looked at again after this. */
#define CF_POLICY_LOOK_AGAIN_US CF_DAY_US

/* -- Rules ---------------------------------------------------------------------------------- */

/* When the authorize run of an all-or-nothing campaign begins: as late as possible, so that holds
 * placed then last beyond the end by the margin. */
static inline int64_t cf_policy_authorize_at(int64_t ends_at_us)
{
    return ends_at_us - CF_POLICY_HOLD_WINDOW_US + CF_POLICY_HOLD_MARGIN_US;
}

/* When a hold has to be renewed, or 0 where it outlasts the campaign's end by the margin. */
static inline int64_t cf_policy_hold_renewal_at(int64_t capture_before_us, int64_t ends_at_us)
{
    int64_t renew_at_us = capture_before_us - CF_POLICY_HOLD_MARGIN_US;
    return renew_at_us < ends_at_us ? renew_at_us : 0;
}

#endif
