/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_SESSION_H
#define CF_API_SESSION_H

/*
 * Who is logged in: what the keeper said of a session's token, remembered for a few seconds, so that a
 * busy client costs the keeper one question in CF_SESSION_KEPT_US. A session that is revoked elsewhere
 * ends here that much later; one that is revoked here ends at once.
 *
 * Thread-safe. Tokens are kept as hashes.
 */

#include "core/id.h"

#define CF_SESSION_KEPT_US INT64_C(5000000)
/* More sessions than this at a time are asked for again. */
#define CF_SESSIONS_MAX 65536

struct cf_sessions;

CF_MUST_CHECK enum cf_status cf_sessions_new(struct cf_sessions **ret_sessions);
/* Accepts NULL. */
void cf_sessions_destroy(struct cf_sessions *sessions);

/* Whose token it is. False: ask the keeper. */
bool cf_sessions_find(struct cf_sessions *sessions, struct cf_bytes token, int64_t now_us,
                      struct cf_id *ret_user_id);
void cf_sessions_remember(struct cf_sessions *sessions, struct cf_bytes token,
                          const struct cf_id *user_id, int64_t now_us);
void cf_sessions_forget(struct cf_sessions *sessions, struct cf_bytes token);

#endif
