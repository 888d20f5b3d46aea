/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three threads: one appends, the projector follows, the caller looks at how far everybody can see.
 */
#include "tools/bench/projections_lag.h"

#include "core/base/scope.h"
#include "eventstore/range.h"
#include "projections/projector.h"
#include "projections/query.h"
#include "projections/source_range.h"
#include "tools/bench/figure.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define PATIENCE_NS INT64_C(60000000000)

struct course {
    const struct cf_lag_options *options;
    struct cf_log *log;
    struct cf_range_server *server;
    struct cf_source_range *range;
    struct cf_projector *projector;
    struct cf_query *query;
    atomic_bool is_ready, is_over;
    int64_t began_ns;
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
}

static void say(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static void be_ready(void *context)
{
    atomic_store(&((struct course *)context)->is_ready, true);
}

static void *project(void *user)
{
    struct course *course = user;
    (void)!cf_projector_run(course->projector, NULL);
    return NULL;
}

/* Record n is to be appended at n steps; what is due together is one batch. */
static void *append(void *user)
{
    struct course *course = user;
    const struct cf_lag_options *options = course->options;
    for (size_t done = 0; done < options->count && !atomic_load(&course->is_over);) {
        size_t due = (size_t)((cf_bench_now_ns() - course->began_ns) / options->step_ns);
        due = due < options->count ? due : options->count;
        if (due > done) {
            if (cf_log_append(course->log, cf_history_records(options->history, done + 1),
                              due - done, NULL) != CF_OK)
                return NULL;
            cf_range_server_announce(course->server, due);
            done = due;
        }
        nap();
    }
    return NULL;
}

/* Looks until everything is seen. */
static enum cf_status watch(struct course *course, int64_t *ret_lags_ns,
                            struct cf_fault *reterr_fault)
{
    const struct cf_lag_options *options = course->options;
    int64_t patience_ns = (int64_t)options->count * options->step_ns + PATIENCE_NS;
    for (size_t seen = 0; seen < options->count;) {
        int64_t sequence = 0;
        CF_TRY(cf_query_position(course->query, &sequence, reterr_fault));
        int64_t now_ns = cf_bench_now_ns() - course->began_ns;
        for (; (int64_t)seen < sequence; seen++)
            ret_lags_ns[seen] = now_ns - (int64_t)seen * options->step_ns;
        if (now_ns > patience_ns)
            CF_FAIL(reterr_fault, CF_TIMEOUT, "the read models do not follow");
        nap();
    }
    return CF_OK;
}

static enum cf_status open_course(struct course *course, struct cf_fault *reterr_fault)
{
    const struct cf_lag_options *options = course->options;
    char log[512], range[600], head[600];
    snprintf(log, sizeof log, "%s/lag", options->directory);
    snprintf(range, sizeof range, "ipc://%s/range", log);
    snprintf(head, sizeof head, "ipc://%s/head", log);
    const struct cf_log_genesis genesis = {.origin = "coffer.local/bench",
                                           .clock = CF_LOG_CLOCK_REAL};
    /* Sockets need a folder that is closed to others, which the bench's is not. */
    if (mkdir(log, 0700) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "no directory for a log", "%s", log);
    CF_TRY(cf_log_open(&(struct cf_log_options){.directory = log, .create = &genesis}, &course->log,
                       reterr_fault));
    CF_TRY(cf_range_server_open(course->log, NULL, range, head, &course->server, reterr_fault));
    CF_TRY(cf_source_range_open(range, head, &course->range, reterr_fault));
    CF_TRY(cf_query_open(options->dsn, &course->query));
    const struct cf_projector_options projecting = {.dsn = options->dsn,
                                                    .source = cf_source_range_source(course->range),
                                                    .say = say,
                                                    .ready = be_ready,
                                                    .ready_context = course};
    return cf_projector_new(&projecting, &course->projector, reterr_fault);
}

static enum cf_status run(struct course *course, int64_t *ret_lags_ns,
                          struct cf_fault *reterr_fault)
{
    pthread_t projecting, appending;
    if (pthread_create(&projecting, NULL, project, course) != 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no thread for a projector");
    int64_t started_ns = cf_bench_now_ns();
    while (!atomic_load(&course->is_ready) && cf_bench_now_ns() - started_ns < PATIENCE_NS)
        nap();
    course->began_ns = cf_bench_now_ns();
    enum cf_status status = CF_NO_MEMORY;
    if (pthread_create(&appending, NULL, append, course) == 0) {
        status = watch(course, ret_lags_ns, reterr_fault);
        atomic_store(&course->is_over, true);
        pthread_join(appending, NULL);
    }
    cf_projector_stop(course->projector);
    cf_source_range_interrupt(course->range);
    pthread_join(projecting, NULL);
    return status;
}

enum cf_status cf_lag_measure(const struct cf_lag_options *options, int64_t *ret_lags_ns,
                              struct cf_fault *reterr_fault)
{
    struct course course = {.options = options};
    enum cf_status status = open_course(&course, reterr_fault);
    if (status == CF_OK)
        status = run(&course, ret_lags_ns, reterr_fault);
    cf_projector_destroy(course.projector);
    cf_query_close(course.query);
    cf_source_range_close(course.range);
    cf_range_server_close(course.server);
    cf_log_close(course.log);
    return status;
}
