/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_PAYMENTS_H
#define CF_TOOLS_PAYMENTS_H

/*
 * What waits for the payment provider, why, since when, and when it is tried next; what was put aside for
 * people, and notices that contradict the books.
 *
 * Three sources: the requests that are open (range service), the retries that are due later (the writer's
 * timers), and the newest records of the provider's stream, which say why.
 */

#include "core/aggregate/deferred.h"
#include "core/event/record.h"
#include "eventstore/data_dir.h"

#define CF_PAYMENTS_WAITING_MAX 4096
#define CF_PAYMENTS_NOTICES_MAX 64
#define CF_PAYMENTS_REASON_SIZE 160

enum cf_payment_wait {
    CF_PAYMENT_OPEN,
    CF_PAYMENT_RETRY, /* a timer opens it again */
    CF_PAYMENT_PARKED /* somebody has to look */
};

struct cf_waiting_payment {
    struct cf_id subject;
    enum cf_request request;
    enum cf_payment_wait wait;
    uint64_t sequence;   /* of the asking event; 0 not known */
    int64_t asked_us;    /* 0 not known */
    int64_t retry_at_us; /* CF_PAYMENT_RETRY */
    uint32_t attempt;    /* tries so far; 0 not known */
    char reason[CF_PAYMENTS_REASON_SIZE];
};

/* A notice that was kept apart; nothing is posted for it. */
struct cf_quarantined_notice {
    struct cf_token event, object; /* the provider's names */
    char reason[CF_PAYMENTS_REASON_SIZE];
};

struct cf_payments {
    struct cf_waiting_payment waiting[CF_PAYMENTS_WAITING_MAX];
    size_t count;
    size_t unlisted; /* what did not fit */
    struct cf_waiting_payment
        reopened[CF_PAYMENTS_WAITING_MAX]; /* put aside once, and asked for again */
    size_t reopened_count;
    struct cf_quarantined_notice notices[CF_PAYMENTS_NOTICES_MAX]; /* newest first */
    size_t notice_count; /* lately, with those that did not fit */
    int64_t now_us;      /* the ledger's time */
};

/* Asks the processes of that directory. TIMEOUT, CLOSED where one does not answer. */
CF_MUST_CHECK enum cf_status cf_payments_read(const struct cf_data_dir *dir,
                                              struct cf_payments *ret_payments,
                                              struct cf_fault *reterr_fault);

#endif
