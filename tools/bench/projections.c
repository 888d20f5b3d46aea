/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read models: how fast live follows, how far behind it is, how fast a rebuild is, and how long the
 * queries behind the busiest pages take. Everything on a private cluster that waits for the disk.
 */
#include "core/base/scope.h"
#include "projections/cluster.h"
#include "projections/crew.h"
#include "projections/funding/tables.h"
#include "projections/migrate.h"
#include "projections/rebuild.h"
#include "tools/bench/figure.h"
#include "tools/bench/history.h"
#include "tools/bench/projections_bare.h"
#include "tools/bench/projections_lag.h"
#include "tools/bench/projections_queries.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
    LIVE_BATCH = 1500,
    ROWS_MAX = 200000,
    LAG_EVENTS_PER_SECOND = 3000,
    QUERY_ROUNDS = 2000,
    DSN_SIZE = 1200,
};

struct scale {
    size_t live_events, live_campaigns;
    size_t rebuild_events, rebuild_campaigns;
    size_t bare_events;
    int lag_seconds;
    int64_t pledges; /* that the queries have under them, at least */
};

static const struct scale quick = {60000, 2000, 120000, 5000, 12000, 4, 0};
static const struct scale whole = {400000, 20000, 2000000, 100000, 40000, 20, 2000000};

struct measuring {
    struct cf_bench *bench;
    const struct scale *scale;
    struct cf_cluster *cluster;
    const struct cf_model **models;
    struct cf_history *history;
};

static const struct cf_history *source_history;

static enum cf_status read_history(void *context, uint64_t first, size_t size_max, int timeout_ms,
                                   struct cf_source_records *ret_records,
                                   struct cf_fault *reterr_fault)
{
    (void)context;
    (void)timeout_ms;
    (void)reterr_fault;
    uint64_t head = cf_history_count(source_history);
    *ret_records = (struct cf_source_records){.head = head, .first = first};
    if (first > head)
        return CF_OK;
    ret_records->records = cf_history_records(source_history, first);
    for (size_t size = 0; ret_records->count < head - first + 1 && size < size_max;)
        size += ret_records->records[ret_records->count++].size;
    return CF_OK;
}

static enum cf_status make_history(struct measuring *measuring, size_t events, size_t campaigns)
{
    cf_history_destroy(measuring->history);
    measuring->history = NULL;
    const struct cf_history_options options = {.seed = 5,
                                               .events_count = events,
                                               .campaigns_count = campaigns,
                                               .users_count = campaigns * 3};
    CF_TRY(cf_history_new(&options, &measuring->history));
    source_history = measuring->history;
    return CF_OK;
}

/* A connection with all read models made, and empty. */
static enum cf_status open_empty(struct measuring *measuring, struct cf_pg **ret_pg,
                                 struct cf_fault *reterr_fault)
{
    struct cf_pg *pg = NULL;
    CF_TRY(cf_pg_open(cf_cluster_dsn(measuring->cluster), &pg, reterr_fault));
    *ret_pg = pg;
    for (size_t i = 0; i < cf_model_count(); i++) {
        char script[256];
        snprintf(script, sizeof script,
                 "DROP SCHEMA IF EXISTS coffer_%s CASCADE; "
                 "DROP SCHEMA IF EXISTS coffer_%s_previous CASCADE",
                 measuring->models[i]->name, measuring->models[i]->name);
        CF_TRY(cf_pg_script(pg, script, reterr_fault));
    }
    CF_TRY(cf_pg_script(pg, "DROP SCHEMA IF EXISTS coffer CASCADE", reterr_fault));
    CF_TRY(cf_schema_make(pg, reterr_fault));
    CF_TRY(cf_schema_use(pg, CF_SCHEMA_LIVE, reterr_fault));
    return cf_pg_script(pg, "SET synchronous_commit = off", reterr_fault);
}

/* Another connection to the same. */
static enum cf_status open_again(struct measuring *measuring, struct cf_pg **ret_pg,
                                 struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_open(cf_cluster_dsn(measuring->cluster), ret_pg, reterr_fault));
    CF_TRY(cf_schema_use(*ret_pg, CF_SCHEMA_LIVE, reterr_fault));
    return cf_pg_script(*ret_pg, "SET synchronous_commit = off", reterr_fault);
}

/* -- Live ----------------------------------------------------------------------------------- */

static enum cf_status follow_all(struct measuring *measuring, struct cf_crew *crew,
                                 double *ret_rate, struct cf_fault *reterr_fault)
{
    size_t count = cf_history_count(measuring->history);
    CF_TRY(cf_crew_take_over(crew, reterr_fault));
    int64_t began_ns = cf_bench_now_ns();
    for (uint64_t next = 1; next <= count; next += LIVE_BATCH) {
        struct cf_source_records records = {
            .head = count,
            .first = next,
            .count = count - next + 1 < LIVE_BATCH ? (size_t)(count - next + 1) : LIVE_BATCH,
            .records = cf_history_records(measuring->history, next)};
        CF_TRY(cf_crew_apply(crew, &records, reterr_fault));
    }
    *ret_rate = cf_bench_rate((int64_t)count, cf_bench_now_ns() - began_ns);
    return CF_OK;
}

/* As the projector does it: both connections of a crew. */
static enum cf_status run_live(struct measuring *measuring, double *ret_rate,
                               struct cf_fault *reterr_fault)
{
    struct cf_crew_options options = {.rows_max = ROWS_MAX};
    struct cf_crew *crew = NULL;
    enum cf_status status = open_empty(measuring, &options.pgs[0], reterr_fault);
    for (size_t i = 1; i < CF_CREW_SIZE && status == CF_OK; i++)
        status = open_again(measuring, &options.pgs[i], reterr_fault);
    if (status == CF_OK)
        status = cf_crew_new(&options, &crew, reterr_fault);
    if (status == CF_OK)
        status = follow_all(measuring, crew, ret_rate, reterr_fault);
    cf_crew_destroy(crew);
    for (size_t i = 0; i < CF_CREW_SIZE; i++)
        cf_pg_close(options.pgs[i]);
    return status;
}

static enum cf_status measure_live(struct measuring *measuring, struct cf_fault *reterr_fault)
{
    const struct scale *scale = measuring->scale;
    CF_TRY(make_history(measuring, scale->live_events, scale->live_campaigns));
    struct cf_pg *pg = NULL;
    double rate = 0, bare = 0;
    CF_TRY(run_live(measuring, &rate, reterr_fault));
    enum cf_status status = open_empty(measuring, &pg, reterr_fault);
    if (status == CF_OK)
        status = cf_bare_upserts(pg, cf_history_records(measuring->history, 1), scale->bare_events,
                                 LIVE_BATCH, &bare, reterr_fault);
    cf_pg_close(pg);
    CF_TRY(status);
    cf_figure_report(measuring->bench, &(struct cf_figure){.name = "projections.live",
                                                           .value = rate,
                                                           .unit = "events/s",
                                                           .against = "a bare libpq loop",
                                                           .against_value = bare});
    return CF_OK;
}

/* -- Lag ------------------------------------------------------------------------------------ */

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double p99_ms(int64_t *nanoseconds, size_t count)
{
    qsort(nanoseconds, count, sizeof *nanoseconds, compare_numbers);
    return (double)nanoseconds[count * 99 / 100] / 1e6;
}

static enum cf_status measure_lag(struct measuring *measuring, struct cf_fault *reterr_fault)
{
    struct cf_pg *pg = NULL;
    enum cf_status status = open_empty(measuring, &pg, reterr_fault);
    cf_pg_close(pg);
    CF_TRY(status);
    const struct cf_lag_options options = {.dsn = cf_cluster_dsn(measuring->cluster),
                                           .directory = measuring->bench->directory,
                                           .history = measuring->history,
                                           .count = (size_t)measuring->scale->lag_seconds *
                                                    LAG_EVENTS_PER_SECOND,
                                           .step_ns = INT64_C(1000000000) / LAG_EVENTS_PER_SECOND};
    CF_CLEANUP(cf_scope_free) int64_t *lags_ns = calloc(options.count, sizeof *lags_ns);
    if (lags_ns == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for measuring");
    CF_TRY(cf_lag_measure(&options, lags_ns, reterr_fault));
    cf_figure_report(measuring->bench, &(struct cf_figure){.name = "projections.lag_p99",
                                                           .value = p99_ms(lags_ns, options.count),
                                                           .unit = "ms at 3,000 events/s",
                                                           .against = "the promise",
                                                           .against_value = 100});
    return CF_OK;
}

/* -- Rebuild -------------------------------------------------------------------------------- */

/* The most that this process ever held. */
static int64_t memory_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static enum cf_status measure_rebuild(struct measuring *measuring, struct cf_fault *reterr_fault)
{
    const struct scale *scale = measuring->scale;
    CF_TRY(make_history(measuring, scale->rebuild_events, scale->rebuild_campaigns));
    struct cf_pg *pg = NULL;
    CF_TRY(open_empty(measuring, &pg, reterr_fault));
    /* The live models are said to be at the head, and hold nothing: the comparison finds it all
     * missing, and the switch puts it there for the queries. */
    char script[160];
    snprintf(script, sizeof script, "UPDATE coffer.position SET sequence = %zu",
             cf_history_count(measuring->history));
    enum cf_status status = cf_pg_script(pg, script, reterr_fault);
    cf_pg_close(pg);
    CF_TRY(status);

    struct cf_bare_clock clock = {0};
    struct cf_rebuild_options options = {.dsn = cf_cluster_dsn(measuring->cluster),
                                         .source = {.read = read_history},
                                         .services = &cf_bench_texts,
                                         .models = measuring->models,
                                         .models_count = cf_model_count(),
                                         .progress = cf_bare_clock_progress,
                                         .context = &clock};
    struct cf_rebuild_result result;
    int64_t before_kb = memory_kb(), began_ns = cf_bench_now_ns();
    CF_TRY(cf_rebuild(&options, &result, reterr_fault));
    int64_t memory = (memory_kb() - before_kb) << 10;
    double rate = cf_bench_rate(result.rows_copied, clock.built_at_ns - began_ns), bare = 0;
    CF_TRY(cf_bare_copy(options.dsn, &bare, reterr_fault));
    cf_figure_report(measuring->bench,
                     &(struct cf_figure){.name = "projections.rebuild",
                                         .value = rate,
                                         .unit = "rows/s",
                                         .against = "COPY of the same, then indexes",
                                         .against_value = bare});
    cf_figure_report(
        measuring->bench,
        &(struct cf_figure){.name = "projections.rebuild_events",
                            .value = cf_bench_rate(result.records, clock.built_at_ns - began_ns),
                            .unit = "events/s"});
    cf_figure_report(measuring->bench,
                     &(struct cf_figure){.name = "projections.rebuild_memory",
                                         .value = (double)memory / (double)result.records,
                                         .unit = "bytes an event"});
    return CF_OK;
}

/* -- Queries -------------------------------------------------------------------------------- */

static enum cf_status time_query(struct measuring *measuring, struct cf_query *query,
                                 const char *figure, cf_bench_query_fn *ask,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) int64_t *times = calloc(QUERY_ROUNDS, sizeof *times);
    if (times == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for measuring");
    for (uint64_t i = 0; i < QUERY_ROUNDS; i++) {
        int64_t began_ns = cf_bench_now_ns();
        CF_TRY(ask(query, i, reterr_fault));
        times[i] = cf_bench_now_ns() - began_ns;
    }
    cf_figure_report(measuring->bench, &(struct cf_figure){.name = figure,
                                                           .value = p99_ms(times, QUERY_ROUNDS),
                                                           .unit = "ms",
                                                           .against = "the promise",
                                                           .against_value = 10});
    return CF_OK;
}

/* Copies the pledges under new ids until there are as many as asked. */
static enum cf_status add_pledges(struct measuring *measuring, struct cf_pg *pg,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf script, columns;
    cf_buf_init(&script, 1 << 16);
    cf_buf_init(&columns, 1 << 14);
    const struct cf_table *table = &cf_table_pledge;
    for (size_t i = 1; i < table->columns_count; i++)
        CF_TRY(cf_buf_append_format(&columns, ", %s", table->columns[i].name));
    CF_TRY(cf_buf_terminate(&columns));
    CF_TRY(cf_buf_append_format(
        &script,
        "INSERT INTO pledge (pledge%s) SELECT gen_random_uuid()%s FROM pledge, generate_series(1, "
        "(SELECT %" PRId64 " / count(*) FROM pledge)); ANALYZE pledge",
        (const char *)columns.data, (const char *)columns.data, measuring->scale->pledges));
    CF_TRY(cf_buf_terminate(&script));
    return cf_pg_script(pg, (const char *)script.data, reterr_fault);
}

static enum cf_status prepare_pledges(struct measuring *measuring, struct cf_fault *reterr_fault)
{
    if (measuring->scale->pledges == 0)
        return CF_OK;
    struct cf_pg *pg = NULL;
    CF_TRY(cf_pg_open(cf_cluster_dsn(measuring->cluster), &pg, reterr_fault));
    enum cf_status status = cf_schema_use(pg, CF_SCHEMA_LIVE, reterr_fault);
    if (status == CF_OK)
        status = add_pledges(measuring, pg, reterr_fault);
    cf_pg_close(pg);
    return status;
}

static enum cf_status measure_queries(struct measuring *measuring, struct cf_fault *reterr_fault)
{
    static const struct {
        const char *figure;
        cf_bench_query_fn *ask;
    } rows[] = {{"projections.listing_p99", cf_bench_query_listing},
                {"projections.search_p99", cf_bench_query_search},
                {"projections.campaign_p99", cf_bench_query_campaign}};
    CF_TRY(prepare_pledges(measuring, reterr_fault));
    struct cf_query *query = NULL;
    if (cf_query_open(cf_cluster_dsn(measuring->cluster), &query) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a query");
    enum cf_status status = cf_bench_queries_prepare(query, reterr_fault);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && status == CF_OK; i++)
        status = time_query(measuring, query, rows[i].figure, rows[i].ask, reterr_fault);
    cf_query_close(query);
    return status;
}

static enum cf_status measure(struct measuring *measuring, struct cf_fault *reterr_fault)
{
    CF_TRY(measure_live(measuring, reterr_fault));
    CF_TRY(measure_lag(measuring, reterr_fault));
    CF_TRY(measure_rebuild(measuring, reterr_fault));
    return measure_queries(measuring, reterr_fault);
}

enum cf_status cf_bench_projections(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    char data[DSN_SIZE], run[64] = "/tmp/cf-bench-XXXXXX";
    snprintf(data, sizeof data, "%s/pg", bench->directory);
    if (chmod(bench->directory, 0711) != 0 || mkdtemp(run) == NULL || chmod(run, 0711) != 0)
        CF_FAIL(reterr_fault, CF_IO, "no directory for the server's socket");
    struct measuring measuring = {.bench = bench, .scale = bench->quick ? &quick : &whole};
    const struct cf_cluster_options options = {.directory = data, .run_directory = run};
    const struct cf_model *models[64];
    measuring.models = models;
    for (size_t i = 0; i < cf_model_count(); i++)
        models[i] = cf_model_at(i);
    enum cf_status status = cf_cluster_start(&options, &measuring.cluster, reterr_fault);
    if (status == CF_OK)
        status = measure(&measuring, reterr_fault);
    cf_history_destroy(measuring.history);
    cf_cluster_stop(measuring.cluster);
    char socket_folder[80];
    snprintf(socket_folder, sizeof socket_folder, "%s/pg", run);
    rmdir(socket_folder);
    rmdir(run);
    return status;
}
