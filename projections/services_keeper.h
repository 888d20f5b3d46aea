/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_SERVICES_KEEPER_H
#define CF_PROJECTIONS_SERVICES_KEEPER_H

/* The services of handlers, by the keeper. */

#include "projections/services.h"

struct cf_services_keeper;

/* OK even when the keeper is not there yet: what needs it then waits. */
CF_MUST_CHECK enum cf_status cf_services_keeper_open(const char *url,
                                                     struct cf_services_keeper **ret_keeper,
                                                     struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_services_keeper_close(struct cf_services_keeper *keeper);

/* Borrowed from the keeper. */
const struct cf_services *cf_services_keeper_services(const struct cf_services_keeper *keeper);

#endif
