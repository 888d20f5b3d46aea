/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what creators, finance and searchers ask is answered from the rows as they are: hours, days
 * and rewards add up to the total; the trial balance as of any sequence is that of a log cut there; search
 * forgives a typing error, and finds nothing of what was erased; a keeper that is away holds up search
 * alone.
 * Shown: on a made-up history with titles of the test's own.
 */
#include "core/base/scope.h"
#include "core/event/record.h"
#include "projections/runner.h"
#include "projections/services.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <stdlib.h>

enum { EVENTS_COUNT = 4000, CAMPAIGNS_COUNT = 30 };

CF_SCOPE_DEFINE(struct cf_pg_rows *, cf_pg_rows_destroy)

static struct cf_history *history;
static const struct cf_model *models[32];
static bool keeper_is_away;

/* The first campaign's texts speak of lighthouses, all others of gardens. */
static struct cf_id lighthouse;

static enum cf_status open_text(void *context, struct cf_id subject, struct cf_bytes sealed,
                                struct cf_buf *ret_clear, struct cf_fault *reterr_fault)
{
    (void)context;
    (void)sealed;
    if (keeper_is_away)
        CF_FAIL(reterr_fault, CF_TIMEOUT, "the keeper does not answer");
    return cf_buf_append_text(ret_clear, cf_id_equal(subject, lighthouse)
                                             ? "A paper lighthouse for every harbour"
                                             : "Gardens between the houses");
}

static const struct cf_services services = {.open = open_text};

static struct cf_pg *pg;
static struct cf_runner *runner;

static void apply(const struct cf_bytes *records, uint64_t first, size_t count)
{
    struct cf_source_records batch = {
        .head = first + count - 1, .first = first, .count = count, .records = records};
    struct cf_fault fault = {0};
    if (cf_runner_apply(runner, &batch, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
}

static int open_all(void **state)
{
    (void)state;
    keeper_is_away = false;
    cf_test_open_models(cf_test_pg_database(), &pg);
    struct cf_runner_options options = {.pg = pg,
                                        .models = models,
                                        .models_count = cf_model_count(),
                                        .services = &services,
                                        .rows_max = 100000};
    struct cf_fault fault = {0};
    assert_int_equal(cf_runner_new(&options, &runner, &fault), CF_OK);
    assert_int_equal(cf_runner_take_over(runner, &fault), CF_OK);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    cf_runner_destroy(runner);
    cf_pg_close(pg);
    return 0;
}

static struct cf_pg_rows *ask(const char *statement, struct cf_pg_params *params)
{
    struct cf_pg_rows *rows = NULL;
    struct cf_fault fault = {0};
    if (cf_pg_run(pg, statement, params, &rows, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    cf_pg_params_clear(params);
    return rows;
}

static int64_t sum(const struct cf_pg_rows *rows, const char *column)
{
    int64_t total = 0;
    for (size_t i = 0; i < cf_pg_rows_count(rows); i++)
        total += cf_pg_int64(rows, i, column);
    return total;
}

static void test_analytics__add_up_to_the_total(void **state)
{
    (void)state;
    apply(cf_history_records(history, 1), 1, cf_history_count(history));
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_id(&params, &lighthouse);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *total = ask("query_totals", &params);
    int64_t pledged = cf_pg_int64(total, 0, "pledged");
    assert_true(pledged > 0);

    static const char *const periods[] = {"analytics_hours", "analytics_days"};
    for (size_t i = 0; i < 2; i++) {
        cf_pg_add_id(&params, &lighthouse);
        cf_pg_add_int64(&params, 0);
        cf_pg_add_int64(&params, INT64_MAX);
        CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = ask(periods[i], &params);
        assert_true(cf_pg_rows_count(rows) > 0);
        assert_int_equal(sum(rows, "pledged"), pledged);
        assert_int_equal(sum(rows, "collected"), cf_pg_int64(total, 0, "collected"));
    }
    cf_pg_add_id(&params, &lighthouse);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy)
    struct cf_pg_rows *referrers = ask("analytics_referrers", &params);
    assert_int_equal(sum(referrers, "pledged"), pledged);

    cf_pg_add_id(&params, &lighthouse);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy)
    struct cf_pg_rows *summary = ask("analytics_summary", &params);
    assert_int_equal(cf_pg_int64(summary, 0, "pledges"), sum(referrers, "pledges"));
    assert_int_equal(cf_pg_int64(summary, 0, "dropped_out"), sum(referrers, "dropped_out"));
    assert_true(cf_pg_int64(summary, 0, "median") <= cf_pg_int64(summary, 0, "largest"));
    assert_true(cf_pg_int64(summary, 0, "backers_returning") > 0);
    assert_true(cf_pg_int64(summary, 0, "backers_new") > 0);
}

static void test_journal__is_read_as_of_any_sequence(void **state)
{
    (void)state;
    const int64_t half = EVENTS_COUNT / 2;
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    apply(cf_history_records(history, 1), 1, (size_t)half);
    cf_pg_add_int64(&params, INT64_MAX);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *then = ask("trial_balance", &params);
    apply(cf_history_records(history, (uint64_t)half + 1), (uint64_t)half + 1,
          cf_history_count(history) - (size_t)half);
    cf_pg_add_int64(&params, half);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *now = ask("trial_balance", &params);
    assert_true(cf_pg_rows_count(then) > 20);
    assert_int_equal(cf_pg_rows_count(now), cf_pg_rows_count(then));
    for (size_t i = 0; i < cf_pg_rows_count(now); i++) {
        assert_string_equal(cf_pg_text(now, i, "name"), cf_pg_text(then, i, "name"));
        assert_int_equal(cf_pg_int64(now, i, "balance"), cf_pg_int64(then, i, "balance"));
    }
    cf_pg_add_int64(&params, half);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy)
    struct cf_pg_rows *check = ask("journal_check", &params);
    assert_int_equal(cf_pg_rows_count(check), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cf_pg_int64(check, i, "sum"), 0);

    /* An account's statement runs into its balance. */
    cf_pg_add_text(&params, cf_pg_text(now, 0, "name"));
    cf_pg_add_text(&params, cf_pg_text(now, 0, "currency"));
    cf_pg_add_int64(&params, half);
    cf_pg_add_int64(&params, 0);
    cf_pg_add_int64(&params, 100000);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy)
    struct cf_pg_rows *lines = ask("account_statement", &params);
    size_t count = cf_pg_rows_count(lines);
    assert_true(count > 0);
    assert_int_equal(sum(lines, "amount"), cf_pg_int64(now, 0, "balance"));
    assert_int_equal(cf_pg_int64(lines, count - 1, "balance"), cf_pg_int64(now, 0, "balance"));
}

static size_t found(const char *words, bool *ret_lighthouse)
{
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, words);
    for (int i = 0; i < 4; i++)
        cf_pg_add_null(&params);
    cf_pg_add_bool(&params, true);
    cf_pg_add_int64(&params, 0);
    cf_pg_add_null(&params);
    cf_pg_add_int64(&params, 100);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy)
    struct cf_pg_rows *rows = ask("search_campaigns", &params);
    *ret_lighthouse =
        cf_pg_rows_count(rows) > 0 && cf_id_equal(cf_pg_id(rows, 0, "campaign"), lighthouse);
    return cf_pg_rows_count(rows);
}

static void erase(struct cf_id subject, uint64_t sequence)
{
    struct cf_event event = {.type = CF_EVENT_SUBJECT_ERASED};
    event.subject_erased = (struct cf_event_subject_erased){.subject_id = subject, .newest = 1};
    struct cf_record record = {.sequence = sequence,
                               .time_us = INT64_C(1800000000000000),
                               .stream_id = subject,
                               .stream_version = 9,
                               .actor_id = subject,
                               .idempotency_key = CF_BYTES_LITERAL("erase")};
    uint8_t memory[1024];
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, sizeof memory);
    cf_record_encode_event(&record, &event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    struct cf_bytes bytes = cf_bytes_from(memory, writer.size);
    apply(&bytes, sequence, 1);
}

static void test_search__forgives_typing_errors_and_forgets_what_was_erased(void **state)
{
    (void)state;
    apply(cf_history_records(history, 1), 1, cf_history_count(history));
    bool is_lighthouse;
    assert_int_equal(found("paper lighthouse", &is_lighthouse), 1);
    assert_true(is_lighthouse);
    assert_int_equal(found("lihgthouse", &is_lighthouse), 1);
    assert_true(is_lighthouse);
    assert_int_equal(found("gardens", &is_lighthouse), CAMPAIGNS_COUNT - 1);
    assert_int_equal(found("submarine", &is_lighthouse), 0);
    erase(lighthouse, cf_history_count(history) + 1);
    assert_int_equal(found("paper lighthouse", &is_lighthouse), 0);
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_script(pg,
                                  "DO $$ BEGIN ASSERT (SELECT count(*) FROM campaign_text WHERE "
                                  "title LIKE '%lighthouse%' OR story LIKE '%lighthouse%') = 0; "
                                  "END $$",
                                  &fault),
                     CF_OK);
}

static void test_search__near_gives_the_nearest_first(void **state)
{
    (void)state;
    apply(cf_history_records(history, 1), 1, cf_history_count(history));
    CF_CLEANUP(cf_pg_params_clean_up) struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_int64(&params, 51000000);
    cf_pg_add_int64(&params, 10500000);
    cf_pg_add_int64(&params, 300000);
    for (int i = 0; i < 3; i++)
        cf_pg_add_null(&params);
    cf_pg_add_bool(&params, true);
    cf_pg_add_int64(&params, 0);
    cf_pg_add_null(&params);
    cf_pg_add_int64(&params, 100);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = ask("search_near", &params);
    size_t count = cf_pg_rows_count(rows);
    assert_in_range(count, 2, CAMPAIGNS_COUNT - 1);
    for (size_t i = 0; i < count; i++) {
        int64_t distance = cf_pg_int64(rows, i, "sort_value");
        assert_in_range(distance, i == 0 ? 0 : cf_pg_int64(rows, i - 1, "sort_value"), 300000);
    }
}

static void test_search__waits_for_the_keeper_alone(void **state)
{
    (void)state;
    keeper_is_away = true;
    uint64_t head = cf_history_count(history);
    apply(cf_history_records(history, 1), 1, head);
    for (size_t i = 0; i < cf_runner_count(runner); i++) {
        struct cf_reader_status status = cf_runner_status(runner, i);
        bool is_search = status.model == cf_model_find("search");
        assert_int_equal(status.state, is_search ? CF_READER_WAITING : CF_READER_RUNNING);
        assert_int_equal(status.sequence, is_search ? 0 : head);
    }
    keeper_is_away = false;
    struct cf_fault fault = {0};
    assert_int_equal(cf_runner_take_over(runner, &fault), CF_OK);
    assert_int_equal(cf_runner_next(runner), 1);
    apply(cf_history_records(history, 1), 1, head);
    bool is_lighthouse;
    assert_int_equal(found("lighthouse", &is_lighthouse), 1);
}

static int make_history(void **state)
{
    const struct cf_history_options options = {.seed = 31,
                                               .events_count = EVENTS_COUNT,
                                               .campaigns_count = CAMPAIGNS_COUNT,
                                               .users_count = 60};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    for (size_t i = 0; i < cf_model_count(); i++)
        models[i] = cf_model_at(i);
    struct cf_record record = {0};
    for (uint64_t i = 1; record.event_number != CF_EVENT_CAMPAIGN_DRAFTED; i++)
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
    lighthouse = record.stream_id;
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
        cmocka_unit_test_setup_teardown(test_analytics__add_up_to_the_total, open_all, close_all),
        cmocka_unit_test_setup_teardown(test_journal__is_read_as_of_any_sequence, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(
            test_search__forgives_typing_errors_and_forgets_what_was_erased, open_all, close_all),
        cmocka_unit_test_setup_teardown(test_search__near_gives_the_nearest_first, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(test_search__waits_for_the_keeper_alone, open_all,
                                        close_all),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
