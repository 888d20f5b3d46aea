/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whatever kills the projector or PostgreSQL, the read models end where the log says.
 * Shown: a history of over 100,000 events is followed by a projector that is killed again and again, on a
 * server that is killed too. Then every row equals the row of a fold in memory, every row of a rebuild by
 * COPY, and the sums that a small model of the test's own computes in another way: it keeps the
 * pledges and adds them up at the end, where the product carries differences along.
 */
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/journal/account.h"
#include "projections/funding/tables.h"
#include "projections/journal/tables.h"
#include "projections/projector.h"
#include "projections/rebuild.h"
#include "projections/table_reader.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { EVENTS_COUNT = 110000, PROJECTOR_KILLS = 12, SERVER_KILLS = 4 };

static struct cf_history *history;

static enum cf_status read_history(void *context, uint64_t first, size_t size_max, int timeout_ms,
                                   struct cf_source_records *ret_records,
                                   struct cf_fault *reterr_fault)
{
    (void)context;
    (void)reterr_fault;
    uint64_t head = cf_history_count(history);
    *ret_records = (struct cf_source_records){.head = head, .first = first};
    if (first > head) {
        poll(NULL, 0, timeout_ms);
        return CF_OK;
    }
    ret_records->records = cf_history_records(history, first);
    for (size_t size = 0; ret_records->count < head - first + 1 && size < size_max;)
        size += ret_records->records[ret_records->count++].size;
    return CF_OK;
}

/* -- Killing -------------------------------------------------------------------------------- */

static void say_nothing(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static pid_t start_projector(const char *dsn)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct cf_projector_options options = {.dsn = dsn,
                                           .source = {.read = read_history},
                                           .say = say_nothing,
                                           .batch_size_max = 64 << 10};
    struct cf_projector *projector = NULL;
    if (cf_projector_new(&options, &projector, NULL) == CF_OK)
        (void)!cf_projector_run(projector, NULL);
    _exit(1);
}

static void kill_9(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The lowest position of all models, or -1 while the server is away. */
static int64_t lowest_position(const char *dsn)
{
    struct cf_pg *pg = NULL;
    if (cf_pg_open(dsn, &pg, NULL) != CF_OK)
        return -1;
    int64_t lowest = INT64_MAX;
    for (size_t i = 0; i < cf_model_count(); i++) {
        struct cf_position position = {0};
        if (cf_position_get(pg, cf_model_at(i)->name, &position, NULL) != CF_OK)
            position.sequence = -1;
        lowest = position.sequence < lowest ? position.sequence : lowest;
    }
    cf_pg_close(pg);
    return lowest;
}

static void wait_for(const char *dsn, int64_t sequence)
{
    for (int i = 0; i < 20000; i++) {
        if (lowest_position(dsn) >= sequence)
            return;
        poll(NULL, 0, 10);
    }
    fail_msg("the read models do not reach %lld", (long long)sequence);
}

static void follow_through_kills(const char *dsn)
{
    int64_t head = (int64_t)cf_history_count(history);
    const int kills = PROJECTOR_KILLS + SERVER_KILLS;
    pid_t projector = start_projector(dsn);
    for (int i = 1; i <= kills; i++) {
        wait_for(dsn, head * i / (kills + 1));
        if (i % (kills / SERVER_KILLS) == 0) {
            kill(cf_cluster_pid(cf_test_pg_cluster()), SIGKILL);
            cf_test_pg_restart();
        } else {
            kill_9(projector);
            projector = start_projector(dsn);
        }
    }
    wait_for(dsn, head);
    kill_9(projector);
}

/* -- A model of the test's own -------------------------------------------------------------- */

struct pledge {
    struct cf_id id, campaign, backer, reward;
    int64_t promised, held, captured, asked_back, left, charged_back, fee;
    int open_refunds, failed_refunds;
    bool gone, disputed, counted;
    struct cf_items add_ons;
    const char *state;
};

static struct pledge *pledges;
static size_t pledges_count;

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

static void build_own_model(void)
{
    size_t count = cf_history_count(history);
    pledges = calloc(count, sizeof *pledges);
    for (uint64_t i = 1; i <= count; i++) {
        struct cf_record record;
        struct cf_event event;
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
        assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
        on_promise(&event);
    }
    assert_true(pledges_count > 10000);
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

static void test_torture__live_equals_rebuild_equals_another_model(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    follow_through_kills(dsn);

    struct cf_pg *pg = NULL;
    cf_test_open_models(dsn, &pg);
    cf_test_compare_with_fold(pg, cf_history_records(history, 1), cf_history_count(history));
    build_own_model();
    check_pledges(pg);
    check_totals(pg);
    check_stock(pg);
    check_journal(pg);
    cf_pg_close(pg);
    free(pledges);

    const struct cf_model *models[64];
    for (size_t i = 0; i < cf_model_count(); i++)
        models[i] = cf_model_at(i);
    struct cf_rebuild_options options = {.dsn = dsn,
                                         .source = {.read = read_history},
                                         .models = models,
                                         .models_count = cf_model_count(),
                                         .is_diff_only = true};
    struct cf_rebuild_result result;
    struct cf_fault fault = {0};
    if (cf_rebuild(&options, &result, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    assert_int_equal(result.rows_changed + result.rows_extra + result.rows_missing, 0);
    assert_true(result.rows_compared > EVENTS_COUNT);
}

static int make_history(void **state)
{
    const struct cf_history_options options = {
        .seed = 23, .events_count = EVENTS_COUNT, .campaigns_count = 200, .users_count = 2000};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    return cf_test_pg_start(state);
}

static int drop_history(void **state)
{
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torture__live_equals_rebuild_equals_another_model),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
