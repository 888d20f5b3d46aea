/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_SERVICES_H
#define CF_PROJECTIONS_SERVICES_H

/* What a handler may use besides its event and its rows: the keeper, for published texts. */

#include "core/id.h"

struct cf_services {
    /* Opens a sealed text into an empty buffer. NOT_FOUND: its subject was erased. Others: try again
     * later. */
    enum cf_status (*open)(void *context, struct cf_id subject, struct cf_bytes sealed,
                           struct cf_buf *ret_clear, struct cf_fault *reterr_fault);
    void *context;
};

#endif
