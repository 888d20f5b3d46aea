/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_LINK_H
#define CF_COMMANDS_LINK_H

/*
 * The link: how other processes send commands to the writer.
 *
 * A command goes with its actor, an idempotency key and a deadline. The writer answers with what
 * became of it; a command that was accepted is durable and has its events in the log. Sending the
 * same key again is safe, for ever: the link does so by itself when a connection breaks or a reply
 * stays out, until the deadline.
 *
 * Commands that come while earlier ones are under way travel together. A link may be used from many
 * threads; it has one thread of its own. It does not survive fork().
 *
 * The writer also says what is due (cf_link_timers), keeps cosigned checkpoints and rotates its key.
 */

#include "commands/command.h"
#include "core/base/scope.h"

/* The number in every message; both sides must have the same. */
#define CF_LINK_VERSION 1

/* Commands in one message. */
#define CF_LINK_BATCH_MAX 256

/* At most this many bytes of msgpack for one command. */
#define CF_LINK_COMMAND_SIZE_MAX ((size_t)96 * 1024)

/* FROZEN: on the link. */
enum cf_reply_kind {
    CF_REPLY_ACCEPTED = 1, /* first_sequence, last_sequence, stream_id; for a repeated key the
                            * original ones */
    CF_REPLY_REFUSED = 2,  /* verdict; nothing happened and the key is free */
    CF_REPLY_CONFLICT = 3, /* the key was used for another content: command, or field */
    CF_REPLY_BUSY = 4,     /* retry_after_ms; nothing happened */
    CF_REPLY_FAILED = 5    /* text; nothing happened: malformed, late, or no room on the disk */
};

/* Plain data. */
struct cf_reply {
    enum cf_reply_kind kind;
    uint64_t first_sequence;
    uint64_t last_sequence;
    struct cf_id stream_id;  /* of the first record: of a command that makes something, its id */
    uint32_t verdict;        /* a number of the command's verdicts */
    uint32_t conflict_field; /* key of the field that differs; 0: the command itself differs */
    uint32_t retry_after_ms;
    char text[96];
};

/* A MAC, under its subject's key, of a sealed field's clear text; compared instead of the
 * ciphertext, which differs each time. */
struct cf_sealed_tag {
    uint32_t field; /* its key */
    struct cf_bytes tag;
};

/* One command to send. Everything is borrowed until the call that takes it returns. */
struct cf_link_command {
    const struct cf_command_input *input;
    struct cf_id actor;
    struct cf_bytes key; /* idempotency: UTF-8, 1 to 255 bytes, unique for the actor */
    const struct cf_sealed_tag *sealed_tags;
    size_t sealed_tag_count;
};

struct cf_link;

/* Starts connecting; OK even when no writer is there yet. */
CF_MUST_CHECK enum cf_status cf_link_open(const char *writer_url, struct cf_link **ret_link,
                                          struct cf_fault *reterr_fault);
/* Commands wait so long for others to travel with, for senders who have many at once and would rather share a commit
 * than be answered at once. 0, as at first: they do not wait. */
void cf_link_linger(struct cf_link *link, int linger_ms);
/* What waits for others goes now: no others will come. */
void cf_link_hurry(struct cf_link *link);
/* Ends calls that wait with CLOSED. Nobody may call it meanwhile. Accepts NULL. */
void cf_link_close(struct cf_link *link);
CF_SCOPE_DEFINE(struct cf_link *, cf_link_close)

/*
 * Sends and waits, all in all at most timeout_ms; busy writers are asked again within that time.
 *   OK       there is a reply
 *   INVALID  a field is malformed: nothing was sent; the fault's detail names it
 *   TIMEOUT  no reply in time: it may or may not have happened; the same key tells
 *   CLOSED   the link is closing, likewise
 */
CF_MUST_CHECK enum cf_status cf_link_send(struct cf_link *link,
                                          const struct cf_link_command *command, int timeout_ms,
                                          struct cf_reply *ret_reply,
                                          struct cf_fault *reterr_fault);

/* Gets the outcome of a started command, once: OK with a reply, or TIMEOUT or CLOSED without. Runs on
 * a thread of the link's or the bus's: must not wait. BUSY comes here like any reply. */
typedef void cf_link_answer_fn(void *context, enum cf_status status, const struct cf_reply *reply);

/* Sends without waiting. RETRY when too much waits already, INVALID as above; then `answer` is not
 * called. */
CF_MUST_CHECK enum cf_status cf_link_start(struct cf_link *link,
                                           const struct cf_link_command *command, int timeout_ms,
                                           cf_link_answer_fn *answer, void *context,
                                           struct cf_fault *reterr_fault);

/* A timer that is set. */
struct cf_link_timer {
    int64_t due_us;
    struct cf_id subject;
    enum cf_timer timer;
};

/* Timers answered at once. */
#define CF_LINK_TIMERS_MAX 512

/* The timers that are due first, in order of time, at most count_max (and CF_LINK_TIMERS_MAX).
 * `ret_now_us` is the ledger's time. */
CF_MUST_CHECK enum cf_status cf_link_timers(struct cf_link *link, int timeout_ms,
                                            struct cf_link_timer *ret_timers, size_t count_max,
                                            size_t *ret_count, int64_t *ret_now_us,
                                            struct cf_fault *reterr_fault);

#define CF_LINK_NOTE_SIZE_MAX ((size_t)16 * 1024)

/* Hands the writer a checkpoint of its own that witnesses have cosigned, to be kept and published.
 * DENIED when it is none of this log's, signed by its key. */
CF_MUST_CHECK enum cf_status cf_link_cosigned(struct cf_link *link, struct cf_bytes note,
                                              int timeout_ms, struct cf_fault *reterr_fault);

/* Has the writer make itself a new checkpoint key, record that (key_rotated, `ret_sequence`), and sign
 * with it from then on. */
CF_MUST_CHECK enum cf_status cf_link_rotate(struct cf_link *link, int timeout_ms,
                                            uint64_t *ret_sequence, struct cf_fault *reterr_fault);

#endif
