/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: read models follow the log however it is cut into batches; a second runner stands by;
 * an event that cannot be taken parks its model and no other. Shown: on a made-up history, by
 * comparing every row with the rows that a fold in memory gives, and by damaging a record.
 */
#include "projections/runner.h"

#include "core/base/scope.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <stdlib.h>

enum { EVENTS_COUNT = 6000 };

static struct cf_history *history;

static int make_history(void **state)
{
    const struct cf_history_options options = {
        .seed = 1, .events_count = EVENTS_COUNT, .campaigns_count = 40, .users_count = 100};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    return cf_test_pg_start(state);
}

static int drop_history(void **state)
{
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

/* A connection and a runner of all models on it. */
struct running {
    struct cf_pg *pg;
    struct cf_runner *runner;
    const struct cf_model **models;
};

static void open_running(struct running *running, const char *dsn)
{
    struct cf_fault fault = {0};
    *running = (struct running){.models = calloc(cf_model_count(), sizeof *running->models)};
    for (size_t i = 0; i < cf_model_count(); i++)
        running->models[i] = cf_model_at(i);
    cf_test_open_models(dsn, &running->pg);
    struct cf_runner_options options = {.pg = running->pg,
                                        .models = running->models,
                                        .models_count = cf_model_count(),
                                        .rows_max = 500};
    assert_int_equal(cf_runner_new(&options, &running->runner, &fault), CF_OK);
    assert_int_equal(cf_runner_take_over(running->runner, &fault), CF_OK);
}

static void close_running(struct running *running)
{
    cf_runner_destroy(running->runner);
    cf_pg_close(running->pg);
    free(running->models);
}

static void apply(struct running *running, const struct cf_bytes *records, uint64_t first,
                  size_t count)
{
    struct cf_fault fault = {0};
    struct cf_source_records batch = {
        .head = first + count - 1, .first = first, .count = count, .records = records};
    if (cf_runner_apply(running->runner, &batch, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
}

/* Applies up to the head in batches of 1, 2, 3 … records. */
static void follow(struct running *running, uint64_t head)
{
    size_t size = 1;
    for (uint64_t next = cf_runner_next(running->runner); next <= head; size = size % 700 * 2 + 1) {
        size_t count = head - next + 1 < size ? (size_t)(head - next + 1) : size;
        apply(running, cf_history_records(history, next), next, count);
        next += count;
        assert_int_equal(cf_runner_next(running->runner), next);
    }
}

static void test_runner__gives_the_rows_of_a_fold_in_memory(void **state)
{
    (void)state;
    struct running running;
    open_running(&running, cf_test_pg_database());
    follow(&running, cf_history_count(history));
    cf_test_compare_with_fold(running.pg, cf_history_records(history, 1),
                              cf_history_count(history));
    close_running(&running);
}

static size_t count_standby(const struct cf_runner *runner)
{
    size_t count = 0;
    for (size_t i = 0; i < cf_runner_count(runner); i++)
        count += cf_runner_status(runner, i).state == CF_READER_STANDBY;
    return count;
}

static void test_runner__goes_on_where_another_one_stopped(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    uint64_t head = cf_history_count(history);
    struct running first, second;
    open_running(&first, dsn);
    open_running(&second, dsn);
    assert_int_equal(cf_runner_next(second.runner), 0);
    for (size_t i = 0; i < cf_runner_count(second.runner); i++)
        assert_int_equal(cf_runner_status(second.runner, i).state, CF_READER_STANDBY);
    follow(&first, head / 2);
    /* The second is told of the same records, and does nothing. */
    apply(&second, cf_history_records(history, 1), 1, head / 2);
    close_running(&first);

    struct cf_fault fault = {0};
    while (count_standby(second.runner) > 0)
        assert_int_equal(cf_runner_take_over(second.runner, &fault), CF_OK);
    assert_int_equal(cf_runner_next(second.runner), head / 2 + 1);
    follow(&second, head);
    cf_test_compare_with_fold(second.pg, cf_history_records(history, 1), head);
    close_running(&second);
}

static void test_runner__parks_a_model_before_an_event_it_cannot_take(void **state)
{
    (void)state;
    struct running running;
    open_running(&running, cf_test_pg_database());
    uint64_t head = cf_history_count(history);
    struct cf_bytes *records = calloc(head, sizeof *records);
    memcpy(records, cf_history_records(history, 1), head * sizeof *records);

    /* The first pledge's event of the second half, with a payload that is no event. */
    uint64_t poison = 0;
    uint8_t damaged[CF_RECORD_SIZE_MAX];
    for (uint64_t i = head / 2; poison == 0; i++) {
        struct cf_record record;
        assert_int_equal(cf_record_decode(records[i], &record, NULL), CF_OK);
        if (record.event_number != CF_EVENT_PLEDGE_PLACED)
            continue;
        record.payload = CF_BYTES_LITERAL("\x80");
        struct cf_wire_writer writer = cf_wire_writer_fixed(damaged, sizeof damaged);
        cf_record_encode(&record, &writer);
        assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
        records[i] = cf_bytes_from(damaged, writer.size);
        poison = i + 1;
    }
    apply(&running, records, 1, head);
    size_t parked = 0;
    for (size_t i = 0; i < cf_runner_count(running.runner); i++) {
        struct cf_reader_status status = cf_runner_status(running.runner, i);
        if (status.model->handlers[CF_EVENT_PLEDGE_PLACED] == NULL) {
            assert_int_equal(status.state, CF_READER_RUNNING);
            assert_int_equal(status.sequence, head);
            continue;
        }
        parked++;
        assert_int_equal(status.state, CF_READER_PARKED);
        assert_int_equal(status.parked, poison);
        assert_int_equal(status.sequence, poison - 1);
        assert_non_null(strstr(status.reason, "CORRUPT"));
    }
    assert_true(parked > 0);

    /* It stands still, whatever comes; and goes on when the event can be taken. */
    apply(&running, records, 1, head);
    struct cf_fault fault = {0};
    assert_int_equal(cf_runner_retry_parked(running.runner, &fault), CF_OK);
    assert_int_equal(cf_runner_next(running.runner), poison);
    apply(&running, cf_history_records(history, poison), poison, head - poison + 1);
    struct cf_position position;
    assert_int_equal(cf_position_get(running.pg, "funding", &position, &fault), CF_OK);
    assert_int_equal(position.parked, 0);
    cf_test_compare_with_fold(running.pg, cf_history_records(history, 1), head);
    free(records);
    close_running(&running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runner__gives_the_rows_of_a_fold_in_memory),
        cmocka_unit_test(test_runner__goes_on_where_another_one_stopped),
        cmocka_unit_test(test_runner__parks_a_model_before_an_event_it_cannot_take),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
