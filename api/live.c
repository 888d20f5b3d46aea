/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Viewers and the campaigns that they watch form a graph under one lock: each campaign knows its viewers,
 * each viewer its campaigns. Routes add viewers; everything else happens on live's own thread.
 */
#include "api/live.h"

#include "core/base/assert.h"
#include "eventstore/bus.h"
#include "projections/feed.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define BUCKET_COUNT 4096
#define VIEWER_COUNT_MAX 50000
#define JSON_SIZE_MAX ((size_t)4096)
/* News can get lost unnoticed when it is the last on its topic: so often what is watched is read again. */
#define DOUBT_MS 5000

struct viewer {
    struct cf_http_stream *stream;
    struct viewer *next_gone;
    bool gone; /* cannot be reached any more; dropped at the end of the round */
    size_t count;
    struct watched *campaigns[]; /* borrowed */
};

struct watched {
    struct watched *next; /* in its bucket */
    struct cf_id campaign_id;
    int64_t sequence; /* of the newest totals */
    struct cf_buf json;
    bool known; /* json holds the present totals */
    bool dirty; /* and has not been sent to everybody */
    struct viewer **viewers;
    size_t viewer_count;
    size_t viewer_capacity;
};

struct cf_live {
    pthread_mutex_t mutex;
    struct watched *buckets[BUCKET_COUNT];
    size_t viewer_count;
    struct viewer *gone;
    struct viewer **fresh; /* viewers that have got nothing yet */
    size_t fresh_count;
    size_t fresh_capacity;
    bool closing;
    uint64_t messages;

    pthread_t thread;
    struct cf_bus_subscriber *feed;
    cf_live_read_fn *read;
    cf_live_hear_fn *hear;
    void *context;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- The graph; callers hold the lock ---- */

static struct watched **bucket_of(struct cf_live *live, const struct cf_id *campaign_id)
{
    uint32_t hash;
    memcpy(&hash, campaign_id->bytes + CF_ID_SIZE - sizeof hash, sizeof hash);
    return &live->buckets[hash % BUCKET_COUNT];
}

static struct watched *watched_find(struct cf_live *live, const struct cf_id *campaign_id)
{
    struct watched *watched = *bucket_of(live, campaign_id);
    while (watched != NULL && !cf_id_equal(watched->campaign_id, *campaign_id))
        watched = watched->next;
    return watched;
}

static struct watched *watched_make(struct cf_live *live, const struct cf_id *campaign_id)
{
    struct watched *watched = watched_find(live, campaign_id);
    if (watched != NULL)
        return watched;
    watched = calloc(1, sizeof *watched);
    if (watched == NULL)
        return NULL;
    watched->campaign_id = *campaign_id;
    cf_buf_init(&watched->json, JSON_SIZE_MAX);
    struct watched **bucket = bucket_of(live, campaign_id);
    watched->next = *bucket;
    *bucket = watched;
    return watched;
}

static void watched_drop(struct cf_live *live, struct watched *watched)
{
    struct watched **place = bucket_of(live, &watched->campaign_id);
    while (*place != watched)
        place = &(*place)->next;
    *place = watched->next;
    cf_buf_clean_up(&watched->json);
    free(watched->viewers);
    free(watched);
}

/* Grows an array of viewers by one. */
static bool viewers_append(struct viewer ***viewers, size_t *count, size_t *capacity,
                           struct viewer *viewer)
{
    if (*count == *capacity) {
        size_t larger = *capacity == 0 ? 4 : *capacity * 2;
        struct viewer **grown = realloc(*viewers, larger * sizeof(struct viewer *));
        if (grown == NULL)
            return false;
        *viewers = grown;
        *capacity = larger;
    }
    (*viewers)[(*count)++] = viewer;
    return true;
}

static void viewers_remove(struct viewer **viewers, size_t *count, const struct viewer *viewer)
{
    for (size_t i = 0; i < *count; i++) {
        if (viewers[i] == viewer) {
            viewers[i] = viewers[--*count];
            return;
        }
    }
}

static void viewer_drop(struct cf_live *live, struct viewer *viewer)
{
    viewers_remove(live->fresh, &live->fresh_count, viewer);
    for (size_t i = 0; i < viewer->count; i++) {
        struct watched *watched = viewer->campaigns[i];
        viewers_remove(watched->viewers, &watched->viewer_count, viewer);
        if (watched->viewer_count == 0)
            watched_drop(live, watched);
    }
    cf_http_stream_close(viewer->stream);
    free(viewer);
    live->viewer_count--;
}

/* ---- Sending; callers hold the lock ---- */

static void message_make(const struct watched *watched, struct cf_buf *ret_message)
{
    cf_buf_clear(ret_message);
    CF_ASSERT(cf_buf_append_format(ret_message, "event: progress\nid: %" PRId64 "\ndata: %.*s\n\n",
                                   watched->sequence, (int)watched->json.size,
                                   (const char *)watched->json.data) == CF_OK);
}

/* Dropping waits until the round is over, since it takes campaigns out of what is walked. */
static void viewer_send(struct cf_live *live, struct viewer *viewer, struct cf_bytes message)
{
    if (viewer->gone)
        return;
    if (cf_http_stream_append(viewer->stream, message) == CF_OK) {
        live->messages++;
        return;
    }
    viewer->gone = true;
    viewer->next_gone = live->gone;
    live->gone = viewer;
}

static void gone_drop(struct cf_live *live)
{
    while (live->gone != NULL) {
        struct viewer *viewer = live->gone;
        live->gone = viewer->next_gone;
        viewer_drop(live, viewer);
    }
}

/* Reads what is not known, which is what nobody has been told of yet or what a gap made doubtful. The
 * lock is let go meanwhile; only this thread removes campaigns that are watched. */
static void totals_read(struct cf_live *live, struct watched *watched)
{
    struct cf_id campaign_id = watched->campaign_id;
    struct cf_buf json;
    cf_buf_init(&json, JSON_SIZE_MAX);
    pthread_mutex_unlock(&live->mutex);
    enum cf_status status = live->read(live->context, &campaign_id, &json);
    pthread_mutex_lock(&live->mutex);
    if (status == CF_OK && !cf_bytes_equal(cf_buf_bytes(&json), cf_buf_bytes(&watched->json))) {
        cf_buf_clean_up(&watched->json);
        watched->json = json;
        watched->dirty = true;
    } else {
        cf_buf_clean_up(&json);
    }
    watched->known = status == CF_OK;
}

static void fresh_serve(struct cf_live *live, struct cf_buf *message)
{
    while (live->fresh_count > 0) {
        struct viewer *viewer = live->fresh[--live->fresh_count];
        for (size_t i = 0; i < viewer->count; i++) {
            struct watched *watched = viewer->campaigns[i];
            if (!watched->known)
                totals_read(live, watched);
            if (!watched->known)
                continue;
            message_make(watched, message);
            viewer_send(live, viewer, cf_buf_bytes(message));
            if (watched->viewer_count == 1)
                watched->dirty = false; /* all of its viewers have it */
        }
    }
}

static void dirty_flush(struct cf_live *live, struct cf_buf *message)
{
    for (size_t bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        for (struct watched *watched = live->buckets[bucket]; watched != NULL;
             watched = watched->next) {
            if (!watched->known)
                totals_read(live, watched);
            if (!watched->dirty)
                continue;
            watched->dirty = false;
            message_make(watched, message);
            for (size_t i = 0; i < watched->viewer_count; i++)
                viewer_send(live, watched->viewers[i], cf_buf_bytes(message));
        }
    }
}

/* Each viewer once: by the first of its campaigns. */
static void all_ping(struct cf_live *live)
{
    for (size_t bucket = 0; bucket < BUCKET_COUNT; bucket++)
        for (struct watched *watched = live->buckets[bucket]; watched != NULL;
             watched = watched->next)
            for (size_t i = 0; i < watched->viewer_count; i++)
                if (watched->viewers[i]->campaigns[0] == watched)
                    viewer_send(live, watched->viewers[i], CF_BYTES_LITERAL(": ping\n\n"));
}

/* ---- Hearing ---- */

static void all_doubt(struct cf_live *live)
{
    pthread_mutex_lock(&live->mutex);
    for (size_t bucket = 0; bucket < BUCKET_COUNT; bucket++)
        for (struct watched *watched = live->buckets[bucket]; watched != NULL;
             watched = watched->next)
            watched->known = false;
    pthread_mutex_unlock(&live->mutex);
}

static void totals_take(struct cf_live *live, struct cf_bytes id_text, struct cf_bytes payload)
{
    struct cf_id campaign_id;
    int64_t sequence = 0;
    int64_t before = 0;
    struct cf_bytes json;
    if (cf_id_parse(id_text, &campaign_id) != CF_OK ||
        cf_feed_read(payload, &sequence, &before, &json, NULL) != CF_OK)
        return;
    pthread_mutex_lock(&live->mutex);
    struct watched *watched = watched_find(live, &campaign_id);
    if (watched != NULL && sequence >= watched->sequence) {
        cf_buf_clear(&watched->json);
        watched->known = cf_buf_append(&watched->json, json) == CF_OK;
        watched->dirty = watched->known;
        watched->sequence = sequence;
    }
    pthread_mutex_unlock(&live->mutex);
}

static void news_take(struct cf_live *live, const struct cf_bus_news *news)
{
    if (strncmp(news->topic, "totals:", 7) == 0)
        totals_take(live, cf_bytes_from_text(news->topic + 7), news->payload);
    live->hear(live->context, news->topic);
}

static void *live_run(void *argument)
{
    struct cf_live *live = argument;
    struct cf_buf message;
    cf_buf_init(&message, JSON_SIZE_MAX + 128);
    int64_t doubted_ms = monotonic_ms();
    int64_t flushed_ms = doubted_ms;
    int64_t pinged_ms = doubted_ms;
    for (;;) {
        struct cf_bus_news news;
        int64_t wait_ms = flushed_ms + CF_LIVE_COALESCE_MS - monotonic_ms();
        enum cf_status status =
            cf_bus_subscriber_receive(live->feed, wait_ms > 0 ? (int)wait_ms : 0, &news);
        int64_t now_ms = monotonic_ms();
        if (status == CF_OK) {
            news_take(live, &news);
        } else if (status != CF_TIMEOUT) {
            break;
        }
        if (now_ms - doubted_ms >= DOUBT_MS) {
            doubted_ms = now_ms;
            all_doubt(live);
        }
        if (now_ms - flushed_ms < CF_LIVE_COALESCE_MS)
            continue;
        flushed_ms = now_ms;
        pthread_mutex_lock(&live->mutex);
        fresh_serve(live, &message);
        dirty_flush(live, &message);
        if (now_ms - pinged_ms >= CF_LIVE_PING_MS) {
            pinged_ms = now_ms;
            all_ping(live);
        }
        gone_drop(live);
        pthread_mutex_unlock(&live->mutex);
    }
    cf_buf_clean_up(&message);
    return NULL;
}

/* ---- From outside ---- */

enum cf_status cf_live_open(const struct cf_live_options *options, struct cf_live **ret_live,
                            struct cf_fault *reterr_fault)
{
    struct cf_live *live = calloc(1, sizeof *live);
    if (live == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for live progress");
    live->read = options->read;
    live->hear = options->hear;
    live->context = options->context;
    pthread_mutex_init(&live->mutex, NULL);
    enum cf_status status = cf_bus_subscriber_open(options->feed_url, &live->feed, reterr_fault);
    if (status == CF_OK)
        status = cf_bus_subscriber_subscribe(live->feed, "");
    if (status == CF_OK && pthread_create(&live->thread, NULL, live_run, live) != 0)
        status =
            cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "no thread for live progress");
    if (status != CF_OK) {
        cf_bus_subscriber_close(live->feed);
        pthread_mutex_destroy(&live->mutex);
        free(live);
        return status;
    }
    *ret_live = live;
    return CF_OK;
}

void cf_live_close(struct cf_live *live)
{
    if (live == NULL)
        return;
    cf_bus_subscriber_interrupt(live->feed);
    pthread_join(live->thread, NULL);
    pthread_mutex_lock(&live->mutex);
    live->closing = true;
    for (size_t bucket = 0; bucket < BUCKET_COUNT; bucket++)
        while (live->buckets[bucket] != NULL)
            viewer_drop(live, live->buckets[bucket]->viewers[0]);
    pthread_mutex_unlock(&live->mutex);
    cf_bus_subscriber_close(live->feed);
    free(live->fresh);
    pthread_mutex_destroy(&live->mutex);
    free(live);
}

struct cf_live_figures cf_live_figures(struct cf_live *live)
{
    pthread_mutex_lock(&live->mutex);
    struct cf_live_figures figures = {.viewers = live->viewer_count, .messages = live->messages};
    pthread_mutex_unlock(&live->mutex);
    return figures;
}

/* Ties a viewer into the graph. */
static bool viewer_join(struct cf_live *live, struct viewer *viewer, const struct cf_id *ids,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct watched *watched = watched_make(live, &ids[i]);
        if (watched == NULL)
            return false;
        if (!viewers_append(&watched->viewers, &watched->viewer_count, &watched->viewer_capacity,
                            viewer)) {
            if (watched->viewer_count == 0)
                watched_drop(live, watched);
            return false;
        }
        viewer->campaigns[viewer->count++] = watched;
    }
    return viewers_append(&live->fresh, &live->fresh_count, &live->fresh_capacity, viewer);
}

enum cf_status cf_live_watch(struct cf_live *live, struct cf_http_request *request,
                             const struct cf_id *campaign_ids, size_t count)
{
    CF_ASSERT(count >= 1 && count <= CF_LIVE_CAMPAIGNS_MAX);
    struct viewer *viewer = calloc(1, sizeof *viewer + count * sizeof viewer->campaigns[0]);
    if (viewer == NULL)
        return CF_NO_MEMORY;

    pthread_mutex_lock(&live->mutex);
    enum cf_status status = CF_RETRY;
    if (!live->closing && live->viewer_count < VIEWER_COUNT_MAX) {
        static const struct cf_http_header headers[] = {{"Content-Type", "text/event-stream"},
                                                        {"Cache-Control", "no-store"},
                                                        {"X-Accel-Buffering", "no"}};
        status = cf_http_stream_open(
            request,
            &(struct cf_http_response){.status = 200, .headers = headers, .header_count = 3},
            CF_LIVE_BUFFER_MAX, &viewer->stream);
    }
    if (status != CF_OK) {
        free(viewer);
    } else {
        live->viewer_count++;
        if (!viewer_join(live, viewer, campaign_ids, count))
            viewer_drop(live, viewer); /* out of memory: the client comes back by itself */
    }
    pthread_mutex_unlock(&live->mutex);
    return status;
}
