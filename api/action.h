/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_ACTION_H
#define CF_API_ACTION_H

/* Where a backer goes whose bank wants to see them (3-D Secure). */

#include "api/exchange.h"

/* Adds "authenticate_url" to `json` when the pledge (as cf_query_pledge tells of it) waits for its backer's
 * bank. Asks the gateway, so on the pool only; adds nothing when that does not know the address now. */
void cf_action_add(struct cf_exchange *exchange, const struct cf_json *pledge,
                   struct cf_json *json);

#endif
