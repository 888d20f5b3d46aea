/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JOURNAL_INVARIANTS_H
#define CF_CORE_JOURNAL_INVARIANTS_H

/*
 * The ten invariants (invariants.def) as an inspection: whoever walks a book shows it everything, and
 * it reports each thing that is not as it must be. The caller walks, because books differ: tests walk
 * one in memory, tools one on disk.
 *
 *     struct cf_inspection inspection;
 *     cf_inspection_begin(&inspection, report, context);
 *     … cf_inspect_event for every event (1, 9), before it is folded
 *     … cf_inspect_balance for every balance (1, 3)
 *     … cf_inspect_campaign for every campaign (2, 3, 4, 8, 10)
 *     … cf_inspect_provider and cf_inspect_connected with the provider's figures (5, 6)
 *     … cf_inspect_replay with a second book (7)
 *     cf_inspection_end(&inspection);   (1, 10)
 *
 * Invariant 10 needs all balances and all campaigns of one walk.
 */

#include "core/aggregate/book_memory.h"
#include "core/event/record.h"

enum cf_invariant {
#define CF_INVARIANT(number, name, sentence) CF_INVARIANT_##name = number,
#include "core/journal/invariants.def"
#undef CF_INVARIANT
};

struct cf_finding {
    enum cf_invariant invariant;
    struct cf_id subject; /* campaign, pledge, reward, creator; zero: the whole ledger */
    enum cf_currency currency;
    int64_t expected_minor;
    int64_t found_minor;
};

typedef void cf_finding_fn(void *context, const struct cf_finding *finding);

#define CF_INSPECTION_CURRENCIES_MAX 200

/* What is summed over a whole walk, per currency. */
struct cf_inspection_totals {
    enum cf_currency currency;
    int64_t balances_minor;
    int64_t fee_income_minor; /* as a positive number */
    int64_t fee_parts_minor;  /* of the pledges, less what was given back */
    int64_t provider_minor;   /* pending and available */
};

struct cf_inspection {
    cf_finding_fn *report; /* may be NULL: then findings are only counted */
    void *context;
    size_t findings;
    size_t currency_count;
    struct cf_inspection_totals totals[CF_INSPECTION_CURRENCIES_MAX];
};

/* The invariant's sentence; static. */
const char *cf_invariant_sentence(enum cf_invariant invariant);

void cf_inspection_begin(struct cf_inspection *inspection, cf_finding_fn *report, void *context);
void cf_inspection_end(struct cf_inspection *inspection);

/* The event that comes next, and the book as it is before. */
void cf_inspect_event(struct cf_inspection *inspection, struct cf_book *book,
                      const struct cf_event *event);

void cf_inspect_balance(struct cf_inspection *inspection, const struct cf_account *account,
                        int64_t minor);
void cf_inspect_campaign(struct cf_inspection *inspection, struct cf_book *book,
                         const struct cf_id *campaign_id);

/* The provider's own balance, pending and available together. After all balances. */
void cf_inspect_provider(struct cf_inspection *inspection, enum cf_currency currency,
                         int64_t provider_minor);
/* The balance of a creator's connected account. */
void cf_inspect_connected(struct cf_inspection *inspection, struct cf_book *book,
                          const struct cf_id *creator_id, enum cf_currency currency,
                          int64_t provider_minor);

void cf_inspect_replay(struct cf_inspection *inspection, const struct cf_book_memory *book,
                       const struct cf_book_memory *replay);

/* True where a payout of this creator in this currency may not begin: identity not passed, account
 * not ready, suspended or erased, a dispute open. */
bool cf_payout_is_held(struct cf_book *book, const struct cf_id *creator_id,
                       enum cf_currency currency);

#endif
