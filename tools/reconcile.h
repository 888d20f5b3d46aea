/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_RECONCILE_H
#define CF_TOOLS_RECONCILE_H

/*
 * Reconciliation: our postings at the provider against the provider's own records, movement by
 * movement and in total.
 *
 * Both sides are shown to it as movements: a name that both know, a currency, an amount. The names
 * are the provider's: a charge, refund, dispute, transfer or reversal for what was moved, a balance
 * transaction for its fee. Movements of one name are summed and counted, in whatever order they come:
 * each balance transaction has exactly one group of postings.
 */

#include "core/event/record.h"
#include "core/journal/invariants.h"

struct cf_reconciliation;

/* Nothing yet, or NULL without memory. Destroy accepts NULL. */
struct cf_reconciliation *cf_reconciliation_new(void);
void cf_reconciliation_destroy(struct cf_reconciliation *reconciliation);

/* Our side: every event of the ledger, in order. CORRUPT as cf_fold, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_reconciliation_event(struct cf_reconciliation *reconciliation,
                                                     const struct cf_record *record,
                                                     const struct cf_event *event,
                                                     struct cf_fault *reterr_fault);

/* The provider's side, in our minor units: one balance transaction, positive where money came in. */
struct cf_provider_movement {
    const char *transaction; /* "txn_…"; borrowed for the call, as all below */
    const char *type;        /* "charge", "refund", "adjustment", "transfer", "topup", … */
    const char *source;      /* what it is about, or NULL */
    enum cf_currency currency;
    int64_t amount_minor;
    int64_t fee_minor;
};
CF_MUST_CHECK enum cf_status cf_reconciliation_movement(struct cf_reconciliation *reconciliation,
                                                        const struct cf_provider_movement *movement,
                                                        struct cf_fault *reterr_fault);

/* The provider's balance in a currency, pending and available; more than one call adds up. */
CF_MUST_CHECK enum cf_status cf_reconciliation_balance(struct cf_reconciliation *reconciliation,
                                                       enum cf_currency currency, int64_t minor);

enum cf_difference_cause {
    CF_DIFFERENCE_NOT_HERE,     /* the provider moved money that we do not know of */
    CF_DIFFERENCE_NOT_THERE,    /* we booked what the provider does not have */
    CF_DIFFERENCE_FEE_NOT_HERE, /* a fee that we have not recorded yet */
    CF_DIFFERENCE_AMOUNT,       /* both have it, unlike */
    CF_DIFFERENCE_TIMES,        /* the same amount, but not in as many movements */
    CF_DIFFERENCE_BALANCE       /* the balances as a whole */
};

struct cf_difference {
    enum cf_difference_cause cause;
    const char *name; /* the movement's; empty for a balance; borrowed for the call */
    const char *type; /* as either side calls it; borrowed for the call */
    enum cf_currency currency;
    int64_t ours_minor;
    int64_t theirs_minor;
};

typedef void cf_difference_fn(void *context, const struct cf_difference *difference);

struct cf_reconciliation_sums {
    size_t movements; /* names that either side has */
    size_t agreed;
    size_t differences; /* the balances' too */
};

/* Compares, and reports each difference in the order of names. Once. NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_reconciliation_report(struct cf_reconciliation *reconciliation,
                                                      cf_difference_fn *report, void *context,
                                                      struct cf_reconciliation_sums *ret_sums);

/* The invariants of our own books (core/journal/invariants.h), those of events included; after all events.
 * Reports each finding and returns how many there are. What the provider has is the report's affair. */
size_t cf_reconciliation_inspect(struct cf_reconciliation *reconciliation, cf_finding_fn *report,
                                 void *context);

/* What a cause means; static. */
const char *cf_difference_sentence(enum cf_difference_cause cause);

#endif
