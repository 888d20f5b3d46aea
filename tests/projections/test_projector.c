/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the projector follows its source by itself, through kill -9 of PostgreSQL, and
 * publishes every change with the sequence before it on its topic; a second one stands by; what a killed
 * rebuild left behind goes. Shown:
 * with the real server and the real bus, on a made-up history that is let out bit by bit.
 */
#include "projections/projector.h"

#include "core/base/assert.h"
#include "eventstore/bus.h"
#include "projections/feed.h"
#include "projections/query.h"
#include "projections/rebuild.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS_COUNT = 4000, PATIENCE_STEPS = 3000, STEP_MS = 10 };

static struct cf_history *history;

/* A source that knows the history up to `head`. */
static atomic_ullong head;
static atomic_int reads;

static enum cf_status read_history(void *context, uint64_t first, size_t size_max, int timeout_ms,
                                   struct cf_source_records *ret_records,
                                   struct cf_fault *reterr_fault)
{
    (void)context;
    (void)reterr_fault;
    atomic_fetch_add(&reads, 1);
    for (int waited = 0; atomic_load(&head) < first && waited < timeout_ms; waited += STEP_MS)
        poll(NULL, 0, STEP_MS);
    uint64_t known = atomic_load(&head);
    *ret_records = (struct cf_source_records){.head = known, .first = first};
    if (first > known)
        return CF_OK;
    ret_records->records = cf_history_records(history, first);
    for (size_t size = 0; ret_records->count < known - first + 1 && size < size_max;)
        size += ret_records->records[ret_records->count++].size;
    return CF_OK;
}

/* A projector on a thread of its own. */
struct running {
    struct cf_projector *projector;
    pthread_t thread;
    enum cf_status status;
    atomic_int alarms, stalls;
    int stall_ms;
};

static void say(void *context, const char *line)
{
    struct running *running = context;
    if (strstr(line, "alarm") != NULL)
        atomic_fetch_add(&running->alarms, 1);
    if (strstr(line, "stands still at") != NULL)
        atomic_fetch_add(&running->stalls, 1);
}

static void *run(void *context)
{
    struct running *running = context;
    running->status = cf_projector_run(running->projector, NULL);
    return NULL;
}

static void start(struct running *running, const char *dsn, const char *feed_url)
{
    struct cf_projector_options options = {.dsn = dsn,
                                           .source = {.read = read_history},
                                           .feed_url = feed_url,
                                           .say = say,
                                           .say_context = running,
                                           .stall_ms = running->stall_ms,
                                           .batch_size_max = 4096};
    struct cf_fault fault = {0};
    assert_int_equal(cf_projector_new(&options, &running->projector, &fault), CF_OK);
    assert_int_equal(pthread_create(&running->thread, NULL, run, running), 0);
}

static void finish(struct running *running)
{
    cf_projector_stop(running->projector);
    pthread_join(running->thread, NULL);
    assert_int_equal(running->status, CF_OK);
    cf_projector_destroy(running->projector);
}

static bool is_everything_at(struct cf_pg *pg, int64_t sequence)
{
    for (size_t i = 0; i < cf_model_count(); i++) {
        struct cf_position position = {0};
        if (cf_position_get(pg, cf_model_at(i)->name, &position, NULL) != CF_OK ||
            position.sequence < sequence)
            return false;
    }
    return true;
}

/* Waits until every model has seen the head. */
static void wait_for_head(struct cf_pg *pg)
{
    for (int i = 0; i < PATIENCE_STEPS; i++) {
        if (is_everything_at(pg, (int64_t)atomic_load(&head)))
            return;
        poll(NULL, 0, STEP_MS);
    }
    fail_msg("the read models do not reach %llu", (unsigned long long)atomic_load(&head));
}

static void test_projector__catches_up_after_kill_9_of_postgresql(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    struct running running = {0};
    uint64_t count = cf_history_count(history);
    atomic_store(&head, count / 4);
    start(&running, dsn, NULL);
    struct cf_pg *pg = NULL;
    cf_test_open_models(dsn, &pg);
    wait_for_head(pg);
    cf_pg_close(pg);

    kill(cf_cluster_pid(cf_test_pg_cluster()), SIGKILL);
    atomic_store(&head, count / 2);
    while (atomic_load(&running.alarms) == 0)
        poll(NULL, 0, STEP_MS);
    cf_test_pg_restart();
    atomic_store(&head, count);
    cf_test_open_models(dsn, &pg);
    wait_for_head(pg);
    cf_test_compare_with_fold(pg, cf_history_records(history, 1), count);
    cf_pg_close(pg);
    finish(&running);
}

static void test_projector__one_works_while_the_other_stands_by(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    struct running one = {0}, other = {0};
    uint64_t count = cf_history_count(history);
    atomic_store(&head, count / 3);
    start(&one, dsn, NULL);
    start(&other, dsn, NULL);
    struct cf_pg *pg = NULL;
    cf_test_open_models(dsn, &pg);
    wait_for_head(pg);
    atomic_store(&head, count * 2 / 3);
    wait_for_head(pg);
    /* Whoever had the models, the other one has them now. */
    finish(&one);
    atomic_store(&head, count);
    wait_for_head(pg);
    cf_test_compare_with_fold(pg, cf_history_records(history, 1), count);
    cf_pg_close(pg);
    finish(&other);
}

static void test_projector__says_that_it_stands_still(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    struct running running = {.stall_ms = 300};
    atomic_store(&head, 500);
    start(&running, dsn, NULL);
    struct cf_pg *pg = NULL;
    cf_test_open_models(dsn, &pg);
    wait_for_head(pg);
    assert_int_equal(atomic_load(&running.stalls), 0);

    /* Somebody holds what every batch needs, and the head moves on. */
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_script(pg, "BEGIN; LOCK TABLE pledge IN EXCLUSIVE MODE", &fault), CF_OK);
    atomic_store(&head, 1000);
    while (atomic_load(&running.stalls) == 0)
        poll(NULL, 0, STEP_MS);
    assert_int_equal(cf_pg_script(pg, "ROLLBACK", &fault), CF_OK);
    wait_for_head(pg);
    cf_pg_close(pg);
    finish(&running);
}

/* What a subscriber knows of one topic. */
struct heard {
    char topic[80];
    int64_t sequence;
};

/* Who comes late asks the read model, and gets what the newest message said. */
static void check_late(const char *dsn, const struct cf_json *newest)
{
    struct cf_query *query = NULL;
    struct cf_id campaign;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *totals = NULL;
    cf_buf_init(&text, 4096);
    const char *id = cf_json_text(cf_json_get(newest, "campaign_id"));
    assert_int_equal(cf_id_parse(cf_bytes_from_text(id), &campaign), CF_OK);
    assert_int_equal(cf_query_open(dsn, &query), CF_OK);
    assert_int_equal(cf_query_totals(query, &campaign, &text, NULL), CF_OK);
    assert_int_equal(cf_json_parse(cf_buf_bytes(&text), &totals, NULL), CF_OK);
    assert_true(cf_json_equal(totals, newest));
    cf_query_close(query);
}

static void test_feed__says_what_came_before_on_every_topic(void **state)
{
    (void)state;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *newest = NULL;
    const char *dsn = cf_test_pg_database();
    char folder[128], url[160];
    snprintf(folder, sizeof folder, "%s/run", cf_test_directory());
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(url, sizeof url, "ipc://%s/changes", folder);
    atomic_store(&head, 0);
    struct running running = {0};
    start(&running, dsn, url);

    struct cf_bus_subscriber *subscriber = NULL;
    struct cf_fault fault = {0};
    assert_int_equal(cf_bus_subscriber_open(url, &subscriber, &fault), CF_OK);
    assert_int_equal(cf_bus_subscriber_subscribe(subscriber, ""), CF_OK);
    static struct heard heard[2000];
    size_t heard_count = 0, totals_count = 0;
    for (uint64_t next = 1;;) {
        struct cf_bus_news news;
        enum cf_status status = cf_bus_subscriber_receive(subscriber, 5000, &news);
        assert_int_equal(status, CF_OK);
        int64_t sequence, before;
        struct cf_bytes json;
        assert_int_equal(cf_feed_read(news.payload, &sequence, &before, &json, &fault), CF_OK);
        assert_int_equal(json.data[0], '{');
        if (strcmp(news.topic, "heartbeat") == 0) {
            /* Each beat lets out a little more, so that nothing is dropped for being slow. */
            if (sequence == 1200)
                break;
            next += 400;
            atomic_store(&head, next < 1200 ? next : 1200);
            continue;
        }
        size_t i = 0;
        while (i < heard_count && strcmp(heard[i].topic, news.topic) != 0)
            i++;
        if (i == heard_count) {
            assert_true(heard_count < sizeof heard / sizeof heard[0]);
            snprintf(heard[heard_count++].topic, sizeof heard[0].topic, "%s", news.topic);
        }
        assert_int_equal(before, heard[i].sequence);
        assert_true(sequence > before);
        heard[i].sequence = sequence;
        if (strncmp(news.topic, "totals:", 7) == 0) {
            totals_count++;
            cf_json_destroy(newest);
            assert_int_equal(cf_json_parse(json, &newest, NULL), CF_OK);
        }
    }
    assert_true(totals_count > 10);
    cf_bus_subscriber_close(subscriber);
    finish(&running);
    check_late(dsn, newest);
}

static int make_history(void **state)
{
    const struct cf_history_options options = {
        .seed = 7, .events_count = EVENTS_COUNT, .campaigns_count = 30, .users_count = 60};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    return cf_test_pg_start(state);
}

static int drop_history(void **state)
{
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

/* -- What a killed rebuild leaves ----------------------------------------------------------- */

static void die_when_filled(void *context, enum cf_rebuild_stage stage, uint64_t done,
                            uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    if (stage == CF_REBUILD_INDEX)
        raise(SIGKILL);
}

static void rebuild_and_die(const char *dsn)
{
    const struct cf_model *search = cf_model_find("search");
    const struct cf_rebuild_options options = {.dsn = dsn,
                                               .source = cf_test_history_source(history),
                                               .models = &search,
                                               .models_count = 1,
                                               .progress = die_when_filled};
    static struct cf_rebuild_result result;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(cf_rebuild(&options, &result, NULL) == CF_OK ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void expect(struct cf_pg *pg, const char *assertion)
{
    char script[256];
    snprintf(script, sizeof script, "DO $$ BEGIN ASSERT %s; END $$", assertion);
    if (cf_pg_script(pg, script, NULL) != CF_OK)
        fail_msg("%s", assertion);
}

static void test_projector__drops_what_a_killed_rebuild_left(void **state)
{
    (void)state;
    const char *dsn = cf_test_pg_database();
    struct running running = {0};
    struct cf_pg *pg = NULL;
    cf_test_open_models(dsn, &pg);
    atomic_store(&head, cf_history_count(history));
    start(&running, dsn, NULL);
    wait_for_head(pg);
    finish(&running);
    rebuild_and_die(dsn);
    expect(pg, "(SELECT count(*) FROM coffer_search_shadow.campaign_text) > 0");

    /* While a rebuild holds its lock, the shadow is that rebuild's. */
    assert_int_equal(cf_pg_script(pg, "SELECT pg_advisory_lock(7161992, 0)", NULL), CF_OK);
    running = (struct running){0};
    atomic_store(&reads, 0);
    start(&running, dsn, NULL);
    while (atomic_load(&reads) == 0)
        poll(NULL, 0, STEP_MS);
    expect(pg, "to_regnamespace('coffer_search_shadow') IS NOT NULL");
    finish(&running);

    assert_int_equal(cf_pg_script(pg, "SELECT pg_advisory_unlock(7161992, 0)", NULL), CF_OK);
    start(&running, dsn, NULL);
    for (int i = 0;
         i < PATIENCE_STEPS &&
         cf_pg_script(pg,
                      "DO $$ BEGIN ASSERT to_regnamespace('coffer_search_shadow') IS NULL; END $$",
                      NULL) != CF_OK;
         i++)
        poll(NULL, 0, STEP_MS);
    expect(pg, "to_regnamespace('coffer_search_shadow') IS NULL");
    finish(&running);
    cf_pg_close(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_projector__catches_up_after_kill_9_of_postgresql),
        cmocka_unit_test(test_projector__one_works_while_the_other_stands_by),
        cmocka_unit_test(test_projector__says_that_it_stands_still),
        cmocka_unit_test(test_projector__drops_what_a_killed_rebuild_left),
        cmocka_unit_test(test_feed__says_what_came_before_on_every_topic),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
