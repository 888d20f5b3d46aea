/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_BANK_H
#define CF_TESTS_SUPPORT_BANK_H

/*
 * A payment provider and its gateway for a platform in memory: takes open requests, does what they
 * ask for (or declines, or asks for authentication), and reports by the gateway's commands.
 *
 * It behaves as the real one where that is hard: what it did is done at once, while its reports may
 * come late, twice and in any order; a report says what the object is now, not what it was. Holds
 * expire, refunds come back, paid payouts fail, banks dispute. It books every movement, so that the
 * ledger can be reconciled with it. The same seed, the same bank.
 *
 * With `fates` the bank is the same whatever order its reports are made in: what it does is decided by
 * whom it does it for, and reports wait until they are asked for one by one.
 */

#include "tests/support/platform.h"
#include "tests/support/random.h"
#include "tools/reconcile.h"

enum cf_bank_state {
    CF_BANK_NEW,
    CF_BANK_SAVED,
    CF_BANK_ACTION,
    CF_BANK_FAILED,
    CF_BANK_HELD,
    CF_BANK_TAKEN,
    CF_BANK_EXPIRED,
    CF_BANK_CANCELLED, /* because we asked */
};

struct cf_bank_intent {
    int number; /* in its names */
    struct cf_id pledge_id;
    enum cf_currency currency;
    enum cf_bank_state state;
    int64_t amount, fee, refunded;
    int64_t capture_before_us, available_at_us;
    enum { CF_BANK_UNDISPUTED, CF_BANK_DISPUTED, CF_BANK_WON, CF_BANK_LOST } dispute;
    int64_t disputed;
};

struct cf_bank_refund {
    struct cf_id refund_id; /* zero: made at the bank */
    int number;
    int intent;
    int64_t amount;
    bool failed;
};

struct cf_bank_payout {
    struct cf_id payout_id;
    enum cf_currency currency;
    int64_t amount;
    enum { CF_BANK_MOVED, CF_BANK_SENT, CF_BANK_PAID, CF_BANK_BOUNCED, CF_BANK_REVERSED } state;
};

enum cf_bank_object { CF_BANK_INTENT, CF_BANK_REFUND, CF_BANK_PAYOUT, CF_BANK_DISPUTE };

/* When a report is made that waits to be asked for (fates). */
#define CF_BANK_WHEN_ASKED (CF_TIME_MAX_US / 2)

/* A report under way. */
struct cf_bank_news {
    enum cf_bank_object object;
    int index;
    int64_t due_us;
};

#define CF_BANK_INTENTS_MAX 8000
#define CF_BANK_NEWS_MAX 8000
#define CF_BANK_SEQUENCES_MAX 500000

struct cf_bank {
    struct cf_platform *platform;
    struct cf_random random;
    uint64_t fates; /* 0: by chance */
    struct cf_bank_intent intents[CF_BANK_INTENTS_MAX];
    struct cf_bank_refund refunds[CF_BANK_INTENTS_MAX];
    struct cf_bank_payout payouts[CF_BANK_INTENTS_MAX];
    struct cf_bank_news news[CF_BANK_NEWS_MAX];
    bool performed[CF_BANK_SEQUENCES_MAX]; /* by the asking event: each ask is done once */
    int intent_count, refund_count, payout_count, news_count;
    unsigned decline_percent, action_percent, trouble_percent; /* how often */
    int64_t delay_max_us;                                      /* of a report */
    unsigned repeat_percent;                                   /* reports that come twice */
    struct cf_reconciliation *books; /* where it books its movements; may be NULL */
    int64_t balance[4];              /* by currency slot: EUR USD JPY KWD */
    char text[16][64];
    unsigned text_count;
};

void cf_bank_init(struct cf_bank *bank, struct cf_platform *platform, uint64_t seed);

/* Does what is asked. Reports that are due now are made; later ones wait. */
void cf_bank_work(struct cf_bank *bank);

/* Holds that have expired, at the bank. */
void cf_bank_expire(struct cf_bank *bank);

/* Something that banks do by themselves to a charge or a payout, now and then. */
void cf_bank_mischief(struct cf_bank *bank);

/* When the next report is due; INT64_MAX for none. */
int64_t cf_bank_next(const struct cf_bank *bank);

/* Every report that waits is made now, in random order. */
void cf_bank_flush(struct cf_bank *bank);

/* One report that waits is made, and may stay to be made again. */
void cf_bank_report(struct cf_bank *bank, int index, bool again);

/* With fates: does once what is asked; says whether anything was. */
bool cf_bank_perform(struct cf_bank *bank);

/* With fates: what the banks do by themselves in this round. */
void cf_bank_stir(struct cf_bank *bank, unsigned round);

#endif
