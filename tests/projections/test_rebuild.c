/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a rebuild gives the rows that live gave; a row that was edited by hand is found, with the
 * money that it is off by; the switch puts the rebuilt rows in place under a runner that works, and
 * can be undone; explain tells every event behind a figure.
 * Shown: on a real server with a made-up history and rows edited by hand.
 */
#include "projections/rebuild.h"

#include "core/base/scope.h"
#include "projections/explain.h"
#include "projections/funding/tables.h"
#include "projections/runner.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <stdio.h>
#include <stdlib.h>

enum { EVENTS_COUNT = 5000 };

static struct cf_history *history;
static const struct cf_model *models[32];

static int make_history(void **state)
{
    const struct cf_history_options options = {
        .seed = 11, .events_count = EVENTS_COUNT, .campaigns_count = 30, .users_count = 80};
    for (size_t i = 0; i < cf_model_count(); i++)
        models[i] = cf_model_at(i);
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    return cf_test_pg_start(state);
}

static int drop_history(void **state)
{
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

/* A live runner on its own connection. */
struct live {
    struct cf_pg *pg;
    struct cf_runner *runner;
};

static void open_live(struct live *live, const char *dsn)
{
    struct cf_fault fault = {0};
    cf_test_open_models(dsn, &live->pg);
    struct cf_runner_options options = {
        .pg = live->pg, .models = models, .models_count = cf_model_count(), .rows_max = 100000};
    assert_int_equal(cf_runner_new(&options, &live->runner, &fault), CF_OK);
    assert_int_equal(cf_runner_take_over(live->runner, &fault), CF_OK);
}

static void close_live(struct live *live)
{
    cf_runner_destroy(live->runner);
    cf_pg_close(live->pg);
}

static enum cf_status follow(struct live *live, uint64_t to)
{
    uint64_t next = cf_runner_next(live->runner);
    struct cf_source_records records = {.head = to,
                                        .first = next,
                                        .count = (size_t)(to - next + 1),
                                        .records = cf_history_records(history, next)};
    return cf_runner_apply(live->runner, &records, NULL);
}

struct found {
    size_t count;
    char table[64];
    int64_t live_pledged, rebuilt_pledged;
};

static void note(void *context, const struct cf_difference *difference)
{
    struct found *found = context;
    found->count++;
    snprintf(found->table, sizeof found->table, "%s", difference->table->name);
    if (difference->table == &cf_table_campaign_total && difference->live != NULL &&
        difference->rebuilt != NULL) {
        found->live_pledged = ((const struct cf_row_campaign_total *)difference->live)->pledged;
        found->rebuilt_pledged =
            ((const struct cf_row_campaign_total *)difference->rebuilt)->pledged;
    }
}

static struct cf_rebuild_result rebuild(const char *dsn, bool is_diff_only, struct found *found)
{
    *found = (struct found){0};
    struct cf_rebuild_options options = {.dsn = dsn,
                                         .source = cf_test_history_source(history),
                                         .models = models,
                                         .models_count = cf_model_count(),
                                         .is_diff_only = is_diff_only,
                                         .difference = note,
                                         .context = found};
    struct cf_rebuild_result result;
    struct cf_fault fault = {0};
    if (cf_rebuild(&options, &result, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    return result;
}

static void test_rebuild__equals_live_row_for_row(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    struct live live;
    open_live(&live, dsn);
    assert_int_equal(follow(&live, EVENTS_COUNT / 2), CF_OK);
    assert_int_equal(follow(&live, cf_history_count(history)), CF_OK);
    struct found found;
    struct cf_rebuild_result result = rebuild(dsn, true, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(result.rows_changed + result.rows_extra + result.rows_missing, 0);
    assert_int_equal(result.records, cf_history_count(history));
    assert_int_equal(result.rows_compared, result.rows_copied);
    assert_true(result.rows_compared > EVENTS_COUNT);
    assert_false(result.is_switched);
    close_live(&live);
}

static void test_rebuild__finds_a_row_that_was_edited_by_hand(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    struct live live;
    open_live(&live, dsn);
    assert_int_equal(follow(&live, cf_history_count(history)), CF_OK);
    struct cf_fault fault = {0};
    assert_int_equal(
        cf_pg_script(live.pg,
                     "UPDATE campaign_total SET pledged = pledged + 12345 WHERE campaign = "
                     "(SELECT campaign FROM campaign_total WHERE currency = 'EUR' LIMIT 1)",
                     &fault),
        CF_OK);
    struct found found;
    struct cf_rebuild_result result = rebuild(dsn, true, &found);
    assert_int_equal(result.rows_changed, 1);
    assert_int_equal(result.rows_extra + result.rows_missing, 0);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.table, "campaign_total");
    assert_int_equal(found.live_pledged - found.rebuilt_pledged, 12345);
    assert_int_equal(result.money_count, 1);
    assert_string_equal(result.money[0].column->name, "pledged");
    assert_string_equal(result.money[0].currency.text, "EUR");
    assert_int_equal(result.money[0].minor, 12345);

    /* Rows that are there alone on either side; and that the switch mends it all. */
    assert_int_equal(cf_pg_script(live.pg,
                                  "DELETE FROM posting WHERE sequence = (SELECT max(sequence) FROM "
                                  "posting); INSERT INTO stretch_goal VALUES "
                                  "('00000000-0000-0000-0000-000000000001', 1, 500, 'USD', NULL, "
                                  "NULL, NULL, 1)",
                                  &fault),
                     CF_OK);
    result = rebuild(dsn, false, &found);
    assert_int_equal(result.rows_changed, 1);
    assert_int_equal(result.rows_extra, 1);
    assert_true(result.rows_missing >= 2);
    assert_true(result.is_switched);
    result = rebuild(dsn, true, &found);
    assert_int_equal(found.count, 0);
    close_live(&live);
}

static void test_rebuild__switches_under_a_runner_and_can_be_undone(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    uint64_t head = cf_history_count(history);
    struct live live;
    open_live(&live, dsn);
    assert_int_equal(follow(&live, head / 2), CF_OK);
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_script(live.pg, "UPDATE pledge SET amount = amount + 1", &fault), CF_OK);
    struct found found;
    struct cf_rebuild_result result = rebuild(dsn, false, &found);
    assert_true(result.rows_changed > 100);

    /* What the runner has in hand is of other tables by now: it must begin again, and does. */
    assert_int_not_equal(follow(&live, head), CF_OK);
    close_live(&live);
    open_live(&live, dsn);
    assert_int_equal(cf_runner_next(live.runner), head / 2 + 1);
    assert_int_equal(follow(&live, head), CF_OK);
    cf_test_compare_with_fold(live.pg, cf_history_records(history, 1), head);
    close_live(&live);

    /* Undone: the edited rows are back, and are followed on from where they were. */
    struct cf_pg *pg = NULL;
    assert_int_equal(cf_pg_open(dsn, &pg, &fault), CF_OK);
    for (size_t i = 0; i < cf_model_count(); i++)
        assert_int_equal(cf_rebuild_roll_back(pg, models[i], &fault), CF_OK);
    assert_int_equal(cf_rebuild_roll_back(pg, models[0], &fault), CF_NOT_FOUND);
    cf_pg_close(pg);
    open_live(&live, dsn);
    assert_int_equal(cf_runner_next(live.runner), head / 2 + 1);
    assert_int_equal(follow(&live, head), CF_OK);
    close_live(&live);
    result = rebuild(dsn, true, &found);
    assert_true(result.rows_changed > 100);
}

struct story {
    size_t events;
    int64_t pledged, sum;
};

static void hear(void *context, const struct cf_explained *explained)
{
    struct story *story = context;
    const struct cf_row_campaign_total *before = explained->before, *after = explained->after;
    assert_non_null(after);
    story->events++;
    story->sum += after->pledged - (before == NULL ? 0 : before->pledged);
    story->pledged = after->pledged;
    assert_true(after->sequence == explained->sequence);
}

static void test_explain__tells_every_event_behind_a_figure(void **state)
{
    (void)state;
    struct cf_record record;
    struct cf_id campaign = {0};
    for (uint64_t i = 1; cf_id_is_zero(campaign); i++) {
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
        if (record.event_number == CF_EVENT_CAMPAIGN_LAUNCHED)
            campaign = record.stream_id;
    }
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(campaign, text);
    const struct cf_model *model = NULL;
    const struct cf_table *table = cf_explain_table("campaign_total", &model);
    assert_ptr_equal(table, &cf_table_campaign_total);
    struct cf_row_campaign_total key = {0};
    struct cf_fault fault = {0};
    assert_int_equal(cf_explain_key(table, text, &key, &fault), CF_OK);
    assert_int_equal(cf_explain_key(table, "nonsense", &key, &fault), CF_INVALID);
    assert_string_equal(fault.detail, "campaign");
    struct story story = {0};
    const struct cf_explain_options options = {.source = cf_test_history_source(history),
                                               .model = model,
                                               .table = table,
                                               .key = &key,
                                               .explained = hear,
                                               .context = &story};
    assert_int_equal(cf_explain(&options, &fault), CF_OK);
    assert_true(story.events > 10);
    assert_int_equal(story.sum, story.pledged);

    struct cf_row_funding_hour hour = {0};
    table = cf_explain_table("funding_hour", &model);
    char hour_key[64];
    snprintf(hour_key, sizeof hour_key, "%s/17", text);
    assert_int_equal(cf_explain_key(table, hour_key, &hour, &fault), CF_OK);
    assert_int_equal(hour.hour, 17);
    assert_int_equal(cf_explain_key(table, text, &hour, &fault), CF_INVALID);
    assert_string_equal(fault.detail, "campaign/hour");
    assert_null(cf_explain_table("posting", &model));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rebuild__equals_live_row_for_row),
        cmocka_unit_test(test_rebuild__finds_a_row_that_was_edited_by_hand),
        cmocka_unit_test(test_rebuild__switches_under_a_runner_and_can_be_undone),
        cmocka_unit_test(test_explain__tells_every_event_behind_a_figure),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
