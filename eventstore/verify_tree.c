/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes and tree. The log is cut into chunks of a power of two, which the threads take in order:
 * each chunk is a complete subtree, so its nodes up to its root depend on its own records alone.
 * What lies above the chunks is few nodes, and checked at the end.
 */
#include "core/base/assert.h"
#include "eventstore/verify_private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CHUNK_LEVEL 13
#define CHUNK_SIZE ((uint64_t)1 << CHUNK_LEVEL)
#define THREADS_MAX 64

struct job {
    struct cf_log *log;
    struct cf_verify_shared *shared;
    struct cf_verify_rotations *rotations;
    uint64_t size;
    struct cf_hash *roots; /* of whole chunks */
    _Atomic uint64_t next_chunk;
    _Atomic bool stop;
    pthread_mutex_t lock; /* over report and rotations */
};

static void find(struct job *job, enum cf_verify_verdict verdict, uint64_t sequence,
                 const char *text)
{
    pthread_mutex_lock(&job->lock);
    cf_verify_find(&job->shared->report, verdict, sequence, "%s", text);
    pthread_mutex_unlock(&job->lock);
    /* Chunks are taken in order: an earlier finding can only come from one that is under way. */
    atomic_store(&job->stop, true);
}

static void note_rotation(struct job *job, uint64_t sequence)
{
    pthread_mutex_lock(&job->lock);
    struct cf_verify_rotations *rotations = job->rotations;
    if (rotations->count == CF_VERIFY_ROTATIONS_MAX) {
        cf_verify_find(&job->shared->report, CF_VERIFY_UNVERIFIABLE, sequence,
                       "more key rotations than this program follows");
    } else {
        size_t at = rotations->count++;
        for (; at > 0 && rotations->sequences[at - 1] > sequence; at--)
            rotations->sequences[at] = rotations->sequences[at - 1];
        rotations->sequences[at] = sequence;
    }
    pthread_mutex_unlock(&job->lock);
}

/* False ends the chunk. */
static bool check_entry(struct job *job, const struct cf_log_entry *entry, uint64_t expected,
                        struct cf_frontier *frontier)
{
    if (entry->sequence != expected) {
        find(job, CF_VERIFY_TRUNCATED, expected, "the record is missing");
        return false;
    }
    struct cf_hash leaf, nodes[CF_TREE_LEVELS + 1];
    cf_hash_leaf(entry->record, &leaf);
    if (!cf_hash_equal(&leaf, &entry->nodes[0])) {
        find(job, CF_VERIFY_TAMPERED, expected, "the record does not have its leaf's hash");
        return false;
    }
    unsigned count = cf_tree_completed_count(frontier->size);
    cf_frontier_append(frontier, &leaf, nodes);
    if (memcmp(nodes, entry->nodes, count * sizeof nodes[0]) != 0) {
        find(job, CF_VERIFY_TAMPERED, expected, "a node of the tree stored beside it is wrong");
        return false;
    }
    uint64_t sequence, number;
    if (!cf_record_front(entry->record, &sequence, &number) || sequence != expected) {
        find(job, CF_VERIFY_TAMPERED, expected, "the record says that it is another one");
        return false;
    }
    if (number == CF_EVENT_KEY_ROTATED)
        note_rotation(job, expected);
    return true;
}

static void check_chunk(struct job *job, struct cf_log_view *view, uint64_t chunk)
{
    uint64_t first = chunk * CHUNK_SIZE + 1, end = first + CHUNK_SIZE;
    if (end > job->size + 1)
        end = job->size + 1;
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    struct cf_fault fault = {0};
    struct cf_frontier frontier = {0};
    enum cf_status status = cf_log_walk_begin(view, chunk == 0 ? 0 : first, &walk, &fault);
    for (uint64_t expected = first; expected < end && status == CF_OK; expected++) {
        struct cf_log_entry entry = {.sequence = expected};
        status = cf_log_walk_next(walk, &entry, &fault);
        if (status == CF_CORRUPT && entry.sequence <= expected)
            find(job, CF_VERIFY_TAMPERED, expected, fault.text);
        else if (status != CF_OK)
            find(job, CF_VERIFY_TRUNCATED, expected,
                 status == CF_NOT_FOUND ? "the record is missing" : fault.text);
        else if (!check_entry(job, &entry, expected, &frontier))
            return;
    }
    if (frontier.size == CHUNK_SIZE)
        job->roots[chunk] = frontier.nodes[CHUNK_LEVEL];
    atomic_fetch_add(&job->shared->done, frontier.size);
}

static void *work(void *context)
{
    struct job *job = context;
    uint64_t chunks = (job->size + CHUNK_SIZE - 1) / CHUNK_SIZE;
    struct cf_fault fault = {0};
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    if (cf_log_view_begin(job->log, &view, &fault) != CF_OK) {
        find(job, CF_VERIFY_UNREADABLE, 0, fault.text);
        return NULL;
    }
    while (!atomic_load(&job->stop)) {
        uint64_t chunk = atomic_fetch_add(&job->next_chunk, 1);
        if (chunk >= chunks)
            break;
        check_chunk(job, view, chunk);
    }
    return NULL;
}

/* The nodes above the chunks' roots. */
static void check_top(struct job *job, struct cf_log_view *view)
{
    struct cf_frontier frontier = {0};
    for (uint64_t chunk = 0; chunk < job->size / CHUNK_SIZE; chunk++) {
        struct cf_hash nodes[CF_TREE_LEVELS + 1];
        unsigned count = cf_tree_completed_count(chunk);
        cf_frontier_append(&frontier, &job->roots[chunk], nodes);
        uint64_t sequence = (chunk + 1) * CHUNK_SIZE;
        struct cf_log_entry entry;
        struct cf_fault fault = {0};
        if (cf_log_view_entry(view, sequence, &entry, &fault) != CF_OK)
            find(job, CF_VERIFY_TRUNCATED, sequence, "the record is missing");
        else if (memcmp(nodes, entry.nodes + CHUNK_LEVEL, count * sizeof nodes[0]) != 0)
            find(job, CF_VERIFY_TAMPERED, sequence, "a node of the tree stored beside it is wrong");
        if (atomic_load(&job->stop))
            return;
    }
}

void cf_verify_tree(struct cf_log *log, unsigned thread_count, struct cf_verify_shared *shared,
                    struct cf_verify_rotations *ret_rotations)
{
    CF_ASSERT(thread_count > 0 && thread_count <= THREADS_MAX);
    struct cf_fault fault = {0};
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    if (cf_log_view_begin(log, &view, &fault) != CF_OK) {
        cf_verify_find(&shared->report, CF_VERIFY_TRUNCATED, 0, "%s", fault.text);
        return;
    }
    struct job job = {
        .log = log, .shared = shared, .rotations = ret_rotations, .size = cf_log_view_size(view)};
    shared->report.size = job.size;
    ret_rotations->count = 0;
    atomic_store(&shared->phase, "bytes and tree");
    atomic_store(&shared->done, 0);
    atomic_store(&shared->total, job.size);
    CF_CLEANUP(cf_scope_free)
    struct cf_hash *roots = calloc(job.size / CHUNK_SIZE + 1, sizeof *roots);
    if (roots == NULL) {
        cf_verify_find(&shared->report, CF_VERIFY_UNREADABLE, 0, "no memory");
        return;
    }
    job.roots = roots;
    pthread_mutex_init(&job.lock, NULL);
    pthread_t threads[THREADS_MAX];
    unsigned started = 0;
    while (started + 1 < thread_count && pthread_create(&threads[started], NULL, work, &job) == 0)
        started++;
    work(&job);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (!atomic_load(&job.stop))
        check_top(&job, view);
    pthread_mutex_destroy(&job.lock);
}
