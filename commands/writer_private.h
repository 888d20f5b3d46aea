/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_WRITER_PRIVATE_H
#define CF_COMMANDS_WRITER_PRIVATE_H

/* The writer's parts, for writer.c (opening, running) and round.c (one batch). */

#include "commands/batch.h"
#include "commands/timers.h"
#include "commands/writer.h"
#include "eventstore/bus.h"
#include "eventstore/checkpoint.h"
#include "eventstore/range.h"

/* Messages in hand, and those that the bus's server holds beside them. With all hands full, what
 * waits is told to come again; what does not fit into the server waits in its sender's process. */
#define CF_WRITER_MESSAGES_MAX 128
#define CF_WRITER_PUT_OFF_MAX 64
#define CF_WRITER_WAITING_MAX 256
#define CF_WRITER_RETRY_AFTER_MS 50

/* Disk that stays free: reads and a clean end need some. */
#define CF_WRITER_RESERVE_SIZE (UINT64_C(64) * 1024 * 1024)

/* With a full disk, timers are tried again after this. */
#define CF_WRITER_FULL_PAUSE_MS 1000

/* One message that was taken: its commands, and their replies. */
struct cf_writer_message {
    struct cf_bus_request *request; /* ours until replied to */
    struct cf_buf reply;
    uint64_t broken[CF_LINK_BATCH_MAX / 64]; /* commands that broke the book, a bit each */
};

struct cf_writer {
    struct cf_log *log;
    struct cf_state *state;
    struct cf_bus_server *server;
    struct cf_range_server *range;
    struct cf_note_signer signer;
    struct cf_note_signer next_signer; /* while a rotation is under way */
    struct cf_data_dir_path key_path;
    bool rotating; /* the open batch has a rotation in it */
    struct cf_batch batch;
    struct cf_writer_figures figures;

    struct cf_writer_message messages[CF_WRITER_MESSAGES_MAX];
    struct cf_writer_message surplus[CF_WRITER_PUT_OFF_MAX];

    /* Timers whose command broke the book: left alone until the next start. */
    struct cf_state_timer skipped[CF_TIMERS_SKIPPED_MAX];
    size_t skipped_count;
    int64_t timer_next_us; /* when the next timer is due, in the ledger's time */
    bool simulated;

    /* Monotonic milliseconds. */
    int64_t full_until_ms;     /* no timers until then */
    int64_t unsigned_since_ms; /* 0: nothing is */
    int64_t appended_last_ms;
};

int64_t cf_writer_real_us(void);
int64_t cf_writer_monotonic_ms(void);

/*
 * One round: decides messages [0, count) from the first on, as far as a batch goes, then due timers;
 * commits, replies, announces. `ret_done` messages were replied to. Fails as cf_batch_commit, except on a
 * full disk, which is a reply.
 */
CF_MUST_CHECK enum cf_status cf_writer_round(struct cf_writer *writer, size_t count,
                                             size_t *ret_done, struct cf_fault *reterr_fault);

/* Answers the first `count` of the surplus with "busy", undecided. */
void cf_writer_put_off(struct cf_writer *writer, size_t count);

/* Signs the head, publishes the note and keeps it with the log. */
CF_MUST_CHECK enum cf_status cf_writer_sign(struct cf_writer *writer,
                                            struct cf_fault *reterr_fault);

/*
 * Decides a rotation of the writer's key in the open batch; `rotating` then says that it is part of it.
 * Once the batch is durable, cf_writer_take_key puts the new key in force. When that fails, nothing more
 * may be signed: the process must end, and its next start settles it.
 */
CF_MUST_CHECK enum cf_status cf_writer_rotate(struct cf_writer *writer, struct cf_reply *ret_reply,
                                              struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_writer_take_key(struct cf_writer *writer,
                                                struct cf_fault *reterr_fault);

/* Keeps and publishes a checkpoint of ours that has come back with cosignatures. RANGE or DENIED for
 * one that is none of ours, and then nothing happens. */
CF_MUST_CHECK enum cf_status cf_writer_keep_cosigned(struct cf_writer *writer, struct cf_bytes note,
                                                     struct cf_fault *reterr_fault);

#endif
