/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/projections/other_model.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/event/record.h"
#include "core/journal/account.h"
#include "projections/funding/tables.h"
#include "projections/journal/tables.h"
#include "projections/payouts/tables.h"
#include "projections/table_reader.h"
#include "projections/transactions/tables.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

struct pledge {
    struct cf_id id, campaign, backer, reward;
    int64_t promised, held, captured, asked_back, left, charged_back, fee;
    int open_refunds, failed_refunds;
    bool gone, disputed, counted;
    struct cf_items add_ons;
    const char *state;
};

struct payout {
    struct cf_id id;
    int64_t amount;
    const char *state;
};

static struct pledge *pledges;
static size_t pledges_count;
static struct payout *payouts;
static size_t payouts_count;

static int compare_pledges(const void *a, const void *b)
{
    return memcmp(((const struct pledge *)a)->id.bytes, ((const struct pledge *)b)->id.bytes, 16);
}

/* Ids only grow, so the pledges are in order as they come. */
static struct pledge *pledge_of(struct cf_id id)
{
    struct pledge key = {.id = id};
    return bsearch(&key, pledges, pledges_count, sizeof *pledges, compare_pledges);
}

static struct pledge *new_pledge(struct cf_id id, struct cf_id campaign, struct cf_id backer,
                                 struct cf_id reward, const struct cf_items *add_ons)
{
    struct pledge *pledge = &pledges[pledges_count++];
    CF_ASSERT(pledges_count == 1 || compare_pledges(pledge - 1, &(struct pledge){.id = id}) < 0);
    *pledge = (struct pledge){
        .id = id, .campaign = campaign, .backer = backer, .reward = reward, .add_ons = *add_ons};
    return pledge;
}

static const char *rest(const struct pledge *p)
{
    return p->open_refunds > 0     ? "refund_pending"
           : p->failed_refunds > 0 ? "refund_failed"
           : p->left == 0          ? "captured"
           : p->left < p->captured ? "partially_refunded"
                                   : "refunded";
}

#define MINOR(money) cf_money_minor(money)

static void end(struct cf_id id, struct cf_money from_pledged, struct cf_money from_held,
                const char *state)
{
    struct pledge *p = pledge_of(id);
    p->promised -= MINOR(from_pledged);
    p->held -= MINOR(from_held);
    p->gone = true;
    p->state = state;
}

static void on_money(const struct cf_event *event)
{
    struct pledge *p;
    switch ((int)event->type) {
    case CF_EVENT_PLEDGE_CAPTURED:
        p = pledge_of(event->pledge_captured.pledge_id);
        p->promised = p->held = 0;
        p->captured = MINOR(event->pledge_captured.amount);
        p->state = "captured";
        break;
    case CF_EVENT_PLEDGE_FEE_RECORDED:
        pledge_of(event->pledge_fee_recorded.pledge_id)->fee +=
            MINOR(event->pledge_fee_recorded.fee);
        break;
    case CF_EVENT_PLEDGE_REFUND_REQUESTED:
        p = pledge_of(event->pledge_refund_requested.pledge_id);
        p->asked_back += MINOR(event->pledge_refund_requested.amount);
        p->open_refunds++;
        p->state = rest(p);
        break;
    case CF_EVENT_PLEDGE_REFUND_SUCCEEDED:
        p = pledge_of(event->pledge_refund_succeeded.pledge_id);
        p->left += MINOR(event->pledge_refund_succeeded.amount);
        p->open_refunds--;
        p->state = rest(p);
        break;
    case CF_EVENT_PLEDGE_REFUND_FAILED:
        p = pledge_of(event->pledge_refund_failed.pledge_id);
        p->open_refunds--;
        p->failed_refunds++;
        p->state = rest(p);
        break;
    case CF_EVENT_PLEDGE_REFUND_RETRIED:
        p = pledge_of(event->pledge_refund_retried.pledge_id);
        p->open_refunds++;
        p->failed_refunds--;
        p->state = rest(p);
        break;
    case CF_EVENT_PLEDGE_REFUND_PAID_OTHERWISE:
        p = pledge_of(event->pledge_refund_paid_otherwise.pledge_id);
        p->left += MINOR(event->pledge_refund_paid_otherwise.amount);
        p->failed_refunds--;
        p->state = rest(p);
        break;
    case CF_EVENT_PLEDGE_DISPUTED:
        pledge_of(event->pledge_disputed.pledge_id)->state = "disputed";
        break;
    case CF_EVENT_PLEDGE_DISPUTE_WON:
        p = pledge_of(event->pledge_dispute_won.pledge_id);
        p->state = rest(p);
        break;
    case CF_EVENT_PLEDGE_DISPUTE_LOST:
        p = pledge_of(event->pledge_dispute_lost.pledge_id);
        p->charged_back += MINOR(event->pledge_dispute_lost.amount);
        p->state = "charged_back";
        break;
    default:
        break;
    }
}

static void on_change(const struct cf_event *event)
{
    struct pledge *p;
    switch ((int)event->type) {
    case CF_EVENT_PLEDGE_AMENDED: {
        const struct cf_event_pledge_amended *e = &event->pledge_amended;
        p = pledge_of(e->pledge_id);
        p->held -= MINOR(e->from_authorized);
        p->promised = MINOR(e->amount) - p->held;
        p->reward = e->reward_id;
        p->add_ons = e->add_ons;
        break;
    }
    case CF_EVENT_PLEDGE_ABANDONED:
        end(event->pledge_abandoned.pledge_id, cf_money_of(0), cf_money_of(0), "abandoned");
        break;
    case CF_EVENT_PLEDGE_CANCELLED:
        end(event->pledge_cancelled.pledge_id, event->pledge_cancelled.from_pledged,
            event->pledge_cancelled.from_authorized, "cancelled");
        break;
    case CF_EVENT_PLEDGE_DROPPED:
        end(event->pledge_dropped.pledge_id, event->pledge_dropped.from_pledged,
            event->pledge_dropped.from_authorized, "dropped");
        break;
    case CF_EVENT_PLEDGE_RELEASED:
        end(event->pledge_released.pledge_id, event->pledge_released.from_pledged,
            event->pledge_released.from_authorized, "released");
        break;
    default:
        on_money(event);
        break;
    }
}

static void on_promise(const struct cf_event *event)
{
    struct pledge *p;
    switch ((int)event->type) {
    case CF_EVENT_PLEDGE_CHECKOUT_STARTED: {
        const struct cf_event_pledge_checkout_started *e = &event->pledge_checkout_started;
        p = new_pledge(e->pledge_id, e->campaign_id, e->backer_id, e->reward_id, &e->add_ons);
        p->state = "checkout";
        break;
    }
    case CF_EVENT_PLEDGE_PLACED: {
        const struct cf_event_pledge_placed *e = &event->pledge_placed;
        p = new_pledge(e->pledge_id, e->campaign_id, e->backer_id, e->reward_id, &e->add_ons);
        p->promised = MINOR(e->amount);
        p->state = "committed";
        break;
    }
    case CF_EVENT_PLEDGE_COMMITTED:
        p = pledge_of(event->pledge_committed.pledge_id);
        p->promised = MINOR(event->pledge_committed.amount);
        p->state = "committed";
        break;
    case CF_EVENT_PLEDGE_AUTHORIZED:
        p = pledge_of(event->pledge_authorized.pledge_id);
        p->promised = 0;
        p->held = MINOR(event->pledge_authorized.amount);
        p->state = "authorized";
        break;
    case CF_EVENT_PLEDGE_PAYMENT_REQUESTED:
        pledge_of(event->pledge_payment_requested.pledge_id)->state =
            event->pledge_payment_requested.mode == CF_PAYMENT_MODE_CHARGE ? "capturing"
                                                                           : "authorizing";
        break;
    case CF_EVENT_PLEDGE_CAPTURE_REQUESTED:
        pledge_of(event->pledge_capture_requested.pledge_id)->state = "capturing";
        break;
    case CF_EVENT_PLEDGE_PAYMENT_FAILED:
        p = pledge_of(event->pledge_payment_failed.pledge_id);
        p->promised += p->held;
        p->held = 0;
        if (strcmp(p->state, "checkout") != 0)
            p->state = "errored";
        break;
    case CF_EVENT_PLEDGE_HOLD_LAPSED:
        p = pledge_of(event->pledge_hold_lapsed.pledge_id);
        p->promised += p->held;
        p->held = 0;
        p->state = "errored";
        break;
    default:
        on_change(event);
        break;
    }
}

/* Payouts go through one by one, so the newest is meant. */
static void on_payout(const struct cf_event *event)
{
    switch ((int)event->type) {
    case CF_EVENT_PAYOUT_REQUESTED:
        payouts[payouts_count++] = (struct payout){.id = event->payout_requested.payout_id,
                                                   .amount = MINOR(event->payout_requested.amount),
                                                   .state = "requested"};
        break;
    case CF_EVENT_PAYOUT_INITIATED:
        payouts[payouts_count - 1].state = "initiated";
        break;
    case CF_EVENT_PAYOUT_PAID:
        payouts[payouts_count - 1].state = "paid";
        break;
    default:
        on_promise(event);
        break;
    }
}

static void build(const struct cf_history *history)
{
    size_t count = cf_history_count(history);
    pledges = calloc(count, sizeof *pledges);
    payouts = calloc(count, sizeof *payouts);
    assert_true(pledges != NULL && payouts != NULL);
    for (uint64_t i = 1; i <= count; i++) {
        struct cf_record record;
        struct cf_event event;
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
        assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
        on_payout(&event);
    }
    assert_true(pledges_count > 10000 && payouts_count > 10);
}

static int64_t pledged(const struct pledge *p)
{
    return p->promised + p->held + p->captured - p->asked_back - p->charged_back;
}

static bool counts(const struct pledge *p)
{
    return !p->gone && pledged(p) > 0;
}

/* -- Comparing with it ---------------------------------------------------------------------- */

static void check_pledges(struct cf_pg *pg)
{
    struct cf_table_reader reader;
    struct cf_fault fault = {0};
    size_t at = 0;
    assert_int_equal(cf_table_reader_open(&reader, pg, &cf_table_pledge, &fault), CF_OK);
    while (cf_table_reader_next(&reader, &fault) == CF_OK) {
        const struct cf_row_pledge *row = reader.row;
        assert_true(at < pledges_count);
        const struct pledge *p = &pledges[at++];
        assert_memory_equal(row->pledge.bytes, p->id.bytes, 16);
        assert_memory_equal(row->reward.bytes, p->reward.bytes, 16);
        assert_string_equal(row->state.text, p->state);
        assert_int_equal(row->promised, p->promised);
        assert_int_equal(row->held, p->held);
        assert_int_equal(row->captured, p->captured);
        assert_int_equal(row->refund_requested, p->asked_back);
        assert_int_equal(row->refunded, p->left);
        assert_int_equal(row->charged_back, p->charged_back);
        assert_int_equal(row->fee, p->fee);
    }
    assert_int_equal(at, pledges_count);
    cf_table_reader_close(&reader);
}

static int compare_backers(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct cf_id));
}

static void check_total(const struct cf_row_campaign_total *row)
{
    struct cf_row_campaign_total sum = {0};
    CF_CLEANUP(cf_scope_free) struct cf_id *backers = calloc(pledges_count, sizeof *backers);
    for (size_t i = 0; i < pledges_count; i++) {
        const struct pledge *p = &pledges[i];
        if (!cf_id_equal(p->campaign, row->campaign))
            continue;
        sum.promised += p->promised;
        sum.held += p->held;
        sum.captured += p->captured;
        sum.refunded += p->asked_back;
        sum.charged_back += p->charged_back;
        sum.fees += p->fee;
        sum.pledged += pledged(p);
        if (counts(p))
            backers[sum.pledges++] = p->backer;
    }
    qsort(backers, (size_t)sum.pledges, sizeof *backers, compare_backers);
    for (int64_t i = 0; i < sum.pledges; i++)
        sum.backers += i == 0 || !cf_id_equal(backers[i - 1], backers[i]);
    assert_int_equal(row->pledged, sum.pledged);
    assert_int_equal(row->promised, sum.promised);
    assert_int_equal(row->held, sum.held);
    assert_int_equal(row->captured, sum.captured);
    assert_int_equal(row->collected, sum.captured - sum.refunded - sum.charged_back);
    assert_int_equal(row->refunded, sum.refunded);
    assert_int_equal(row->charged_back, sum.charged_back);
    assert_int_equal(row->fees, sum.fees);
    assert_int_equal(row->pledges, sum.pledges);
    assert_int_equal(row->backers, sum.backers);
}

static void check_totals(struct cf_pg *pg)
{
    struct cf_table_reader reader;
    struct cf_fault fault = {0};
    size_t count = 0;
    assert_int_equal(cf_table_reader_open(&reader, pg, &cf_table_campaign_total, &fault), CF_OK);
    for (; cf_table_reader_next(&reader, &fault) == CF_OK; count++)
        check_total(reader.row);
    assert_int_equal(count, 200);
    cf_table_reader_close(&reader);
}

static void check_stock(struct cf_pg *pg)
{
    struct cf_table_reader reader;
    struct cf_fault fault = {0};
    assert_int_equal(cf_table_reader_open(&reader, pg, &cf_table_reward_total, &fault), CF_OK);
    while (cf_table_reader_next(&reader, &fault) == CF_OK) {
        const struct cf_row_reward_total *row = reader.row;
        int64_t claimed = 0;
        for (size_t i = 0; i < pledges_count; i++) {
            const struct pledge *p = &pledges[i];
            if (p->gone)
                continue;
            claimed += cf_id_equal(p->reward, row->reward);
            for (uint32_t j = 0; j < p->add_ons.count; j++) {
                if (cf_id_equal(p->add_ons.items[j].reward_id, row->reward))
                    claimed += p->add_ons.items[j].quantity;
            }
        }
        assert_int_equal(row->claimed, claimed);
    }
    cf_table_reader_close(&reader);
}

static void check_payouts(struct cf_pg *pg)
{
    struct cf_table_reader reader;
    size_t at = 0;
    assert_int_equal(cf_table_reader_open(&reader, pg, &cf_table_payout, NULL), CF_OK);
    while (cf_table_reader_next(&reader, NULL) == CF_OK) {
        const struct cf_row_payout *row = reader.row;
        assert_true(at < payouts_count);
        const struct payout *payout = &payouts[at++];
        assert_memory_equal(row->payout.bytes, payout->id.bytes, 16);
        assert_string_equal(row->state.text, payout->state);
        assert_int_equal(row->amount, payout->amount);
    }
    assert_int_equal(at, payouts_count);
    cf_table_reader_close(&reader);
}

/* What moved at the provider: one charge a captured pledge, its fee with it, and every refund. */
static void check_movements(struct cf_pg *pg)
{
    struct cf_table_reader reader;
    int64_t charges = 0, captured = 0, fees = 0, refunds = 0, paid_out = 0;
    assert_int_equal(cf_table_reader_open(&reader, pg, &cf_table_transaction, NULL), CF_OK);
    while (cf_table_reader_next(&reader, NULL) == CF_OK) {
        const struct cf_row_transaction *row = reader.row;
        bool is_charge = cf_word_is(&row->type, "charge");
        charges += is_charge;
        captured += is_charge ? row->amount : 0;
        fees += is_charge ? row->fee : 0;
        refunds += cf_word_is(&row->type, "refund") ? row->amount : 0;
        paid_out += cf_word_is(&row->type, "bank_payout") ? row->amount : 0;
    }
    cf_table_reader_close(&reader);
    for (size_t i = 0; i < pledges_count; i++) {
        charges -= pledges[i].captured > 0;
        captured -= pledges[i].captured;
        fees -= pledges[i].fee;
        refunds -= pledges[i].asked_back;
    }
    for (size_t i = 0; i < payouts_count; i++)
        paid_out -= payouts[i].amount;
    assert_int_equal(charges, 0);
    assert_int_equal(captured, 0);
    assert_int_equal(fees, 0);
    assert_int_equal(refunds, 0);
    assert_int_equal(paid_out, 0);
}

/* A campaign's hours add up to what its pledges bring. */
static void check_hours(struct cf_pg *pg)
{
    struct cf_table_reader reader;
    struct cf_id campaign = {{0}};
    int64_t left_pledged = 0, left_collected = 0;
    assert_int_equal(cf_table_reader_open(&reader, pg, &cf_table_funding_hour, NULL), CF_OK);
    bool has_row = true;
    while (has_row) {
        has_row = cf_table_reader_next(&reader, NULL) == CF_OK;
        const struct cf_row_funding_hour *row = reader.row;
        if (!has_row || !cf_id_equal(row->campaign, campaign)) {
            assert_int_equal(left_pledged, 0);
            assert_int_equal(left_collected, 0);
            campaign = row->campaign;
            for (size_t i = 0; has_row && i < pledges_count; i++) {
                const struct pledge *p = &pledges[i];
                if (!cf_id_equal(p->campaign, campaign))
                    continue;
                left_pledged += pledged(p);
                left_collected += p->captured - p->asked_back - p->charged_back;
            }
        }
        left_pledged -= has_row ? row->pledged : 0;
        left_collected -= has_row ? row->collected : 0;
    }
    cf_table_reader_close(&reader);
}

/* Memo accounts are what is promised and held; the journal sums to zero in every currency. */
static void check_journal(struct cf_pg *pg)
{
    struct cf_table_reader reader;
    struct cf_fault fault = {0};
    int64_t sums[1000] = {0};
    assert_int_equal(cf_table_reader_open(&reader, pg, &cf_table_account, &fault), CF_OK);
    while (cf_table_reader_next(&reader, &fault) == CF_OK) {
        const struct cf_row_account *row = reader.row;
        sums[row->currency_number] += row->balance;
        bool is_promised = row->account_kind == CF_ACCOUNT_MEMO_PLEDGED;
        if (!is_promised && row->account_kind != CF_ACCOUNT_MEMO_AUTHORIZED)
            continue;
        int64_t sum = 0;
        for (size_t i = 0; i < pledges_count; i++) {
            if (cf_id_equal(pledges[i].campaign, row->owner))
                sum += is_promised ? pledges[i].promised : pledges[i].held;
        }
        assert_int_equal(row->balance, sum);
    }
    cf_table_reader_close(&reader);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(sums[i], 0);
}

void cf_test_compare_with_other_model(struct cf_pg *pg, const struct cf_history *history)
{
    build(history);
    check_pledges(pg);
    check_payouts(pg);
    check_totals(pg);
    check_hours(pg);
    check_stock(pg);
    check_movements(pg);
    check_journal(pg);
    free(pledges);
    free(payouts);
}
