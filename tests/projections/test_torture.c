/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whatever kills the projector or PostgreSQL, the read models end where the log says.
 * Shown: a history of over 100,000 events is followed by a projector that is killed again and again, on a
 * server that is killed too. Then every row equals the row of a fold in memory, every row of a rebuild by
 * COPY, and what a small model of the test's own computes in another way (other_model.h). Other histories:
 * COFFER_TEST_SEED=n.
 */
#include "projections/projector.h"
#include "projections/rebuild.h"
#include "tests/projections/other_model.h"
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

/* -- The test ------------------------------------------------------------------------------- */

static void test_torture__live_equals_rebuild_equals_another_model(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    follow_through_kills(dsn);

    struct cf_pg *pg = NULL;
    cf_test_open_models(dsn, &pg);
    cf_test_compare_with_fold(pg, cf_history_records(history, 1), cf_history_count(history));
    cf_test_compare_with_other_model(pg, history);
    cf_pg_close(pg);

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
    const char *seed = getenv("COFFER_TEST_SEED");
    const struct cf_history_options options = {.seed = seed == NULL ? 23 : strtoull(seed, NULL, 10),
                                               .events_count = EVENTS_COUNT,
                                               .campaigns_count = 200,
                                               .users_count = 2000};
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
