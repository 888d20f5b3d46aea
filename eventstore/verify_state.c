/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state, made again from the records and held against the live one. Its two halves (state.h) know
 * nothing of each other, so each has a thread of its own, its own view of the live state and its own
 * scratch directory, from the first record to the last compared row.
 */
#include "eventstore/verify_private.h"

#include "eventstore/state_compare.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

struct job {
    struct cf_log *log;
    const struct cf_verify_options *options;
    struct cf_verify_shared *shared;
    struct cf_state *live; /* NULL: there is none to compare with */
    pthread_mutex_t lock;  /* over the report */
};

struct half {
    struct job *job;
    enum cf_state_half which;
    struct cf_state_view *seen; /* of the live state; NULL: there is none */
    uint64_t sequence;          /* that it has seen */
    _Atomic uint64_t *progress;
    bool replayed; /* to the log's end */
};

static void find(struct job *job, enum cf_verify_verdict verdict, uint64_t sequence,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

static void find(struct job *job, enum cf_verify_verdict verdict, uint64_t sequence,
                 const char *format, ...)
{
    char finding[sizeof job->shared->report.finding];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding, sizeof finding, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&job->lock);
    cf_verify_find(&job->shared->report, verdict, sequence, "%s", finding);
    pthread_mutex_unlock(&job->lock);
}

/* Makes the half again up to `sequence_max`; its own checks find wrong links and versions. */
static struct cf_state *rebuild(struct half *half, uint64_t sequence_max)
{
    struct job *job = half->job;
    char directory[4096];
    snprintf(directory, sizeof directory, "%s/%s", job->options->scratch_directory,
             half->which == CF_STATE_BOOK ? "book" : "indexes");
    const struct cf_state_options options = {
        .directory = directory,
        .log = job->log,
        .evolve = job->options->evolve,
        .half = half->which,
        .sequence_max = sequence_max,
        .progress = half->progress,
    };
    struct cf_state *rebuilt = NULL;
    struct cf_state_start start;
    struct cf_fault fault = {0};
    enum cf_status status = cf_state_open(&options, &rebuilt, &start, &fault);
    if (status == CF_OK)
        return rebuilt;
    bool refused = status == CF_CORRUPT || status == CF_UNSUPPORTED;
    find(job, refused ? CF_VERIFY_TAMPERED : CF_VERIFY_UNREADABLE,
         refused ? atomic_load(half->progress) + 1 : 0, "replay stops: %s (%s)", fault.text,
         fault.detail);
    return NULL;
}

/* The state remembers the root of what it was made from. */
static bool check_root(struct half *half)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    struct job *job = half->job;
    struct cf_verify_report *report = &job->shared->report;
    struct cf_hash root;
    struct cf_fault fault = {0};
    if (cf_log_view_begin(job->log, &view, &fault) != CF_OK ||
        cf_tree_root(cf_log_view_tree(view), half->sequence, &root, &fault) != CF_OK) {
        find(job, CF_VERIFY_TRUNCATED, 0, "%s", fault.text);
        return false;
    }
    if (cf_hash_equal(&root, cf_state_view_root(half->seen)))
        return true;
    find(job, CF_VERIFY_TAMPERED, report->signed_size + 1,
         "the first %llu records are not those that the state was made from; the first %llu are "
         "as signed",
         (unsigned long long)half->sequence, (unsigned long long)report->signed_size);
    return false;
}

static bool compare(struct half *half, struct cf_state *rebuilt)
{
    struct job *job = half->job;
    struct cf_state_difference difference;
    struct cf_fault fault = {0};
    if (cf_state_compare(half->seen, rebuilt, &difference, &fault) != CF_OK) {
        find(job, CF_VERIFY_TRUNCATED, 0, "the state cannot be walked: %s", fault.text);
        return false;
    }
    pthread_mutex_lock(&job->lock);
    job->shared->report.state_rows += difference.rows;
    pthread_mutex_unlock(&job->lock);
    if (difference.found)
        find(job, CF_VERIFY_TAMPERED, 0,
             "the state is not what the log makes of it: table %s differs", difference.table);
    return !difference.found;
}

static void *work(void *context)
{
    struct half *half = context;
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *rebuilt = NULL;
    rebuilt = rebuild(half, half->sequence);
    if (rebuilt == NULL)
        return NULL;
    if (half->sequence != 0) {
        if (!check_root(half) || !compare(half, rebuilt))
            return NULL;
        /* Records that the live state has not seen yet are replayed behind the comparison. */
        cf_state_close(CF_TAKE(rebuilt));
        rebuilt = rebuild(half, 0);
    }
    half->replayed = rebuilt != NULL;
    return NULL;
}

/* False where nothing is left to be done. */
static bool see(struct job *job, struct half *half)
{
    struct cf_verify_report *report = &job->shared->report;
    struct cf_fault fault = {0};
    if (job->live == NULL)
        return true;
    if (cf_state_view_begin(job->live, &half->seen, &fault) != CF_OK) {
        snprintf(report->state_note, sizeof report->state_note, "the state was not compared: %s",
                 fault.text);
        return true;
    }
    half->sequence = cf_state_view_sequence(half->seen);
    if (half->sequence <= report->size)
        return true;
    cf_verify_find(report, CF_VERIFY_TRUNCATED, report->size + 1,
                   "the log was cut back: the state has seen %llu records",
                   (unsigned long long)half->sequence);
    return false;
}

static void open_live(struct job *job)
{
    struct cf_verify_report *report = &job->shared->report;
    struct cf_fault fault = {0};
    if (job->options->state_directory == NULL)
        snprintf(report->state_note, sizeof report->state_note, "there is no state to compare");
    else if (cf_state_open_to_read(job->options->state_directory, &job->live, &fault) != CF_OK)
        snprintf(report->state_note, sizeof report->state_note, "the state was not compared: %s",
                 fault.text);
}

void cf_verify_state(struct cf_log *log, const struct cf_verify_options *options,
                     struct cf_verify_shared *shared)
{
    struct job job = {.log = log, .options = options, .shared = shared};
    _Atomic uint64_t behind = 0;
    struct half book = {.job = &job, .which = CF_STATE_BOOK, .progress = &shared->done},
                indexes = {.job = &job, .which = CF_STATE_INDEXES, .progress = &behind};
    atomic_store(&shared->phase, "replay");
    atomic_store(&shared->done, 0);
    atomic_store(&shared->total, shared->report.size);
    if (mkdir(options->scratch_directory, 0700) != 0 && errno != EEXIST) {
        cf_verify_find(&shared->report, CF_VERIFY_UNREADABLE, 0, "no scratch directory: %s",
                       strerror(errno));
        return;
    }
    pthread_mutex_init(&job.lock, NULL);
    open_live(&job);
    if (see(&job, &book) && see(&job, &indexes)) {
        pthread_t thread;
        bool threaded =
            options->thread_count > 1 && pthread_create(&thread, NULL, work, &indexes) == 0;
        work(&book);
        if (threaded)
            pthread_join(thread, NULL);
        else
            work(&indexes);
        shared->report.replayed = book.replayed && indexes.replayed;
    }
    cf_state_view_end(book.seen);
    cf_state_view_end(indexes.seen);
    cf_state_close(job.live);
    pthread_mutex_destroy(&job.lock);
}
