/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides as one list of movements, sorted by name, summed per name and side. */
#include "tools/reconcile.h"

#include "core/aggregate/book_memory.h"
#include "core/aggregate/pledge.h"
#include "core/base/assert.h"
#include "core/fold.h"

#include <stdlib.h>

#define CF_TYPE_SIZE 24

struct cf_movement {
    struct cf_token name;
    char type[CF_TYPE_SIZE];
    enum cf_currency currency;
    bool theirs;
    int64_t minor;
};

struct cf_reconciliation {
    struct cf_book_memory *memory; /* for a refund's name, a pledge's charge, our balances */
    struct cf_movement *movements;
    size_t count;
    size_t capacity;
    enum cf_status status; /* of the walk over balances */
    struct cf_inspection events;
};

struct cf_reconciliation *cf_reconciliation_new(void)
{
    struct cf_reconciliation *reconciliation = calloc(1, sizeof *reconciliation);
    if (reconciliation == NULL)
        return NULL;
    reconciliation->memory = cf_book_memory_new();
    if (reconciliation->memory != NULL)
        return reconciliation;
    cf_reconciliation_destroy(reconciliation);
    return NULL;
}

void cf_reconciliation_destroy(struct cf_reconciliation *reconciliation)
{
    if (reconciliation == NULL)
        return;
    cf_book_memory_destroy(reconciliation->memory);
    free(reconciliation->movements);
    free(reconciliation);
}

static enum cf_status cf_movement_add(struct cf_reconciliation *reconciliation, bool theirs,
                                      struct cf_bytes name, const char *type,
                                      enum cf_currency currency, int64_t minor)
{
    if (minor == 0)
        return CF_OK;
    if (reconciliation->count == reconciliation->capacity) {
        size_t capacity = reconciliation->capacity == 0 ? 256 : reconciliation->capacity * 2;
        struct cf_movement *movements =
            realloc(reconciliation->movements, capacity * sizeof *movements);
        if (movements == NULL)
            return CF_NO_MEMORY;
        reconciliation->movements = movements;
        reconciliation->capacity = capacity;
    }
    struct cf_movement *movement = &reconciliation->movements[reconciliation->count];
    *movement = (struct cf_movement){.currency = currency, .theirs = theirs, .minor = minor};
    if (!cf_token_set(&movement->name, name))
        return CF_INVALID;
    size_t size = strnlen(type, CF_TYPE_SIZE - 1);
    memcpy(movement->type, type, size);
    reconciliation->count++;
    return CF_OK;
}

/* -- Our side ------------------------------------------------------------------------------- */

static enum cf_status cf_ours(struct cf_reconciliation *reconciliation, struct cf_bytes name,
                              const char *type, enum cf_currency currency, struct cf_money amount,
                              int sign)
{
    return cf_movement_add(reconciliation, false, name, type, currency,
                           sign * cf_money_minor(amount));
}

/* The provider's name of a refund. */
static struct cf_bytes cf_refund_name(struct cf_reconciliation *reconciliation,
                                      const struct cf_id *refund_id)
{
    const struct cf_refund *refund =
        cf_book_find(cf_book_memory_book(reconciliation->memory), CF_ROW_REFUND, refund_id);
    return refund == NULL ? (struct cf_bytes){0} : cf_token_bytes(&refund->refund);
}

static enum cf_status cf_ours_pledge(struct cf_reconciliation *r, const struct cf_event *event)
{
    const struct cf_event_pledge_captured *captured = &event->pledge_captured;
    const struct cf_event_pledge_fee_recorded *fee = &event->pledge_fee_recorded;
    const struct cf_event_pledge_money_orphaned *orphaned = &event->pledge_money_orphaned;
    const struct cf_event_pledge_refund_succeeded *refund = &event->pledge_refund_succeeded;
    const struct cf_event_pledge_refund_failed *failed = &event->pledge_refund_failed;
    if (event->type == CF_EVENT_PLEDGE_CAPTURED)
        return cf_ours(r, captured->charge, "charge", captured->currency, captured->amount, 1);
    if (event->type == CF_EVENT_PLEDGE_MONEY_ORPHANED)
        return cf_ours(r, orphaned->charge, "charge", orphaned->currency, orphaned->amount, 1);
    if (event->type == CF_EVENT_PLEDGE_FEE_RECORDED)
        return cf_ours(r, fee->balance_transaction, "fee", fee->currency, fee->fee, -1);
    if (event->type == CF_EVENT_PLEDGE_REFUND_SUCCEEDED)
        return cf_ours(r, refund->refund, "refund", refund->currency, refund->amount, -1);
    if (event->type == CF_EVENT_PLEDGE_REFUND_FAILED && failed->returned)
        return cf_ours(r, cf_refund_name(r, &failed->refund_id), "refund", failed->currency,
                       failed->amount, 1);
    return CF_OK;
}

static enum cf_status cf_ours_dispute(struct cf_reconciliation *r, const struct cf_event *event)
{
    const struct cf_event_pledge_disputed *disputed = &event->pledge_disputed;
    const struct cf_event_pledge_dispute_won *won = &event->pledge_dispute_won;
    const struct cf_event_pledge_orphan_disputed *orphan = &event->pledge_orphan_disputed;
    const struct cf_event_pledge_orphan_dispute_won *orphan_won = &event->pledge_orphan_dispute_won;
    if (event->type == CF_EVENT_PLEDGE_DISPUTED) {
        CF_TRY(cf_ours(r, disputed->dispute, "dispute", disputed->currency, disputed->amount, -1));
        return cf_ours(r, disputed->balance_transaction, "fee", disputed->currency, disputed->fee,
                       -1);
    }
    if (event->type == CF_EVENT_PLEDGE_DISPUTE_WON) {
        CF_TRY(cf_ours(r, won->dispute, "dispute", won->currency, won->amount, 1));
        return cf_ours(r, won->balance_transaction, "fee", won->currency, won->fee_returned, 1);
    }
    if (event->type == CF_EVENT_PLEDGE_ORPHAN_DISPUTED) {
        CF_TRY(cf_ours(r, orphan->dispute, "dispute", orphan->currency, orphan->amount, -1));
        return cf_ours(r, orphan->balance_transaction, "fee", orphan->currency, orphan->fee, -1);
    }
    if (event->type == CF_EVENT_PLEDGE_ORPHAN_DISPUTE_WON) {
        CF_TRY(cf_ours(r, orphan_won->dispute, "dispute", orphan_won->currency, orphan_won->amount,
                       1));
        return cf_ours(r, orphan_won->balance_transaction, "fee", orphan_won->currency,
                       orphan_won->fee_returned, 1);
    }
    return CF_OK;
}

static enum cf_status cf_ours_other(struct cf_reconciliation *r, const struct cf_event *event)
{
    const struct cf_event_payout_initiated *initiated = &event->payout_initiated;
    const struct cf_event_payout_reversed *reversed = &event->payout_reversed;
    const struct cf_event_platform_topped_up *topped_up = &event->platform_topped_up;
    const struct cf_event_user_debt_recovered *recovered = &event->user_debt_recovered;
    if (event->type == CF_EVENT_PAYOUT_INITIATED)
        return cf_ours(r, initiated->transfer, "transfer", initiated->currency, initiated->amount,
                       -1);
    if (event->type == CF_EVENT_PAYOUT_REVERSED)
        return cf_ours(r, reversed->reversal, "transfer reversal", reversed->currency,
                       reversed->amount, 1);
    if (event->type == CF_EVENT_PLATFORM_TOPPED_UP)
        return cf_ours(r, CF_BYTES_LITERAL("topup"), "topup", topped_up->currency,
                       topped_up->amount, 1);
    if (event->type == CF_EVENT_USER_DEBT_RECOVERED &&
        recovered->source == CF_RECOVERY_PROVIDER_BALANCE)
        return cf_ours(r, CF_BYTES_LITERAL("recovery"), "recovery", recovered->currency,
                       recovered->amount, 1);
    return CF_OK;
}

enum cf_status cf_reconciliation_event(struct cf_reconciliation *reconciliation,
                                       const struct cf_record *record, const struct cf_event *event,
                                       struct cf_fault *reterr_fault)
{
    struct cf_book *book = cf_book_memory_book(reconciliation->memory);
    cf_inspect_event(&reconciliation->events, book, event);
    CF_TRY(cf_fold(book, record, event, reterr_fault));
    enum cf_status status = cf_ours_pledge(reconciliation, event);
    if (status == CF_OK)
        status = cf_ours_dispute(reconciliation, event);
    if (status == CF_OK)
        status = cf_ours_other(reconciliation, event);
    if (status != CF_OK)
        CF_FAIL_ON(reterr_fault, status, "a movement cannot be kept", "record %llu",
                   (unsigned long long)record->sequence);
    return CF_OK;
}

/* -- Their side ----------------------------------------------------------------------------- */

/* What carries no name that we know goes under one for its kind. */
static struct cf_bytes cf_their_name(const struct cf_provider_movement *movement)
{
    if (strcmp(movement->type, "topup") == 0)
        return CF_BYTES_LITERAL("topup");
    return cf_bytes_from_text(movement->source == NULL ? movement->transaction : movement->source);
}

enum cf_status cf_reconciliation_movement(struct cf_reconciliation *reconciliation,
                                          const struct cf_provider_movement *movement,
                                          struct cf_fault *reterr_fault)
{
    enum cf_status status =
        cf_movement_add(reconciliation, true, cf_their_name(movement), movement->type,
                        movement->currency, movement->amount_minor);
    if (status == CF_OK)
        status = cf_movement_add(reconciliation, true, cf_bytes_from_text(movement->transaction),
                                 "fee", movement->currency, -movement->fee_minor);
    if (status != CF_OK)
        CF_FAIL_ON(reterr_fault, status, "a movement cannot be kept", "%s", movement->transaction);
    return CF_OK;
}

/* A balance is a movement without a name. */
enum cf_status cf_reconciliation_balance(struct cf_reconciliation *reconciliation,
                                         enum cf_currency currency, int64_t minor)
{
    return cf_movement_add(reconciliation, true, (struct cf_bytes){0}, "balance", currency, minor);
}

static void cf_our_balance(void *context, const struct cf_account *account, int64_t minor)
{
    struct cf_reconciliation *reconciliation = context;
    if (account->kind != CF_ACCOUNT_PSP_PENDING && account->kind != CF_ACCOUNT_PSP_AVAILABLE)
        return;
    enum cf_status status = cf_movement_add(reconciliation, false, (struct cf_bytes){0}, "balance",
                                            account->currency, minor);
    if (reconciliation->status == CF_OK)
        reconciliation->status = status;
}

/* -- The comparison ------------------------------------------------------------------------- */

static int cf_movement_compare(const void *left, const void *right)
{
    const struct cf_movement *a = left;
    const struct cf_movement *b = right;
    int order = memcmp(a->name.text, b->name.text, sizeof a->name.text);
    if (order != 0)
        return order;
    return (a->currency > b->currency) - (a->currency < b->currency);
}

/* What has no name of its own: balances, and what carries only the name of its kind. */
static bool cf_is_lump(const struct cf_movement *movement)
{
    return cf_token_is_empty(&movement->name) || strcmp(movement->name.text, movement->type) == 0;
}

/* Of ours, then theirs. */
static enum cf_difference_cause cf_cause(const struct cf_movement *first, const size_t times[2],
                                         const int64_t minor[2])
{
    if (cf_token_is_empty(&first->name))
        return CF_DIFFERENCE_BALANCE;
    if (times[0] > 0 && times[1] > 0)
        return minor[0] == minor[1] ? CF_DIFFERENCE_TIMES : CF_DIFFERENCE_AMOUNT;
    if (times[0] > 0)
        return CF_DIFFERENCE_NOT_THERE;
    return strcmp(first->type, "fee") == 0 ? CF_DIFFERENCE_FEE_NOT_HERE : CF_DIFFERENCE_NOT_HERE;
}

/* One name in one currency: the movements from `first` to before `end`. */
static void cf_compare_name(const struct cf_movement *first, const struct cf_movement *end,
                            cf_difference_fn *report, void *context,
                            struct cf_reconciliation_sums *sums)
{
    int64_t minor[2] = {0, 0};
    size_t times[2] = {0, 0};
    for (const struct cf_movement *at = first; at < end; at++) {
        times[at->theirs]++;
        minor[at->theirs] += at->minor;
    }
    sums->movements++;
    if (minor[0] == minor[1] && (times[0] == times[1] || cf_is_lump(first))) {
        sums->agreed++;
        return;
    }
    sums->differences++;
    const struct cf_difference difference = {.cause = cf_cause(first, times, minor),
                                             .name = first->name.text,
                                             .type = first->type,
                                             .currency = first->currency,
                                             .ours_minor = minor[0],
                                             .theirs_minor = minor[1]};
    report(context, &difference);
}

enum cf_status cf_reconciliation_report(struct cf_reconciliation *reconciliation,
                                        cf_difference_fn *report, void *context,
                                        struct cf_reconciliation_sums *ret_sums)
{
    *ret_sums = (struct cf_reconciliation_sums){0};
    cf_book_memory_each_balance(reconciliation->memory, cf_our_balance, reconciliation);
    if (reconciliation->status != CF_OK || reconciliation->count == 0)
        return reconciliation->status;
    qsort(reconciliation->movements, reconciliation->count, sizeof *reconciliation->movements,
          cf_movement_compare);
    const struct cf_movement *end = reconciliation->movements + reconciliation->count;
    const struct cf_movement *first = reconciliation->movements;
    for (const struct cf_movement *at = first; first < end; first = at) {
        while (at < end && cf_movement_compare(at, first) == 0)
            at++;
        cf_compare_name(first, at, report, context, ret_sums);
    }
    return CF_OK;
}

/* -- Our own books -------------------------------------------------------------------------- */

struct cf_book_walk {
    struct cf_inspection inspection;
    struct cf_book *book;
};

static void cf_walk_balance_of(void *context, const struct cf_account *account, int64_t minor)
{
    struct cf_book_walk *walk = context;
    cf_inspect_balance(&walk->inspection, account, minor);
}

static void cf_walk_campaign_of(void *context, const struct cf_row_key *key, const void *row)
{
    struct cf_book_walk *walk = context;
    (void)row;
    cf_inspect_campaign(&walk->inspection, walk->book, &key->id);
}

size_t cf_reconciliation_inspect(struct cf_reconciliation *reconciliation, cf_finding_fn *report,
                                 void *context)
{
    struct cf_book_walk walk = {.book = cf_book_memory_book(reconciliation->memory)};
    cf_inspection_begin(&walk.inspection, report, context);
    cf_book_memory_each_balance(reconciliation->memory, cf_walk_balance_of, &walk);
    cf_book_memory_each_row(reconciliation->memory, CF_ROW_CAMPAIGN, cf_walk_campaign_of, &walk);
    cf_inspection_end(&walk.inspection);
    return walk.inspection.findings + reconciliation->events.findings;
}

const char *cf_difference_sentence(enum cf_difference_cause cause)
{
    switch (cause) {
    case CF_DIFFERENCE_NOT_HERE:
        return "the provider moved it, our books do not have it";
    case CF_DIFFERENCE_NOT_THERE:
        return "our books have it, the provider does not";
    case CF_DIFFERENCE_FEE_NOT_HERE:
        return "the provider took a fee that is not recorded yet";
    case CF_DIFFERENCE_AMOUNT:
        return "both have it, the amounts differ";
    case CF_DIFFERENCE_TIMES:
        return "both have the same amount, but not in as many movements";
    case CF_DIFFERENCE_BALANCE:
        return "the balances differ as a whole";
    }
    CF_UNREACHABLE();
}
