/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_PAYOUT_H
#define CF_CORE_AGGREGATE_PAYOUT_H

/* A payout: transfer to the connected account, then the bank. Row CF_ROW_PAYOUT, by payout id. */

#include "core/aggregate/book.h"

/* FROZEN for one layout version. */
enum cf_payout_state {
    CF_PAYOUT_NONE = 0,
    CF_PAYOUT_REQUESTED = 1,
    CF_PAYOUT_REFUSED = 2,   /* terminal: nothing moved */
    CF_PAYOUT_INITIATED = 3, /* in the connected account, bank payout asked for */
    CF_PAYOUT_SENT = 4,
    CF_PAYOUT_PAID = 5,   /* may still fail within days */
    CF_PAYOUT_FAILED = 6, /* payable again, and stands in the connected account */
    CF_PAYOUT_REVERSING = 7,
    CF_PAYOUT_REVERSED = 8 /* terminal */
};

struct cf_payout {
    struct cf_id campaign_id;
    struct cf_id creator_id;
    int64_t requested_at_us;
    int64_t amount_minor;
    struct cf_token account;
    struct cf_token transfer;
    struct cf_token bank_payout;
    uint32_t version;
    uint32_t attempt;
    uint16_t currency;
    uint8_t state;         /* enum cf_payout_state */
    uint8_t failed_before; /* 0 or 1: a reversal was asked for after a failure */
};

#endif
