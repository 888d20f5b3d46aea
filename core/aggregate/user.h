/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_USER_H
#define CF_CORE_AGGREGATE_USER_H

/* A person: backer of pledges, creator of campaigns, member of staff. Row CF_ROW_USER, by user id.
 */

#include "core/aggregate/book.h"

enum cf_user_state {
    CF_USER_NONE = 0,
    CF_USER_ACTIVE = 1,
    CF_USER_SUSPENDED = 2,
    CF_USER_ERASED = 3 /* terminal */
};

enum cf_identity_state {
    CF_IDENTITY_NONE = 0,
    CF_IDENTITY_STARTED = 1,
    CF_IDENTITY_PASSED = 2,
    CF_IDENTITY_FAILED = 3
};

struct cf_user {
    int64_t registered_at_us;
    struct cf_token customer; /* the provider's customer; empty until linked */
    struct cf_token account;  /* the provider's connected account; empty until linked */
    uint32_t version;         /* of the stream */
    uint32_t roles;           /* bit 1 << enum cf_role */
    uint32_t legal_holds;     /* how many stand */
    uint32_t payouts_failed;  /* in a row */
    uint8_t state;            /* enum cf_user_state */
    uint8_t identity;         /* enum cf_identity_state */
    uint8_t email_verified;   /* 0 or 1, as all below */
    uint8_t mfa;
    uint8_t account_requested;
    uint8_t charges_enabled;
    uint8_t payouts_enabled;
    uint8_t details_submitted;
    uint8_t unannounced; /* imported, and has not come in by themselves yet: gets no letters */
};

/* What a creator has in one currency beside the journal's balances. Row CF_ROW_CREATOR. */
struct cf_creator {
    int64_t payout_requested_minor; /* spoken for by payouts that the provider has not accepted */
    int64_t connected_minor; /* in the connected account and not under way: failed bank payouts */
    uint32_t open_disputes;
    uint32_t open_payouts;
};

static inline bool cf_user_has_role(const struct cf_user *user, enum cf_role role)
{
    return (user->roles & (UINT32_C(1) << role)) != 0;
}

#endif
