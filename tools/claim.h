/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLAIM_H
#define CF_TOOLS_CLAIM_H

/*
 * A data directory belongs to one supervisor at a time, and has room when it begins.
 */

#include "eventstore/data_dir.h"

/*
 * Claims it until this process and all of its children are gone. CONFLICT, at once, while another supervisor lives, and
 * after a wait when only children of one that was killed are still there; NO_SPACE on a full disk.
 *
 * A child that supervises in our place, by fork alone, closes `ret_own`: so the claim can be told to be ours.
 */
CF_MUST_CHECK enum cf_status cf_claim(const struct cf_data_dir *dir, int *ret_own,
                                      struct cf_fault *reterr_fault);

#endif
