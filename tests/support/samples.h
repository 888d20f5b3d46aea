/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_SAMPLES_H
#define CF_TESTS_SUPPORT_SAMPLES_H

/*
 * Sample values of any shape, the same for the same seed. Texts are static.
 */

#include "core/event/event.h"

/* Fills every field; with `sparse`, leaves the optional ones absent. */
void cf_sample_fill(const struct cf_shape *shape, uint32_t seed, bool sparse, void *ret_value);

/* A sample event of this type. */
struct cf_event cf_sample_event(enum cf_event_type type, uint32_t seed, bool sparse);

#endif
