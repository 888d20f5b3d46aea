/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold, computed a second way: from the rows for balances, from balances for sums. */
#include "core/journal/invariants.h"

#include "core/aggregate/campaign.h"
#include "core/aggregate/evolve.h"
#include "core/aggregate/pledge.h"
#include "core/aggregate/settlement.h"
#include "core/aggregate/user.h"
#include "core/base/assert.h"
#include "core/journal/postings.h"

const char *cf_invariant_sentence(enum cf_invariant invariant)
{
    static const char *const sentences[] = {
#define CF_INVARIANT(number, name, sentence) [number] = sentence,
#include "core/journal/invariants.def"
#undef CF_INVARIANT
    };
    return sentences[invariant];
}

void cf_inspection_begin(struct cf_inspection *inspection, cf_finding_fn *report, void *context)
{
    memset(inspection, 0, sizeof *inspection);
    inspection->report = report;
    inspection->context = context;
}

static void cf_inspection_find(struct cf_inspection *inspection, const struct cf_finding *finding)
{
    inspection->findings++;
    if (inspection->report != NULL)
        inspection->report(inspection->context, finding);
}

/* Reports where the two differ. */
static void cf_inspection_expect(struct cf_inspection *inspection, enum cf_invariant invariant,
                                 const struct cf_id *subject, enum cf_currency currency,
                                 int64_t expected_minor, int64_t found_minor)
{
    if (expected_minor == found_minor)
        return;
    struct cf_finding finding = {.invariant = invariant,
                                 .currency = currency,
                                 .expected_minor = expected_minor,
                                 .found_minor = found_minor};
    if (subject != NULL)
        finding.subject = *subject;
    cf_inspection_find(inspection, &finding);
}

/* Reports where `found` is above `limit`. */
static void cf_inspection_at_most(struct cf_inspection *inspection, enum cf_invariant invariant,
                                  const struct cf_id *subject, enum cf_currency currency,
                                  int64_t limit_minor, int64_t found_minor)
{
    if (found_minor > limit_minor)
        cf_inspection_expect(inspection, invariant, subject, currency, limit_minor, found_minor);
}

static struct cf_inspection_totals *cf_inspection_totals_of(struct cf_inspection *inspection,
                                                            enum cf_currency currency)
{
    for (size_t i = 0; i < inspection->currency_count; i++)
        if (inspection->totals[i].currency == currency)
            return &inspection->totals[i];
    CF_ASSERT(inspection->currency_count < CF_INSPECTION_CURRENCIES_MAX);
    struct cf_inspection_totals *totals = &inspection->totals[inspection->currency_count++];
    totals->currency = currency;
    return totals;
}

/* -- Events and balances -------------------------------------------------------------------- */

bool cf_payout_is_held(struct cf_book *book, const struct cf_id *creator_id,
                       enum cf_currency currency)
{
    const struct cf_user *user = cf_book_find(book, CF_ROW_USER, creator_id);
    const struct cf_creator *creator = cf_creator_find(book, creator_id, currency);
    return user == NULL || user->state != CF_USER_ACTIVE || user->identity != CF_IDENTITY_PASSED ||
           !user->payouts_enabled || (creator != NULL && creator->open_disputes > 0);
}

void cf_inspect_event(struct cf_inspection *inspection, struct cf_book *book,
                      const struct cf_event *event)
{
    struct cf_postings postings;
    bool held = event->type == CF_EVENT_PAYOUT_REQUESTED &&
                cf_payout_is_held(book, &event->payout_requested.creator_id,
                                  event->payout_requested.currency);
    if (held)
        cf_inspection_expect(inspection, CF_INVARIANT_PAYOUT_HOLD,
                             &event->payout_requested.creator_id, event->payout_requested.currency,
                             0, cf_money_minor(event->payout_requested.amount));
    if (cf_postings(event, &postings, NULL) == CF_OK)
        return;
    int64_t sum = 0;
    for (size_t i = 0; i < postings.count; i++)
        sum = (int64_t)((uint64_t)sum + (uint64_t)postings.lines[i].minor);
    cf_inspection_find(
        inspection, &(struct cf_finding){.invariant = CF_INVARIANT_SUM_ZERO, .found_minor = sum});
}

void cf_inspect_balance(struct cf_inspection *inspection, const struct cf_account *account,
                        int64_t minor)
{
    struct cf_inspection_totals *totals = cf_inspection_totals_of(inspection, account->currency);
    totals->balances_minor = (int64_t)((uint64_t)totals->balances_minor + (uint64_t)minor);
    if (account->kind == CF_ACCOUNT_PLATFORM_FEE)
        totals->fee_income_minor -= minor;
    if (account->kind == CF_ACCOUNT_PSP_PENDING || account->kind == CF_ACCOUNT_PSP_AVAILABLE)
        totals->provider_minor += minor;
    int side = cf_account_side(account->kind);
    if ((side < 0 && minor > 0) || (side > 0 && minor < 0))
        cf_inspection_expect(inspection, CF_INVARIANT_ESCROW, &account->owner, account->currency, 0,
                             minor);
}

/* -- Campaigns ------------------------------------------------------------------------------ */

/* What a campaign's pledges say together. */
struct cf_campaign_walk {
    struct cf_inspection *inspection;
    struct cf_book *book;
    const struct cf_campaign *campaign;
    enum cf_currency currency;
    int64_t pledged_minor;
    int64_t authorized_minor;
    int64_t captured_minor;
    int64_t unsettled_minor;
    int64_t fee_parts_minor; /* before anything was given back */
};

static void cf_walk_reward(struct cf_campaign_walk *walk, const struct cf_id *reward_id)
{
    const struct cf_reward *reward = cf_book_find(walk->book, CF_ROW_REWARD, reward_id);
    if (reward != NULL && reward->limit != 0)
        cf_inspection_at_most(walk->inspection, CF_INVARIANT_CLAIMS, reward_id, walk->currency,
                              reward->limit, reward->claimed);
}

static void cf_walk_pledge(struct cf_campaign_walk *walk, const struct cf_id *pledge_id)
{
    const struct cf_pledge *pledge = cf_book_find(walk->book, CF_ROW_PLEDGE, pledge_id);
    const struct cf_settlement *settlement = cf_settlement_find(walk->book, pledge);
    walk->pledged_minor += pledge->memo_pledged_minor;
    walk->authorized_minor += pledge->memo_authorized_minor;
    walk->captured_minor += pledge->captured_minor;
    cf_inspection_at_most(walk->inspection, CF_INVARIANT_REFUNDS, pledge_id, walk->currency,
                          pledge->captured_minor,
                          pledge->refunded_minor + pledge->charged_back_minor);
    if (!cf_id_is_zero(pledge->reward_id))
        cf_walk_reward(walk, &pledge->reward_id);
    for (uint32_t i = 0; i < pledge->item_count; i++)
        cf_walk_reward(walk, &pledge->items[i].reward_id);
    if (settlement == NULL) {
        walk->unsettled_minor += pledge->kept_minor;
        return;
    }
    int64_t part = cf_money_minor(cf_settlement_fee_part(settlement, pledge_id, pledge));
    cf_inspection_at_most(walk->inspection, CF_INVARIANT_FEE_INCOME, pledge_id, walk->currency,
                          part, pledge->fee_returned_minor);
    walk->fee_parts_minor += part;
    cf_inspection_totals_of(walk->inspection, walk->currency)->fee_parts_minor +=
        part - pledge->fee_returned_minor;
}

static int64_t cf_walk_balance(const struct cf_campaign_walk *walk, enum cf_account_kind kind,
                               const struct cf_id *campaign_id)
{
    struct cf_account account = {.kind = kind, .currency = walk->currency, .owner = *campaign_id};
    return walk->book->ops->balance(walk->book, &account);
}

static void cf_walk_check(struct cf_campaign_walk *walk, const struct cf_id *campaign_id)
{
    const struct cf_campaign *campaign = walk->campaign;
    struct cf_inspection *inspection = walk->inspection;
    enum cf_currency currency = walk->currency;
    int64_t settled_minor = 0;
    cf_inspection_expect(inspection, CF_INVARIANT_MEMO, campaign_id, currency, walk->pledged_minor,
                         cf_walk_balance(walk, CF_ACCOUNT_MEMO_PLEDGED, campaign_id));
    cf_inspection_expect(inspection, CF_INVARIANT_MEMO, campaign_id, currency,
                         walk->authorized_minor,
                         cf_walk_balance(walk, CF_ACCOUNT_MEMO_AUTHORIZED, campaign_id));
    cf_inspection_expect(inspection, CF_INVARIANT_MEMO, campaign_id, currency,
                         walk->pledged_minor + walk->authorized_minor + walk->captured_minor,
                         campaign->committed_minor + campaign->authorized_minor +
                             campaign->captured_minor);
    cf_inspection_expect(inspection, CF_INVARIANT_FEE_INCOME, campaign_id, currency,
                         walk->unsettled_minor, campaign->unsettled_minor);
    if (campaign->state == CF_CAMPAIGN_CLOSED)
        cf_inspection_expect(inspection, CF_INVARIANT_MEMO, campaign_id, currency, 0,
                             walk->pledged_minor + walk->authorized_minor);
    if (campaign->state == CF_CAMPAIGN_CLOSED ||
        (campaign->state == CF_CAMPAIGN_SETTLED && campaign->unsettled_minor == 0))
        cf_inspection_expect(inspection, CF_INVARIANT_ESCROW, campaign_id, currency, 0,
                             cf_walk_balance(walk, CF_ACCOUNT_ESCROW, campaign_id));
    for (uint32_t i = 1; i <= campaign->settled_rounds; i++) {
        struct cf_id round = cf_id_of_number(i);
        const struct cf_settlement *settlement =
            cf_book_find_pair(walk->book, CF_ROW_SETTLEMENT, campaign_id, &round);
        settled_minor += settlement == NULL ? 0 : settlement->fee_minor;
    }
    cf_inspection_expect(inspection, CF_INVARIANT_FEE_INCOME, campaign_id, currency, settled_minor,
                         walk->fee_parts_minor);
}

void cf_inspect_campaign(struct cf_inspection *inspection, struct cf_book *book,
                         const struct cf_id *campaign_id)
{
    struct cf_campaign_walk walk = {
        .inspection = inspection,
        .book = book,
        .campaign = cf_book_find(book, CF_ROW_CAMPAIGN, campaign_id),
    };
    if (walk.campaign == NULL)
        return;
    walk.currency = (enum cf_currency)walk.campaign->currency;
    struct cf_id ids[64];
    struct cf_id after = {{0}};
    size_t count;
    do {
        count = book->ops->pledges(book, campaign_id, &after, ids, 64);
        for (size_t i = 0; i < count; i++)
            cf_walk_pledge(&walk, &ids[i]);
        if (count > 0)
            after = ids[count - 1];
    } while (count == 64);
    cf_walk_check(&walk, campaign_id);
}

/* -- Figures from outside, and a second book ------------------------------------------------ */

void cf_inspect_provider(struct cf_inspection *inspection, enum cf_currency currency,
                         int64_t provider_minor)
{
    cf_inspection_expect(inspection, CF_INVARIANT_PROVIDER_BALANCE, NULL, currency, provider_minor,
                         cf_inspection_totals_of(inspection, currency)->provider_minor);
}

void cf_inspect_connected(struct cf_inspection *inspection, struct cf_book *book,
                          const struct cf_id *creator_id, enum cf_currency currency,
                          int64_t provider_minor)
{
    struct cf_account account = {
        .kind = CF_ACCOUNT_CONNECTED, .currency = currency, .owner = *creator_id};
    cf_inspection_expect(inspection, CF_INVARIANT_CONNECTED_BALANCE, creator_id, currency,
                         provider_minor, book->ops->balance(book, &account));
}

void cf_inspect_replay(struct cf_inspection *inspection, const struct cf_book_memory *book,
                       const struct cf_book_memory *replay)
{
    if (!cf_book_memory_equal(book, replay, NULL))
        cf_inspection_find(inspection, &(struct cf_finding){.invariant = CF_INVARIANT_REPLAY});
}

void cf_inspection_end(struct cf_inspection *inspection)
{
    for (size_t i = 0; i < inspection->currency_count; i++) {
        const struct cf_inspection_totals *totals = &inspection->totals[i];
        cf_inspection_expect(inspection, CF_INVARIANT_SUM_ZERO, NULL, totals->currency, 0,
                             totals->balances_minor);
        cf_inspection_expect(inspection, CF_INVARIANT_FEE_INCOME, NULL, totals->currency,
                             totals->fee_parts_minor, totals->fee_income_minor);
    }
}
