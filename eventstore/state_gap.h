/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_STATE_GAP_H
#define CF_EVENTSTORE_STATE_GAP_H

/*
 * What is missing, in money: the balances of a state that saw more of the log, beside those of a state
 * made from the records that are left.
 */

#include "eventstore/state.h"

/* One account whose balances differ. */
typedef void cf_state_gap_fn(void *context, const struct cf_account *account, int64_t seen_minor,
                             int64_t left_minor);

/* Calls `gap` for each account in which two views differ, in the order of the accounts. */
CF_MUST_CHECK enum cf_status cf_state_gap(struct cf_state_view *seen, struct cf_state_view *left,
                                          cf_state_gap_fn *gap, void *context,
                                          struct cf_fault *reterr_fault);

#endif
