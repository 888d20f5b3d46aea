/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_PAYMENT_PORT_H
#define CF_COMMANDS_GATEWAY_PAYMENT_PORT_H

/*
 * The payment port: what Coffer asks of any payment provider, in its own words. An adapter
 * (stripe.h) turns a request into its provider's HTTP and the answer into a result.
 *
 * Every request carries a key that derives from the event that asked for it, so a repeated request
 * happens once. Charges and transfers are separate: money lands with the platform, and what is the
 * creator's is moved later.
 */

#include "core/currency.h"
#include "core/event/choices.h"
#include "core/id.h"

enum cf_port_operation {
    CF_PORT_MAKE_CUSTOMER,
    CF_PORT_MAKE_ACCOUNT,
    CF_PORT_SAVE_CARD,
    CF_PORT_PAY, /* hold or take, see `hold` */
    CF_PORT_CAPTURE,
    CF_PORT_VOID,
    CF_PORT_REFUND,
    CF_PORT_TRANSFER,
    CF_PORT_REVERSE,
    CF_PORT_PAY_OUT,
    CF_PORT_LOOK,        /* fetch `object` as it is now */
    CF_PORT_LIST_EVENTS, /* notices since `since_s` */
    CF_PORT_OPERATION_COUNT
};

/* Texts are borrowed until the call that takes the request returns; NULL for none. */
struct cf_port_request {
    enum cf_port_operation operation;
    char key[96];        /* idempotency; empty for looking */
    int64_t asked_at_us; /* when it was first asked: after a day, look before repeating */
    int64_t now_us;      /* the ledger's time */
    struct cf_id user_id, campaign_id, pledge_id, refund_id, payout_id; /* zero for none */
    enum cf_currency currency;
    struct cf_money amount;
    bool hold;        /* PAY: hold only */
    bool off_session; /* PAY: the payer is not there */
    bool keep_card;   /* PAY: the card is new, and kept for later */
    enum cf_refund_reason reason;
    const char *customer, *payment_method, *intent, *charge, *account, *transfer;
    const char *country;
    const char *return_url; /* where the payer's browser goes after authentication */
    const char *object;     /* LOOK: its id */
    int64_t since_s;
    const char *after; /* LIST_EVENTS: continue behind this one */
};

enum cf_port_outcome {
    CF_PORT_DONE,
    CF_PORT_ACTION_REQUIRED, /* the payer has to authenticate */
    CF_PORT_PENDING,         /* accepted; the provider will tell */
    CF_PORT_DECLINED,        /* the card's bank said no */
    CF_PORT_OTHERWISE,       /* the object is at another point already: `state` says at which */
    CF_PORT_NOT_FUNDED,      /* the balance does not cover it yet */
    CF_PORT_REFUSED,         /* wrong, and will stay wrong: `reason` */
    CF_PORT_UNAVAILABLE,     /* not reached, or asked to wait: later */
};

/* What an object is about and where it stands, whoever the provider is. */
enum cf_port_state {
    CF_PORT_STATE_NONE,
    CF_PORT_STATE_OPEN, /* being worked on */
    CF_PORT_STATE_ACTION,
    CF_PORT_STATE_SAVED, /* a card, for later */
    CF_PORT_STATE_HELD,
    CF_PORT_STATE_TAKEN,
    CF_PORT_STATE_FAILED,
    CF_PORT_STATE_CANCELLED, /* by us or the payer */
    CF_PORT_STATE_LAPSED,    /* a hold that ran out */
    CF_PORT_STATE_REFUNDED,
    CF_PORT_STATE_REFUND_FAILED,
    CF_PORT_STATE_WARNED, /* an inquiry or a warning of fraud */
    CF_PORT_STATE_DISPUTED,
    CF_PORT_STATE_DISPUTE_WON,
    CF_PORT_STATE_DISPUTE_LOST,
    CF_PORT_STATE_SENT,
    CF_PORT_STATE_PAID,
    CF_PORT_STATE_PAYOUT_FAILED,
    CF_PORT_STATE_MOVED, /* a transfer */
    CF_PORT_STATE_REVERSED,
    CF_PORT_STATE_ACCOUNT,
};

#define CF_PORT_NAME_SIZE 64 /* of a provider's ids, as core's tokens */

/* Plain data; texts are empty where there is nothing. */
struct cf_port_result {
    enum cf_port_outcome outcome;
    enum cf_port_state state;
    char id[CF_PORT_NAME_SIZE]; /* of what was made or looked at */
    char intent[CF_PORT_NAME_SIZE];
    char charge[CF_PORT_NAME_SIZE];
    char payment_method[CF_PORT_NAME_SIZE];
    char action_url[512]; /* where the payer authenticates, while that is wanted */
    char customer[CF_PORT_NAME_SIZE];
    char balance_transaction[CF_PORT_NAME_SIZE];
    enum cf_currency currency; /* 0 when it is unknown to us */
    struct cf_money amount;
    bool amount_odd; /* the provider's amount falls between our units */
    struct cf_money fee;
    char reinstated_by[CF_PORT_NAME_SIZE]; /* a won dispute's second balance transaction, */
    struct cf_money fee_returned;          /* and the fee that it gave back */
    bool funds_available; /* the balance transaction's */
    int64_t available_at_us;
    int64_t capture_before_us;
    enum cf_decline decline;
    bool retryable;
    enum cf_dispute_stage stage;
    bool charges_enabled, payouts_enabled, details_submitted;
    char disabled_reason[96];
    struct cf_id user_id, pledge_id, refund_id, payout_id; /* what we had written on it */
    char request_key[96];                                  /* of the request that made it */
    int64_t retry_after_ms; /* UNAVAILABLE: at least this long; 0 when nobody said */
    char reason[160];       /* for people: why not */
};

typedef void cf_port_done_fn(void *context, const struct cf_port_result *result,
                             struct cf_bytes body);

struct cf_payment_port;

struct cf_payment_port_ops {
    /* Starts a request; `done` is called once, from any thread, with the result and, for those who
     * read lists, the answer's body (borrowed). NO_MEMORY, CLOSED: then it is not called. */
    enum cf_status (*submit)(struct cf_payment_port *port, const struct cf_port_request *request,
                             cf_port_done_fn *done, void *context);
    /* How the port fares, as one JSON object, for `coffer requests`. */
    enum cf_status (*describe)(struct cf_payment_port *port, struct cf_buf *buf);
    void (*close)(struct cf_payment_port *port);
};

/* An adapter begins with this member. */
struct cf_payment_port {
    const struct cf_payment_port_ops *ops;
};

#endif
