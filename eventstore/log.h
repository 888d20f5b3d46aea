/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_LOG_H
#define CF_EVENTSTORE_LOG_H

/*
 * The log: records numbered from 1, appended and never changed, with their Merkle tree beside them.
 *
 * A record is opaque bytes here, 1 to 65,535 of them; what is stored is what is hashed. Leaf index
 * is sequence − 1. One append is one durable transaction. A log has one writer at a time; the lock
 * is the file writer.lock, held as long as the log is open for writing.
 *
 * A failed commit has an unknown outcome. The log then refuses everything further (status IO), and
 * its process must exit, start again and look at what is there. Every other failure of an append
 * leaves the log as it was.
 *
 * Threads: one appends; any number read, each through its own view. A view is a snapshot: it sees
 * the log as of its beginning. Keep views short, since the map grows only between them.
 */

#include "core/base/scope.h"
#include "core/event/record.h"
#include "eventstore/tree.h"

#define CF_LOG_FORMAT 1
#define CF_ORIGIN_SIZE_MAX 128
#define CF_CHECKPOINT_SIZE_MAX 16384

struct cf_log;
struct cf_log_view;
struct cf_log_walk;

/* Frozen: stored. */
enum cf_log_clock {
    CF_LOG_CLOCK_REAL = 1,
    CF_LOG_CLOCK_SIMULATED = 2,
};

/* Fixed when the log is made. */
struct cf_log_genesis {
    char origin[CF_ORIGIN_SIZE_MAX + 1];
    enum cf_log_clock clock;
    uint8_t key[CF_SIGN_PUBLIC_SIZE]; /* the checkpoint key it began with */
};

struct cf_log_options {
    const char *directory; /* borrowed for the call */
    const struct cf_log_genesis
        *create; /* makes the log if it is not there; NULL: it must be there */
    bool read_only;
    uint64_t step_size;    /* as in lmdb_env.h */
    uint64_t reserve_size; /* likewise */
};

/* One stored record; the bytes live until the view ends. */
struct cf_log_entry {
    uint64_t sequence;
    struct cf_bytes record;
    const struct cf_hash *nodes; /* cf_tree_completed_count(sequence - 1) of them, the leaf first */
};

/* CONFLICT when another writer has the log, NOT_FOUND when there is none and none is to be made,
 * UNSUPPORTED for a format of another version. */
CF_MUST_CHECK enum cf_status cf_log_open(const struct cf_log_options *options,
                                         struct cf_log **ret_log, struct cf_fault *reterr_fault);
/* Stores a checkpoint that still waits, as well as it can. Accepts NULL. */
void cf_log_close(struct cf_log *log);
CF_SCOPE_DEFINE(struct cf_log *, cf_log_close)

const struct cf_log_genesis *cf_log_genesis(const struct cf_log *log);

/* The sequence of the newest durable record, which is also the tree's size; 0 for an empty log. */
uint64_t cf_log_head(const struct cf_log *log);
/* Size and complete subtrees at the head; for the writing thread only. Borrowed until it appends.
 */
const struct cf_frontier *cf_log_frontier(const struct cf_log *log);

/* Appends `count` records durably, all or none; the first gets sequence head + 1. NO_SPACE when the
 * disk reserve is reached, INVALID for a record of a wrong size. See above for a failed commit. */
CF_MUST_CHECK enum cf_status cf_log_append(struct cf_log *log, const struct cf_bytes *records,
                                           size_t count, struct cf_fault *reterr_fault);
/* True once a commit has failed: exit and recover. */
bool cf_log_failed(const struct cf_log *log);

/* Keeps a signed checkpoint (or one with more cosignatures) for a durable size; it is stored with
 * the next append, or at close. Where one for another size still waits, that is flushed first. */
CF_MUST_CHECK enum cf_status cf_log_checkpoint_keep(struct cf_log *log, uint64_t size,
                                                    struct cf_bytes note,
                                                    struct cf_fault *reterr_fault);
/* Stores what waits now, in a transaction of its own. */
CF_MUST_CHECK enum cf_status cf_log_checkpoint_flush(struct cf_log *log,
                                                     struct cf_fault *reterr_fault);

/* Copies a record out. NOT_FOUND past the head. */
CF_MUST_CHECK enum cf_status cf_log_read(struct cf_log *log, uint64_t sequence,
                                         struct cf_buf *ret_record, struct cf_fault *reterr_fault);

CF_MUST_CHECK enum cf_status cf_log_view_begin(struct cf_log *log, struct cf_log_view **ret_view,
                                               struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_log_view_end(struct cf_log_view *view);
CF_SCOPE_DEFINE(struct cf_log_view *, cf_log_view_end)

/* The head as of the view. */
uint64_t cf_log_view_size(const struct cf_log_view *view);

/* NOT_FOUND past the size or before 1; CORRUPT when the stored row has a wrong shape. */
CF_MUST_CHECK enum cf_status cf_log_view_entry(struct cf_log_view *view, uint64_t sequence,
                                               struct cf_log_entry *ret_entry,
                                               struct cf_fault *reterr_fault);

/* CORRUPT unless the pages of the log's file hang together (lmdb_pages.h). */
CF_MUST_CHECK enum cf_status cf_log_check_pages(struct cf_log *log, struct cf_fault *reterr_fault);

/* The view's complete nodes, for tree.h; borrowed from the view. A missing one is CORRUPT. */
struct cf_tree_source cf_log_view_tree(struct cf_log_view *view);

/* The newest stored checkpoint of a size in [size_min, size_max]; borrowed from the view. */
CF_MUST_CHECK enum cf_status cf_log_view_checkpoint(struct cf_log_view *view, uint64_t size_min,
                                                    uint64_t size_max, uint64_t *ret_size,
                                                    struct cf_bytes *ret_note,
                                                    struct cf_fault *reterr_fault);
/* The oldest stored checkpoint of at least `size_min`. */
CF_MUST_CHECK enum cf_status cf_log_view_checkpoint_after(struct cf_log_view *view,
                                                          uint64_t size_min, uint64_t *ret_size,
                                                          struct cf_bytes *ret_note,
                                                          struct cf_fault *reterr_fault);

CF_MUST_CHECK enum cf_status cf_log_view_checkpoint_count(struct cf_log_view *view,
                                                          uint64_t *ret_count,
                                                          struct cf_fault *reterr_fault);

/* Walks the rows in order from `sequence` on, whatever is there: a sequence may be missing, which
 * is for the caller to notice. Ends before the view. */
CF_MUST_CHECK enum cf_status cf_log_walk_begin(struct cf_log_view *view, uint64_t sequence,
                                               struct cf_log_walk **ret_walk,
                                               struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_log_walk_end(struct cf_log_walk *walk);
CF_SCOPE_DEFINE(struct cf_log_walk *, cf_log_walk_end)
/* NOT_FOUND at the end. On CORRUPT the entry's sequence is set and the walk can go on. */
CF_MUST_CHECK enum cf_status cf_log_walk_next(struct cf_log_walk *walk,
                                              struct cf_log_entry *ret_entry,
                                              struct cf_fault *reterr_fault);

#endif
