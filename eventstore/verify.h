/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_VERIFY_H
#define CF_EVENTSTORE_VERIFY_H

/*
 * Verify: does the log still hold what was signed?
 *
 * Every stored byte is read again. Leaves and nodes are recomputed and compared with the stored
 * ones (on every core), each stored checkpoint with the root at its size and with the keys that the
 * log's own key rotations allow, each record with its stream and its subjects' back-links; the
 * state is made again in a scratch directory and compared with the live one, key for key.
 *
 * Of the file itself every word that LMDB reads is held against what LMDB writes (lmdb_pages.h). What
 * nobody reads cannot matter, and a change there is no finding: room in a page that is not used, the
 * byte that pads a row, free pages, the lock file.
 *
 * What this cannot see by itself is a log that was cut back together with its checkpoints: hand in
 * a checkpoint that was kept elsewhere. The report says how many records no checkpoint covers.
 *
 * Damaged pages can kill LMDB's walk, so cf_verify does it in a child process; a signal there is a
 * finding. Call it before the process has threads or an open log.
 */

#include "eventstore/checkpoint.h"
#include "eventstore/state.h"

enum cf_verify_verdict {
    CF_VERIFY_GOOD = 0,
    CF_VERIFY_TAMPERED,     /* stored bytes contradict each other or what was signed */
    CF_VERIFY_TRUNCATED,    /* records are missing, or the structure is damaged */
    CF_VERIFY_UNREADABLE,   /* cannot be opened or read at all */
    CF_VERIFY_UNVERIFIABLE, /* signed by a key that nobody here knows */
};

struct cf_verify_options {
    const char *log_directory;
    const char *state_directory;   /* NULL: leave the state out */
    const char *scratch_directory; /* empty, for the rebuilt state; NULL: leave replay out */
    cf_state_evolve_fn *evolve;    /* NULL: cf_fold */
    unsigned thread_count;
    struct cf_bytes checkpoint;         /* kept elsewhere; empty: none */
    const struct cf_note_verifier *key; /* the log's first key, known from elsewhere; NULL: believe
                                           the log about it */
};

/* Plain data: it crosses from the child. */
struct cf_verify_report {
    enum cf_verify_verdict verdict;
    char finding[256]; /* a sentence; empty when good */
    uint64_t sequence; /* the first bad record; 0: none in particular */
    char event[64];    /* its type, as far as it can be read */
    char stream[CF_ID_TEXT_SIZE];
    char money[160];      /* what amounts it carries */
    uint64_t size;        /* records in the log */
    uint64_t checkpoints; /* that were checked */
    uint64_t signed_size; /* covered by the newest of them */
    bool outside;         /* one kept elsewhere was among them */
    bool replayed;        /* back-links and streams were recomputed */
    uint64_t state_rows;  /* compared; 0: none */
    char state_note[128]; /* why the state was not compared, or what was odd about it */
};

/* Called now and then while the child works; may be NULL. */
typedef void cf_verify_progress_fn(void *context, const char *phase, uint64_t done, uint64_t total);

/* Verifies in a child process. Fails only where no child can be made; all else is in the report. */
CF_MUST_CHECK enum cf_status cf_verify(const struct cf_verify_options *options,
                                       cf_verify_progress_fn *progress, void *context,
                                       struct cf_verify_report *ret_report,
                                       struct cf_fault *reterr_fault);

/* What crosses while the child works. */
struct cf_verify_shared {
    _Atomic uint64_t done;
    _Atomic uint64_t total;
    _Atomic(const char *) phase; /* static texts: the child is a copy of the parent */
    struct cf_verify_report report;
};

/* The same in this process; for the child, for benches, and for tests of what it finds. */
void cf_verify_here(const struct cf_verify_options *options, struct cf_verify_shared *shared);

#endif
