/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_STATE_PRIVATE_H
#define CF_EVENTSTORE_STATE_PRIVATE_H

/* What the files of the state share. For eventstore/state*.c alone. */

#include "eventstore/state.h"

#include <pthread.h>
#include <stdatomic.h>

#include "eventstore/state_book.h"
#include "eventstore/state_tables.h"

/* Row "applied" of the table meta. */
struct cf_state_applied {
    uint64_t sequence;
    struct cf_hash root;
    uint32_t layout_version;
    uint32_t book_layout_version;
};

/* Row of the table subjects. */
struct cf_state_subject {
    uint64_t newest;
    uint64_t count;
};

struct cf_state {
    struct cf_tables store;
    struct cf_state_book book;
    cf_state_evolve_fn *evolve;
    enum cf_state_half half;
    char *directory;         /* owned; NULL for a state that was only opened to be looked at */
    uint64_t sequence;       /* committed */
    uint64_t sequence_batch; /* applied in the open batch */

    /* Actor and key that were asked for last, since they are mostly bound next, and their hash. */
    uint8_t asked[CF_ID_SIZE + CF_IDEMPOTENCY_KEY_SIZE_MAX];
    size_t asked_size; /* 0: none yet */
    uint8_t asked_hash[CF_SHORT_HASH_SIZE];

    /* The stream whose version was asked for last: mostly a record of it comes next. */
    struct cf_id stream;
    uint32_t stream_version;
    bool stream_known; /* in the open batch */

    uint64_t copy_every; /* 0: no copies */
    uint64_t copied;     /* where the last copy began */
    bool copy_started;   /* copier must be joined */
    _Atomic bool copying;
    pthread_t copier;
};

/* A file of the state's directory. */
struct cf_state_path {
    char text[4096];
};
struct cf_state_path cf_state_path_of(const char *directory, const char *name);
/* Good, too, where it is there. */
CF_MUST_CHECK enum cf_status cf_state_make_directory(const char *path,
                                                     struct cf_fault *reterr_fault);

/* Puts the last copy in the state's place. NOT_FOUND where there is none. */
CF_MUST_CHECK enum cf_status cf_state_copy_restore(const char *directory,
                                                   struct cf_fault *reterr_fault);
/* Begins a copy after so many records since the last, where none is under way. */
void cf_state_copy_after(struct cf_state *state, uint64_t record_count);
/* Waits for the copy that is under way. */
void cf_state_copy_finish(struct cf_state *state);

/* A key of the table timers_due. */
#define CF_STATE_TIMER_KEY_SIZE (8 + CF_ID_SIZE + 1)
static inline struct cf_state_timer cf_state_timer_of_key(struct cf_bytes key)
{
    struct cf_state_timer timer = {.due_us = (int64_t)cf_tables_key_number(key, 0, 8),
                                   .timer = (enum cf_timer)key.data[8 + CF_ID_SIZE]};
    memcpy(timer.subject.bytes, key.data + 8, CF_ID_SIZE);
    return timer;
}

/* Reads the applied row; zeroes for a fresh store. CORRUPT. */
CF_MUST_CHECK enum cf_status cf_state_applied_read(struct cf_tables *store, struct cf_lmdb_txn *txn,
                                                   struct cf_state_applied *ret_applied,
                                                   struct cf_fault *reterr_fault);

struct cf_state_view {
    struct cf_state *state;
    struct cf_lmdb_txn *txn;
    struct cf_state_applied applied;
};

/* The mark: a file that says whether the machine stopped while the state was open. */
CF_MUST_CHECK enum cf_status cf_state_mark_write(const char *directory, const char *mark,
                                                 struct cf_fault *reterr_fault);
#define CF_STATE_MARK_CLEAN "clean"
#define CF_STATE_MARK_SIZE 64

#endif
