/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_STATE_H
#define CF_EVENTSTORE_STATE_H

/*
 * The state: everything that is derived from the log and from nothing else, as deciding and reading
 * need it. It never waits for the disk; what a crash takes away comes back from the log.
 *
 * Live and in a rebuild the same cf_state_apply writes it, record by record, in batches:
 *
 *     cf_state_begin, then for each command: cf_state_next_command, decide on cf_state_book,
 *     cf_state_apply for each record of what was accepted; then cf_state_prepare, cf_log_append,
 *     cf_state_commit
 *
 * Opening brings it up to the log's head. It is thrown away and made again (from its last copy, if
 * that is good) when its layout differs, when its sequence or root is no prefix of the log, or when
 * the machine stopped uncleanly, since then any of its pages may be torn.
 *
 * Threads: one thread writes; any number read through views, which see the last commit.
 */

#include "core/aggregate/book.h"
#include "core/event/record.h"
#include "eventstore/log.h"

struct cf_state;
struct cf_state_view;

/* Raise when a table's layout changes; rows have a version of their own in book.h. */
#define CF_STATE_LAYOUT_VERSION 3

/* What an event does to the rows: cf_fold (core/fold.h), or a test's own. */
typedef enum cf_status cf_state_evolve_fn(struct cf_book *book, const struct cf_record *record,
                                          const struct cf_event *event,
                                          struct cf_fault *reterr_fault);

/* The tables fall into two halves that know nothing of each other, so that two threads can make them.
 * A half is for looking at: closing it does not bring it to the disk. */
enum cf_state_half {
    CF_STATE_WHOLE,
    CF_STATE_INDEXES, /* streams, subjects, idempotency keys: follow from the records' envelopes */
    CF_STATE_BOOK,    /* everything that evolve writes */
};

struct cf_state_options {
    const char *directory;      /* borrowed for the call */
    struct cf_log *log;         /* borrowed for the call */
    cf_state_evolve_fn *evolve; /* NULL: cf_fold */
    enum cf_state_half half;    /* for verify: make only this half of the tables */
    uint64_t sequence_max;      /* stop catching up there; 0: at the head */
    const char *boot_id;        /* names this run of the machine; NULL: ask the kernel */
    uint64_t step_size;         /* as in lmdb_env.h */
    uint64_t reserve_size;      /* likewise */
    uint64_t copy_every;        /* so many records are worth a copy (cf_state_idle); 0: none */
    _Atomic uint64_t *progress; /* gets the newest replayed sequence; may be NULL */
};

/* How a state came up to date. */
struct cf_state_start {
    const char
        *discarded;    /* why the state that was there was thrown away; NULL: it was not. Static */
    bool from_copy;    /* its last copy was good */
    uint64_t replayed; /* records applied since */
};

CF_MUST_CHECK enum cf_status cf_state_open(const struct cf_state_options *options,
                                           struct cf_state **ret_state,
                                           struct cf_state_start *ret_start,
                                           struct cf_fault *reterr_fault);
/* Opens what is there, as it is, beside its writer or after it; for views and comparing. NOT_FOUND
 * without one; DENIED when it cannot be trusted, because the machine stopped while it was open;
 * UNSUPPORTED when its layout is that of another version: the writer's next start makes it again. */
CF_MUST_CHECK enum cf_status cf_state_open_to_read(const char *directory,
                                                   struct cf_state **ret_state,
                                                   struct cf_fault *reterr_fault);
/* Opens the last copy of the state in `directory`, likewise. A copy is whole wherever there is one;
 * else NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_state_open_copy_to_read(const char *directory,
                                                        struct cf_state **ret_state,
                                                        struct cf_fault *reterr_fault);
/* Leaves the mark of a clean end. Accepts NULL. */
void cf_state_close(struct cf_state *state);
CF_SCOPE_DEFINE(struct cf_state *, cf_state_close)

/* The newest record in it, and the log's root there. */
uint64_t cf_state_sequence(const struct cf_state *state);

/* A copy that a later start can begin from; beside running reads and writes, from any thread. */
CF_MUST_CHECK enum cf_status cf_state_copy(struct cf_state *state, struct cf_fault *reterr_fault);

/* The writing thread has nothing to do: a good moment for a copy, should one be due. It is made in a
 * thread of its own, and takes the disk for seconds from whoever waits for it; so, under a load that
 * never ends, copies are made sixteen times less often. */
void cf_state_idle(struct cf_state *state);

/* ---- One batch ---- */

/* Begins a batch that will apply about `record_count` records. NO_SPACE on a full disk. */
CF_MUST_CHECK enum cf_status cf_state_begin(struct cf_state *state, size_t record_count,
                                            struct cf_fault *reterr_fault);

/* The book of the open batch; borrowed until it ends. */
struct cf_book *cf_state_book(struct cf_state *state);

/* Between two commands of a batch: no row that the book has returned is held any more. What a batch
 * remembers then stays few enough to be near the processor, however many commands it is of. */
CF_MUST_CHECK enum cf_status cf_state_next_command(struct cf_state *state,
                                                   struct cf_fault *reterr_fault);

/* What a stream's next record and a subject's next link must say: 0 for one that is new. */
uint32_t cf_state_stream_version(struct cf_state *state, const struct cf_id *stream);
uint64_t cf_state_subject_newest(struct cf_state *state, const struct cf_id *subject,
                                 uint64_t *ret_count);

/* The first record of the command that was accepted under this key; 0: the key is free. The record
 * says which command it was and what its fields held; its further records follow it. */
uint64_t cf_state_accepted(struct cf_state *state, const struct cf_id *actor, struct cf_bytes key);

/* Timers due at or before `until_us`, earliest first; returns how many, at most count_max. */
struct cf_state_timer {
    int64_t due_us;
    struct cf_id subject;
    enum cf_timer timer;
};
size_t cf_state_timers(struct cf_state *state, int64_t until_us, struct cf_state_timer *ret_timers,
                       size_t count_max);
bool cf_state_requests_any(struct cf_state *state);

/* Applies the next record. CORRUPT where its sequence, stream version or back-link does not follow
 * from the ones before, or evolve refuses it. After a failure the batch can only be aborted. */
CF_MUST_CHECK enum cf_status cf_state_apply(struct cf_state *state, const struct cf_record *record,
                                            const struct cf_event *event,
                                            struct cf_fault *reterr_fault);

/* Writes the batch as far as it can fail, before the log is asked to keep it. */
CF_MUST_CHECK enum cf_status cf_state_prepare(struct cf_state *state,
                                              struct cf_fault *reterr_fault);
/* Commits; `root` is the log's root at the newest record applied. */
CF_MUST_CHECK enum cf_status cf_state_commit(struct cf_state *state, const struct cf_hash *root,
                                             struct cf_fault *reterr_fault);
/* Ends the batch without a trace. */
void cf_state_abort(struct cf_state *state);

/* ---- Views ---- */

CF_MUST_CHECK enum cf_status cf_state_view_begin(struct cf_state *state,
                                                 struct cf_state_view **ret_view,
                                                 struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_state_view_end(struct cf_state_view *view);
CF_SCOPE_DEFINE(struct cf_state_view *, cf_state_view_end)

/* The newest record that the view has seen, and the log's root there. */
uint64_t cf_state_view_sequence(const struct cf_state_view *view);
const struct cf_hash *cf_state_view_root(const struct cf_state_view *view);

/* Sequences of a stream's records from `version` on. */
CF_MUST_CHECK enum cf_status cf_state_view_stream(struct cf_state_view *view,
                                                  const struct cf_id *stream, uint32_t version,
                                                  uint64_t *ret_sequences, size_t count_max,
                                                  size_t *ret_count, struct cf_fault *reterr_fault);
/* NOT_FOUND for a subject that no record names. */
CF_MUST_CHECK enum cf_status cf_state_view_subject(struct cf_state_view *view,
                                                   const struct cf_id *subject,
                                                   uint64_t *ret_newest, uint64_t *ret_count,
                                                   struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_state_view_lookup(struct cf_state_view *view, uint32_t kind,
                                                  struct cf_bytes name, struct cf_id *ret_id,
                                                  struct cf_fault *reterr_fault);
/* The next outside name of that kind behind `name`, as a text of at most size − 1 bytes; longer ones, and
 * those with a NUL, are passed over. NOT_FOUND behind the last. */
CF_MUST_CHECK enum cf_status cf_state_view_name_behind(struct cf_state_view *view, uint32_t kind,
                                                       struct cf_bytes name, char *ret_name,
                                                       size_t size, struct cf_fault *reterr_fault);
/* The timers that are due first, in order of time. */
CF_MUST_CHECK enum cf_status cf_state_view_timers(struct cf_state_view *view,
                                                  struct cf_state_timer *ret_timers,
                                                  size_t count_max, size_t *ret_count,
                                                  struct cf_fault *reterr_fault);
/* Open requests asked for after `sequence`, oldest first. */
struct cf_state_request {
    uint64_t sequence;
    enum cf_request kind;
    struct cf_id subject;
};
CF_MUST_CHECK enum cf_status cf_state_view_requests(struct cf_state_view *view, uint64_t sequence,
                                                    struct cf_state_request *ret_requests,
                                                    size_t count_max, size_t *ret_count,
                                                    struct cf_fault *reterr_fault);

#endif
