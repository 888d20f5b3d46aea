/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: two runners side by side give the rows that one gives; where one fails, the other's models stand
 * where they committed, and both go on from there; a second crew stands by.
 * Shown: on a made-up history, against the fold in memory; either connection is cut between two batches.
 */
#include "projections/crew.h"

#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

enum { EVENTS_COUNT = 6000, CAMPAIGNS_COUNT = 40, BATCH = 500 };

static struct cf_history *history;
static uint64_t head;

/* A crew and its connections. */
struct working {
    struct cf_pg *pgs[CF_CREW_SIZE];
    struct cf_crew *crew;
    size_t told_count;
};

static void count_told(void *user, const struct cf_model *model, const struct cf_table *table,
                       const void *row)
{
    (void)model;
    (void)table;
    (void)row;
    ((struct working *)user)->told_count++;
}

static void begin(const char *dsn, struct working *working)
{
    *working = (struct working){0};
    struct cf_crew_options options = {
        .rows_max = 2000, .changed = count_told, .changed_user = working};
    for (size_t i = 0; i < CF_CREW_SIZE; i++) {
        cf_test_open_models(dsn, &working->pgs[i]);
        options.pgs[i] = working->pgs[i];
    }
    assert_int_equal(cf_crew_new(&options, &working->crew, NULL), CF_OK);
    assert_int_equal(cf_crew_take_over(working->crew, NULL), CF_OK);
}

static void end(struct working *working)
{
    cf_crew_destroy(working->crew);
    for (size_t i = 0; i < CF_CREW_SIZE; i++)
        cf_pg_close(working->pgs[i]);
}

static enum cf_status apply(struct working *working, uint64_t first, struct cf_fault *reterr_fault)
{
    const struct cf_source_records records = {.head = head,
                                              .first = first,
                                              .count = head - first + 1 < BATCH ? head - first + 1
                                                                                : BATCH,
                                              .records = cf_history_records(history, first)};
    return cf_crew_apply(working->crew, &records, reterr_fault);
}

/* From wherever it is. */
static void follow_to(struct working *working, uint64_t last)
{
    struct cf_fault fault = {0};
    for (uint64_t next; (next = cf_crew_next(working->crew)) <= last;)
        if (apply(working, next, &fault) != CF_OK)
            fail_msg("%s: %s", fault.text, fault.detail);
}

static void test_crew__gives_the_rows_of_a_fold_in_memory(void **state)
{
    (void)state;
    struct working working;
    begin(cf_test_pg_database(), &working);
    assert_int_equal(cf_crew_count(working.crew), cf_model_count());
    follow_to(&working, head);
    assert_true(working.told_count > 0);
    cf_test_compare_with_fold(working.pgs[0], cf_history_records(history, 1), head);
    end(&working);
}

static void test_crew__goes_on_where_each_member_stopped(void **state)
{
    (void)state;
    for (size_t member = 0; member < CF_CREW_SIZE; member++) {
        const char *dsn = cf_test_pg_database();
        struct working working;
        struct cf_fault fault = {0};
        begin(dsn, &working);
        follow_to(&working, head / 2);
        uint64_t next = cf_crew_next(working.crew);
        assert_int_equal(cf_pg_script(working.pgs[member],
                                      "SELECT pg_terminate_backend(pg_backend_pid())", NULL),
                         CF_CLOSED);
        assert_int_equal(apply(&working, next, &fault), CF_CLOSED);
        assert_int_equal(fault.status, CF_CLOSED);
        size_t stopped = 0;
        for (size_t i = 0; i < cf_crew_count(working.crew); i++)
            stopped += cf_crew_status(working.crew, i).sequence < (int64_t)next;
        assert_in_range(stopped, 1, cf_model_count() - 1);
        end(&working);

        begin(dsn, &working);
        assert_int_equal(cf_crew_next(working.crew), next);
        follow_to(&working, head);
        cf_test_compare_with_fold(working.pgs[0], cf_history_records(history, 1), head);
        end(&working);
    }
}

static void test_crew__stands_by_while_another_works(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    struct working first, second;
    begin(dsn, &first);
    begin(dsn, &second);
    assert_int_equal(cf_crew_next(second.crew), 0);
    assert_int_equal(apply(&second, 1, NULL), CF_OK);
    for (size_t i = 0; i < cf_crew_count(second.crew); i++) {
        assert_int_equal(cf_crew_status(second.crew, i).state, CF_READER_STANDBY);
        assert_int_equal(cf_crew_status(second.crew, i).sequence, 0);
    }
    end(&second);
    end(&first);
}

static int make_history(void **state)
{
    const struct cf_history_options options = {.seed = 3,
                                               .events_count = EVENTS_COUNT,
                                               .campaigns_count = CAMPAIGNS_COUNT,
                                               .users_count = 100};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    head = cf_history_count(history);
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
        cmocka_unit_test(test_crew__gives_the_rows_of_a_fold_in_memory),
        cmocka_unit_test(test_crew__goes_on_where_each_member_stopped),
        cmocka_unit_test(test_crew__stands_by_while_another_works),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
