/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/projector.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/crew.h"
#include "projections/feed.h"
#include "projections/rebuild.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    BATCH_SIZE = 384 << 10,
    ROWS_IN_HAND_MAX = 200000, /* of each model */
    READ_WAIT_MS = 250,
    BEAT_MS = 1000,
    TAKE_OVER_MS = 1000,
    SELDOM_MS = 60000,
    STALL_MS = 10000,
    PAUSE_MS_MIN = 50,
    PAUSE_MS_MAX = 2000,
    BEAT_SIZE_MAX = 3500,
};

/* What was said of a model last, so that it is said once. */
struct watched {
    enum cf_reader_state state;
    int64_t sequence;
    int64_t moved_at_ms;
    bool is_stalled;
    bool is_waiting; /* for a service; said until it moves again */
};

struct cf_projector {
    struct cf_projector_options options;
    struct watched *watched;
    struct cf_pg *pgs[CF_CREW_SIZE];
    struct cf_crew *crew;
    struct cf_feed *feed; /* NULL until this projector runs a model and nobody else publishes */
    uint64_t head;
    int64_t beat_at_ms, take_over_at_ms, seldom_at_ms;
    int pause_ms;
    bool is_source_away, is_pg_away, is_feed_away, was_ready;
    atomic_bool stopping;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum cf_status cf_projector_new(const struct cf_projector_options *options,
                                struct cf_projector **ret_projector, struct cf_fault *reterr_fault)
{
    struct cf_projector *projector = calloc(1, sizeof *projector);
    if (projector == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the projector");
    projector->options = *options;
    if (projector->options.stall_ms == 0)
        projector->options.stall_ms = STALL_MS;
    if (projector->options.batch_size_max == 0)
        projector->options.batch_size_max = BATCH_SIZE;
    projector->watched = calloc(cf_model_count(), sizeof *projector->watched);
    if (projector->watched == NULL) {
        cf_projector_destroy(projector);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the projector");
    }
    *ret_projector = projector;
    return CF_OK;
}

static void disconnect(struct cf_projector *projector)
{
    cf_crew_destroy(CF_TAKE(projector->crew));
    for (size_t i = 0; i < CF_CREW_SIZE; i++)
        cf_pg_close(CF_TAKE(projector->pgs[i]));
}

void cf_projector_destroy(struct cf_projector *projector)
{
    if (projector == NULL)
        return;
    disconnect(projector);
    cf_feed_close(projector->feed);
    free(projector->watched);
    free(projector);
}

void cf_projector_stop(struct cf_projector *projector)
{
    atomic_store(&projector->stopping, true);
}

static void say(struct cf_projector *projector, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct cf_projector *projector, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    projector->options.say(projector->options.say_context, line);
}

/* Waits longer each time, until something works again. */
static void pause_a_while(struct cf_projector *projector)
{
    if (projector->pause_ms < PAUSE_MS_MIN)
        projector->pause_ms = PAUSE_MS_MIN;
    poll(NULL, 0, projector->pause_ms);
    projector->pause_ms *= 2;
    if (projector->pause_ms > PAUSE_MS_MAX)
        projector->pause_ms = PAUSE_MS_MAX;
}

/* -- Changes -------------------------------------------------------------------------------- */

static void emit(void *user, const char *kind, struct cf_id key, int64_t sequence,
                 struct cf_bytes json)
{
    struct cf_projector *projector = user;
    if (projector->feed != NULL)
        cf_feed_publish(projector->feed, kind, key, sequence, json);
}

static void publish_row(void *user, const struct cf_model *model, const struct cf_table *table,
                        const void *row)
{
    if (model->publish != NULL)
        model->publish(table, row, emit, user);
}

static void beat(struct cf_projector *projector)
{
    static const char *const states[] = {[CF_READER_STANDBY] = "standby",
                                         [CF_READER_RUNNING] = "running",
                                         [CF_READER_PARKED] = "parked",
                                         [CF_READER_WAITING] = "waiting",
                                         [CF_READER_OUTDATED] = "outdated"};
    if (projector->feed == NULL)
        return;
    char json[BEAT_SIZE_MAX];
    int size = snprintf(json, sizeof json, "{\"head\":%" PRIu64 ",\"models\":[", projector->head);
    int64_t lowest = INT64_MAX;
    size_t count = projector->crew == NULL ? 0 : cf_crew_count(projector->crew);
    for (size_t i = 0; i < count; i++) {
        struct cf_reader_status status = cf_crew_status(projector->crew, i);
        size += snprintf(json + size, sizeof json - (size_t)size,
                         "%s{\"model\":\"%s\",\"state\":\"%s\",\"sequence\":%" PRId64
                         ",\"stalled\":%s}",
                         i == 0 ? "" : ",", status.model->name, states[status.state],
                         status.sequence, projector->watched[i].is_stalled ? "true" : "false");
        if (status.state != CF_READER_STANDBY && status.sequence < lowest)
            lowest = status.sequence;
    }
    size += snprintf(json + size, sizeof json - (size_t)size, "]}");
    CF_ASSERT(size < BEAT_SIZE_MAX);
    cf_feed_beat(projector->feed, lowest == INT64_MAX ? 0 : lowest,
                 cf_bytes_from(json, (size_t)size));
}

/* -- Watching ------------------------------------------------------------------------------- */

static void watch_model(struct cf_projector *projector, struct watched *watched,
                        const struct cf_reader_status *status, int64_t at_ms)
{
    if (status->state != watched->state) {
        if (status->state == CF_READER_PARKED)
            say(projector, "alarm: %s stands before event %" PRId64 ": %s", status->model->name,
                status->parked, status->reason);
        if (status->state == CF_READER_WAITING && !watched->is_waiting) {
            watched->is_waiting = true;
            say(projector, "alarm: %s waits at %" PRId64 ": %s", status->model->name,
                status->sequence, status->reason);
        }
        if (status->state == CF_READER_OUTDATED)
            say(projector, "alarm: %s stands still: %s", status->model->name, status->reason);
        if (status->state == CF_READER_RUNNING && watched->state == CF_READER_PARKED)
            say(projector, "%s is tried again", status->model->name);
    }
    bool is_behind = status->sequence < (int64_t)projector->head;
    if (status->sequence != watched->sequence || !is_behind || status->state != CF_READER_RUNNING) {
        if (watched->is_waiting && status->sequence != watched->sequence) {
            watched->is_waiting = false;
            say(projector, "%s goes on, at %" PRId64, status->model->name, status->sequence);
        }
        if (watched->is_stalled && status->state == CF_READER_RUNNING)
            say(projector, "%s moves again, at %" PRId64, status->model->name, status->sequence);
        watched->is_stalled = false;
        watched->moved_at_ms = at_ms;
    } else if (!watched->is_stalled && at_ms - watched->moved_at_ms > projector->options.stall_ms) {
        watched->is_stalled = true;
        say(projector, "alarm: %s stands still at %" PRId64 " while the head is %" PRIu64,
            status->model->name, status->sequence, projector->head);
    }
    watched->state = status->state;
    watched->sequence = status->sequence;
}

static void watch(struct cf_projector *projector)
{
    int64_t at_ms = now_ms();
    for (size_t i = 0; projector->crew != NULL && i < cf_crew_count(projector->crew); i++) {
        struct cf_reader_status status = cf_crew_status(projector->crew, i);
        watch_model(projector, &projector->watched[i], &status, at_ms);
    }
}

/* -- PostgreSQL ----------------------------------------------------------------------------- */

static enum cf_status open_pg(struct cf_projector *projector, struct cf_pg **ret_pg,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_open(projector->options.dsn, ret_pg, reterr_fault));
    /* What a crash of the server may lose comes back with the position from the log. Nobody may keep
     * this process from saying that it stands still. */
    CF_TRY(cf_pg_script(*ret_pg,
                        "SET synchronous_commit = off; SET lock_timeout = '2s'; "
                        "SET statement_timeout = '60s'",
                        reterr_fault));
    CF_TRY(cf_schema_make(*ret_pg, reterr_fault));
    return cf_schema_use(*ret_pg, CF_SCHEMA_LIVE, reterr_fault);
}

static enum cf_status make_crew(struct cf_projector *projector, struct cf_fault *reterr_fault)
{
    struct cf_crew_options options = {
        .services = projector->options.services,
        .rows_max = ROWS_IN_HAND_MAX,
        .changed = projector->options.feed_url == NULL ? NULL : publish_row,
        .changed_user = projector,
    };
    for (size_t i = 0; i < CF_CREW_SIZE; i++) {
        CF_TRY(open_pg(projector, &projector->pgs[i], reterr_fault));
        options.pgs[i] = projector->pgs[i];
    }
    CF_TRY(cf_crew_new(&options, &projector->crew, reterr_fault));
    return cf_crew_take_over(projector->crew, reterr_fault);
}

/* Waiting mends these; the others need a person. */
static bool may_pass(enum cf_status status)
{
    return status == CF_IO || status == CF_CLOSED || status == CF_RETRY || status == CF_TIMEOUT ||
           status == CF_NO_SPACE || status == CF_NO_MEMORY;
}

static enum cf_status connect(struct cf_projector *projector, struct cf_fault *reterr_fault)
{
    struct cf_fault fault = {0};
    enum cf_status status = make_crew(projector, &fault);
    if (status == CF_OK) {
        if (projector->is_pg_away)
            say(projector, "PostgreSQL is back");
        projector->is_pg_away = false;
        projector->pause_ms = 0;
        return CF_OK;
    }
    disconnect(projector);
    if (!may_pass(status)) {
        if (reterr_fault != NULL)
            *reterr_fault = fault;
        return status;
    }
    if (!projector->is_pg_away)
        say(projector, "alarm: no read model moves: %s: %s", fault.text, fault.detail);
    projector->is_pg_away = true;
    pause_a_while(projector);
    return CF_OK;
}

static void lose(struct cf_projector *projector, enum cf_status status,
                 const struct cf_fault *fault)
{
    say(projector, "a batch failed and is done again: %s: %s, %s", cf_status_name(status),
        fault->text, fault->detail);
    disconnect(projector);
    pause_a_while(projector);
}

/* -- The loop ------------------------------------------------------------------------------- */

/* The socket is one projector's at a time, as the models are; a standby tries again every time. */
static void open_feed(struct cf_projector *projector)
{
    if (projector->feed != NULL || projector->options.feed_url == NULL || projector->crew == NULL ||
        cf_crew_next(projector->crew) == 0)
        return;
    struct cf_fault fault = {0};
    enum cf_status status = cf_feed_open(projector->options.feed_url, &projector->feed, &fault);
    if (status != CF_OK && status != CF_CONFLICT && !projector->is_feed_away)
        say(projector, "alarm: changes cannot be published: %s: %s", fault.text, fault.detail);
    projector->is_feed_away = status != CF_OK;
}

/* Parked events are tried again; what a killed rebuild left behind goes, and may wait if it cannot. */
static enum cf_status seldom_chores(struct cf_projector *projector, struct cf_fault *reterr_fault)
{
    struct cf_fault fault = {0};
    if (cf_rebuild_drop_left_over(projector->pgs[0], &fault) != CF_OK)
        say(projector, "alarm: what a rebuild left behind stays: %s: %s", fault.text, fault.detail);
    return cf_crew_retry_parked(projector->crew, reterr_fault);
}

static void chores(struct cf_projector *projector)
{
    int64_t at_ms = now_ms();
    struct cf_fault fault = {0};
    enum cf_status status = CF_OK;
    if (projector->crew != NULL && at_ms >= projector->take_over_at_ms) {
        projector->take_over_at_ms = at_ms + TAKE_OVER_MS;
        status = cf_crew_take_over(projector->crew, &fault);
    }
    if (projector->crew != NULL && status == CF_OK && at_ms >= projector->seldom_at_ms) {
        projector->seldom_at_ms = at_ms + SELDOM_MS;
        status = seldom_chores(projector, &fault);
    }
    if (status != CF_OK)
        lose(projector, status, &fault);
    watch(projector);
    open_feed(projector);
    if (at_ms >= projector->beat_at_ms) {
        projector->beat_at_ms = at_ms + BEAT_MS;
        beat(projector);
    }
}

static void note_source(struct cf_projector *projector, enum cf_status status,
                        const struct cf_fault *fault)
{
    if (atomic_load(&projector->stopping))
        return; /* a read that was interrupted so as to stop says nothing of the log */
    if (status == CF_OK && projector->is_source_away)
        say(projector, "the log is back");
    if (status != CF_OK && !projector->is_source_away)
        say(projector, "alarm: the log cannot be read: %s", fault->text);
    projector->is_source_away = status != CF_OK;
}

/* Reads what the models need next, waiting a little for it, and applies it. */
static void follow(struct cf_projector *projector)
{
    uint64_t next = cf_crew_next(projector->crew);
    if (next == 0) {
        poll(NULL, 0, READ_WAIT_MS);
        return;
    }
    struct cf_source_records records;
    struct cf_fault fault = {0};
    const struct cf_source *source = &projector->options.source;
    enum cf_status status = source->read(source->context, next, projector->options.batch_size_max,
                                         READ_WAIT_MS, &records, &fault);
    note_source(projector, status, &fault);
    if (status != CF_OK) {
        if (!atomic_load(&projector->stopping))
            pause_a_while(projector);
        return;
    }
    projector->head = records.head;
    status = cf_crew_apply(projector->crew, &records, &fault);
    if (status == CF_OK)
        projector->pause_ms = 0;
    else
        lose(projector, status, &fault);
}

enum cf_status cf_projector_run(struct cf_projector *projector, struct cf_fault *reterr_fault)
{
    while (!atomic_load(&projector->stopping)) {
        if (projector->crew == NULL)
            CF_TRY(connect(projector, reterr_fault));
        if (projector->crew != NULL && !projector->was_ready) {
            projector->was_ready = true;
            if (projector->options.ready != NULL)
                projector->options.ready(projector->options.ready_context);
        }
        chores(projector);
        if (projector->crew != NULL)
            follow(projector);
    }
    return CF_OK;
}
