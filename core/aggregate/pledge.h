/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_PLEDGE_H
#define CF_CORE_AGGREGATE_PLEDGE_H

/*
 * A pledge, its refunds, and the cards it may be charged to.
 * States and moves: pledge_states.def, after payments.md section 2.
 */

#include "core/aggregate/book.h"

#define CF_PLEDGE_ITEMS_MAX 16

/* FROZEN for one layout version. */
enum cf_pledge_state {
    CF_PLEDGE_NONE = 0,
    CF_PLEDGE_CHECKOUT = 1, /* claim held until claim_expires_at */
    CF_PLEDGE_REQUIRES_ACTION = 2,
    CF_PLEDGE_COMMITTED = 3,
    CF_PLEDGE_AUTHORIZING = 4,
    CF_PLEDGE_AUTHORIZED = 5,
    CF_PLEDGE_REAUTH_DUE = 6,
    CF_PLEDGE_CAPTURING = 7,
    CF_PLEDGE_CAPTURED = 8,
    CF_PLEDGE_ERRORED = 9, /* `decline` says why; hold_lapsed is one of the reasons */
    CF_PLEDGE_DROPPED = 10,
    CF_PLEDGE_CANCELLED = 11,
    CF_PLEDGE_RELEASED = 12,
    CF_PLEDGE_ABANDONED = 13,
    CF_PLEDGE_REFUND_PENDING = 14,
    CF_PLEDGE_PARTIALLY_REFUNDED = 15,
    CF_PLEDGE_REFUNDED = 16,
    CF_PLEDGE_REFUND_FAILED = 17,
    CF_PLEDGE_DISPUTED = 18,
    CF_PLEDGE_CHARGED_BACK = 19
};

struct cf_pledge_item {
    struct cf_id reward_id;
    uint32_t quantity;
    uint32_t counted; /* 1: in the backer's claims on this reward */
};

/* Row CF_ROW_PLEDGE, by pledge id. */
struct cf_pledge {
    struct cf_id campaign_id;
    struct cf_id backer_id;
    struct cf_id reward_id; /* zero: none */
    struct cf_id card_id;   /* zero: a card that is not saved with us */
    struct cf_id newest_refund; /* of its own charge; zero: none; cf_refund.previous leads on */
    int64_t created_at_us;
    int64_t claim_expires_at_us;
    int64_t capture_before_us; /* of the hold; 0 without one */
    int64_t amount_minor;
    int64_t shipping_minor;
    int64_t memo_pledged_minor;    /* this pledge's part of memo:pledged */
    int64_t memo_authorized_minor; /* this pledge's part of memo:authorized */
    int64_t captured_minor;
    int64_t kept_minor; /* captured less what was asked or charged back before its settlement */
    int64_t refund_requested_minor; /* all that was ever asked back */
    int64_t refunded_minor;         /* of it, what left */
    int64_t refunded_settled_minor; /* of it, what was asked back after its settlement */
    int64_t fee_returned_minor;     /* of the platform's fee */
    int64_t charged_back_minor;  /* of what was not asked back before */
    int64_t twice_back_minor;    /* asked back, and taken by the bank as well: the platform's loss */
    int64_t processor_fee_minor;
    int64_t disputed_minor;
    int64_t dispute_hold_minor;
    int64_t orphaned_minor;       /* came too late or twice, and its fee is not recorded */
    int64_t pending_minor;        /* net of recorded fees, not available yet */
    int64_t available_minor;      /* P3 recorded */
    int64_t fee_reimbursed_minor; /* of the processor's fee, by the platform */
    struct cf_token payment_method;
    struct cf_token intent;
    struct cf_token charge;
    struct cf_token dispute;
    struct cf_token
        balance_transaction; /* of the charge, or of money that came too late; empty without a recorded fee */
    struct cf_pledge_item items[CF_PLEDGE_ITEMS_MAX]; /* add-ons */
    uint32_t version;
    uint32_t attempt; /* payment attempts so far */
    uint32_t item_count;
    uint32_t refunds_open;   /* asked for, no outcome yet; orphaned money's are not counted */
    uint32_t refunds_failed; /* still owed */
    uint32_t settle_round;   /* the settlement that it is part of, from 1; 0 before capture */
    uint16_t currency;
    uint8_t state;     /* enum cf_pledge_state */
    uint8_t mode;      /* enum cf_payment_mode, asked last */
    uint8_t decline;   /* enum cf_decline of the last failure */
    uint8_t retryable; /* 0 or 1, as all below */
    uint8_t late;
    uint8_t fee_recorded;
    uint8_t warned;
    uint8_t reward_counted; /* the reward is in the backer's claims on it */
};

/* Row CF_ROW_REFUND, by refund id. */
enum cf_refund_state {
    CF_REFUND_NONE = 0,
    CF_REFUND_REQUESTED = 1,
    CF_REFUND_SUCCEEDED = 2,
    CF_REFUND_FAILED = 3, /* still owed */
    CF_REFUND_PAID_OTHERWISE = 4,
    CF_REFUND_COVERED = 5 /* the bank gave it back instead */
};

struct cf_refund {
    struct cf_id pledge_id;
    struct cf_id previous; /* of the same pledge; zero: the first one, or orphaned */
    int64_t amount_minor;
    int64_t disputed_minor; /* orphaned: what the bank has taken until it decides */
    int64_t lost_minor;     /* orphaned: what it kept, not set off yet */
    struct cf_token refund; /* the provider's; empty until it answered */
    struct cf_token charge; /* what it gives back of */
    struct cf_token dispute; /* orphaned: of that charge, the last one */
    uint32_t attempt;
    uint8_t state; /* enum cf_refund_state */
    uint8_t reason;
    uint8_t orphaned; /* of money that came for an ended pledge */
};

/* A saved card. Row CF_ROW_CARD, by card id. */
struct cf_card {
    struct cf_id user_id;
    struct cf_token payment_method;
    uint8_t removed;
};

/* Of an amount that goes back to the backer next: what exceeds the charge, given what was asked back and
 * charged back before. The platform bears it. */
struct cf_money cf_pledge_twice_back(const struct cf_pledge *pledge, struct cf_money amount);

/* Nothing but late news can come. */
bool cf_pledge_state_is_terminal(enum cf_pledge_state state);

#endif
