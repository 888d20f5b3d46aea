/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_BATCH_H
#define CF_COMMANDS_BATCH_H

/*
 * A batch: commands decided one after the other, each against what the ones before it left, and
 * their records, which go to the log in one transaction. For the writer, one thread.
 *
 *     cf_batch_begin, cf_batch_decide for each command, cf_batch_commit or cf_batch_abort
 *
 * A refused command leaves nothing in the batch and binds no key. A command that breaks the book (a
 * bug in its decider) spoils the whole batch: cf_batch_broken says so, and the writer begins again
 * without that command.
 */

#include "commands/command.h"
#include "commands/link_wire.h"
#include "eventstore/state.h"

/* A batch takes no further command once it holds this much. */
#define CF_BATCH_RECORDS_MAX 8192
#define CF_BATCH_SIZE_MAX ((size_t)8 * 1024 * 1024)

struct cf_batch {
    struct cf_decision decision; /* first, so that one is the other */
    struct cf_state *state;      /* borrowed */
    struct cf_log *log;          /* borrowed */
    int64_t last_us;             /* time of the newest record: records do not go back in time */

    struct cf_buf bytes;      /* the records, one behind the other */
    size_t *ends;             /* of each record in bytes; owned */
    struct cf_bytes *records; /* made from them at the end; owned */
    size_t count;
    size_t capacity;
    uint64_t next;         /* sequence of the next record */
    struct cf_buf earlier; /* a record that was read back */

    /* The command under way. */
    struct cf_record head;  /* actor, key, number and tags of its records */
    struct cf_id stream_id; /* of its first record */
    enum cf_status status;
    struct cf_fault fault;
    uint8_t tag_bytes[CF_TAGS_MAX][CF_TAG_SIZE_MAX];
    _Alignas(16) uint8_t input[CF_COMMAND_INPUT_SIZE_MAX];
};

CF_MUST_CHECK enum cf_status cf_batch_init(struct cf_batch *batch, struct cf_log *log,
                                           struct cf_state *state, struct cf_fault *reterr_fault);
/* Accepts an all-zero batch. */
void cf_batch_clean_up(struct cf_batch *batch);

/* Begins a batch of about so many commands. NO_SPACE on a full disk. */
CF_MUST_CHECK enum cf_status cf_batch_begin(struct cf_batch *batch, size_t command_count,
                                            struct cf_fault *reterr_fault);

/* The ledger's time for the decisions that follow. `real_us` is the machine's; a simulated ledger has
 * its own. Never steps back. */
void cf_batch_set_time(struct cf_batch *batch, int64_t real_us);

static inline bool cf_batch_is_full(const struct cf_batch *batch)
{
    return batch->count >= CF_BATCH_RECORDS_MAX || batch->bytes.size >= CF_BATCH_SIZE_MAX;
}

/* Decides one command as it came over the link: original outcome, conflict, refusal, failure, or
 * accepted with its sequences, which count once the batch has committed. */
void cf_batch_decide(struct cf_batch *batch, const struct cf_link_entry *entry,
                     struct cf_reply *ret_reply);

/* Decides a command of the writer's own; key and actor as given. */
void cf_batch_decide_input(struct cf_batch *batch, const struct cf_command_input *input,
                           struct cf_id actor, struct cf_bytes key, struct cf_reply *ret_reply);

/* The last decision broke the book: only cf_batch_abort may follow. */
static inline bool cf_batch_broken(const struct cf_batch *batch)
{
    return batch->status != CF_OK;
}

/*
 * Appends what was accepted, durably, and then keeps the state. NO_SPACE: the disk's reserve is
 * reached, nothing happened. Any other failure: the log's outcome may be unknown, or the state is behind
 * it; the process must end and start again. Ends the batch in each case.
 */
CF_MUST_CHECK enum cf_status cf_batch_commit(struct cf_batch *batch, struct cf_fault *reterr_fault);
void cf_batch_abort(struct cf_batch *batch);

#endif
