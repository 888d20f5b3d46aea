/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_STATE_COMPARE_H
#define CF_EVENTSTORE_STATE_COMPARE_H

/* Two states side by side: live against rebuilt, key for key. */

#include "eventstore/state.h"

/* The first row in which they differ. */
struct cf_state_difference {
    bool found;
    const char *table; /* static */
    size_t key_size;
    uint8_t key[511];
    uint64_t rows; /* compared */
};

/* Compares a view of one state with the last commit of another, which may be only half of one: the
 * tables that this has, but not the one that says what a state is a state of. */
CF_MUST_CHECK enum cf_status cf_state_compare(struct cf_state_view *a, struct cf_state *b,
                                              struct cf_state_difference *ret_difference,
                                              struct cf_fault *reterr_fault);

#endif
