/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the prototypes of a model's handlers of its list of events, so that they can live in
 * several files. Included by each of them:
 *
 *     #define CF_ON_MODEL funding
 *     #define CF_READS_FILE "projections/funding/reads.def"
 *     #include "projections/reads.h"
 *
 *     CF_ON(pledge_captured)
 *     {
 *         … uses fold and event, returns a status …
 *     }
 *
 * A row of the list without its CF_ON does not link.
 */
#include "projections/model.h"

#define CF_ON_PASTE_(model, name) cf_##model##_on_##name
#define CF_ON_PASTE(model, name) CF_ON_PASTE_(model, name)
#define CF_ON(name)                                                                                \
    enum cf_status CF_ON_PASTE(CF_ON_MODEL, name)(                                                 \
        struct cf_fold * fold, const struct cf_event_##name *event __attribute__((unused)))

#define CF_READS(name) CF_ON(name);
#include CF_READS_FILE
#undef CF_READS
