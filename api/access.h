/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_ACCESS_H
#define CF_API_ACCESS_H

/*
 * Who may see what, beyond being logged in. Each function answers the exchange itself, with FORBIDDEN,
 * when it returns false; so nobody learns whether what they may not see is there. On the pool.
 *
 * Roles are bits, CF_ACCESS_ROLE(FINANCE) | …; an admin may see whatever any role may.
 */

#include "api/exchange.h"
#include "core/event/choices.h"

#define CF_ACCESS_ROLE(name) (UINT32_C(1) << CF_ROLE_##name)

/* Somebody with one of the roles. */
bool cf_access_by_role(struct cf_exchange *exchange, uint32_t roles);

/* The person himself, or somebody with one of the roles. */
bool cf_access_of_person(struct cf_exchange *exchange, const struct cf_id *person_id,
                         uint32_t roles);

/* The campaign's creator, or somebody with one of the roles. */
bool cf_access_of_campaign(struct cf_exchange *exchange, const struct cf_id *campaign_id,
                           uint32_t roles);

#endif
