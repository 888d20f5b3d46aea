/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_EVOLVE_PRIVATE_H
#define CF_CORE_AGGREGATE_EVOLVE_PRIVATE_H

/*
 * What the aggregates' files share while one event is evolved.
 *
 * Mistakes are sticky: a sum that overflows or falls below zero, a name that is too long or a value
 * that contradicts the row sets `wrong` to a text, and cf_evolve fails with the first one at the
 * end. So the code of each event reads as what it does.
 */

#include "core/aggregate/evolve.h"
#include "core/aggregate/states.h"

struct cf_turn {
    struct cf_book *book;
    const struct cf_record *record;
    const struct cf_event *event;
    const struct cf_id *id;   /* the stream's; borrowed from the record */
    const char *wrong;        /* what contradicts, or NULL; static */
    const char *state_before; /* for the fault's text; static */
};

/* One event of an aggregate's stream. Each checks and advances the stream's version. */
void cf_turn_user(struct cf_turn *turn);
void cf_turn_campaign(struct cf_turn *turn);
void cf_turn_pledge(struct cf_turn *turn);
void cf_turn_payout(struct cf_turn *turn);
void cf_turn_provider(struct cf_turn *turn);
void cf_turn_ledger(struct cf_turn *turn);

/* Remembers the first contradiction. */
static inline void cf_turn_wrong(struct cf_turn *turn, const char *text)
{
    if (turn->wrong == NULL)
        turn->wrong = text;
}

static inline void cf_turn_expect(struct cf_turn *turn, bool holds, const char *text)
{
    if (!holds)
        cf_turn_wrong(turn, text);
}

/* The next version of a stream. */
static inline void cf_turn_version(struct cf_turn *turn, uint32_t *version)
{
    if (turn->record->stream_version != *version + 1)
        cf_turn_wrong(turn, "the stream's version is not the next one");
    *version = turn->record->stream_version;
}

/* Sums that are never negative. */
static inline void cf_turn_gain(struct cf_turn *turn, int64_t *sum, struct cf_money by)
{
    if (__builtin_add_overflow(*sum, cf_money_minor(by), sum))
        cf_turn_wrong(turn, "a sum does not fit");
}

static inline void cf_turn_lose(struct cf_turn *turn, int64_t *sum, struct cf_money by)
{
    if (cf_money_minor(by) > *sum)
        cf_turn_wrong(turn, "a sum would fall below zero");
    else
        *sum -= cf_money_minor(by);
}

/* The parts of an amount sum to it. */
static inline void cf_turn_parts(struct cf_turn *turn, struct cf_money whole,
                                 const struct cf_money *parts, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        cf_turn_gain(turn, &sum, parts[i]);
    if (sum != cf_money_minor(whole))
        cf_turn_wrong(turn, "the parts do not sum to the whole");
}

static inline void cf_turn_count(struct cf_turn *turn, uint32_t *count, int64_t by)
{
    int64_t next = (int64_t)*count + by;
    if (next < 0 || next > UINT32_MAX)
        cf_turn_wrong(turn, "a count does not fit");
    else
        *count = (uint32_t)next;
}

static inline void cf_turn_token(struct cf_turn *turn, struct cf_token *token, struct cf_bytes text)
{
    if (!cf_token_set(token, text))
        cf_turn_wrong(turn, "a name is too long");
}

/* An outside name leads to this id from now on; an absent one is left alone. */
static inline void cf_turn_lookup(struct cf_turn *turn, enum cf_lookup_kind kind,
                                  struct cf_bytes name, const struct cf_id *id)
{
    if (name.size > 0)
        turn->book->ops->lookup_set(turn->book, kind, name, id);
}

/* The creator's row in this currency, made where there is none. */
struct cf_creator *cf_turn_creator(struct cf_turn *turn, const struct cf_id *creator_id,
                                   enum cf_currency currency);

/* -- Pledges: pledge.c calls, pledge_money.c has the part after capture ----------------------- */

struct cf_pledge_turn {
    struct cf_turn *turn;
    struct cf_pledge *pledge;
    struct cf_campaign *campaign;
    enum cf_pledge_state to; /* starts as the present state */
};

typedef void cf_pledge_fn(struct cf_pledge_turn *turn);

cf_pledge_fn cf_pledge_on_captured;
cf_pledge_fn cf_pledge_on_fee_recorded;
cf_pledge_fn cf_pledge_on_funds_available;
cf_pledge_fn cf_pledge_on_refund_requested;
cf_pledge_fn cf_pledge_on_refund_succeeded;
cf_pledge_fn cf_pledge_on_refund_failed;
cf_pledge_fn cf_pledge_on_refund_retried;
cf_pledge_fn cf_pledge_on_refund_paid_otherwise;
cf_pledge_fn cf_pledge_on_dispute_warned;
cf_pledge_fn cf_pledge_on_disputed;
cf_pledge_fn cf_pledge_on_dispute_won;
cf_pledge_fn cf_pledge_on_dispute_lost;
cf_pledge_fn cf_pledge_on_fee_reimbursed;
cf_pledge_fn cf_pledge_on_money_orphaned;
cf_pledge_fn cf_pledge_on_orphan_disputed;
cf_pledge_fn cf_pledge_on_orphan_dispute_won;
cf_pledge_fn cf_pledge_on_orphan_dispute_lost;
cf_pledge_fn cf_pledge_on_refund_covered;

/* The pledge's part of the memo balances, and the campaign's with it. */
void cf_pledge_memo_gain(struct cf_pledge_turn *turn, struct cf_money pledged,
                         struct cf_money authorized);
void cf_pledge_memo_lose(struct cf_pledge_turn *turn, struct cf_money pledged,
                         struct cf_money authorized);

#endif
