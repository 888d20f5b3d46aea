/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_LINK_WIRE_H
#define CF_COMMANDS_LINK_WIRE_H

/*
 * The bytes on the link, for its two ends.
 *
 *     request  [version, [[command, actor, key, deadline µs, fields, sealed tags], …]]
 *     reply    [version, [[kind, first sequence, last sequence, detail], …]]
 *
 * `fields` is the command's map; `sealed tags` is {field key: tag}, and may be left out. `detail` is
 * the first record's stream (accepted), the verdict's number (refused), the field's key (conflict), milliseconds (busy), or a text
 * (failed).
 *
 *     question [version, at most so many timers]
 *     answer   [version, [the ledger's time µs, [[due µs, subject, timer], …]]]
 *
 *     a checkpoint that witnesses cosigned   [version, its note, as bytes]
 *     a new key, please                      [version, "rotate"]
 *
 * Both are replied to as one command is, accepted or failed.
 */

#include "commands/link.h"
#include "core/event/record.h"
#include "core/wire.h"

/* One command as it stands in a request; borrowed from its bytes. */
struct cf_link_entry {
    uint32_t number;
    struct cf_id actor;
    struct cf_bytes key;
    int64_t deadline_us;
    struct cf_bytes fields; /* not looked at yet */
    uint32_t sealed_tag_count;
    struct cf_sealed_tag sealed_tags[CF_TAGS_MAX];
};

void cf_link_write_request_head(struct cf_wire_writer *writer, uint32_t count);
/* INVALID where a field or the key is malformed. */
CF_MUST_CHECK enum cf_status cf_link_write_entry(struct cf_wire_writer *writer,
                                                 const struct cf_link_command *command,
                                                 int64_t deadline_us,
                                                 struct cf_fault *reterr_fault);

/* What a message asks: one of these. */
struct cf_link_request {
    uint32_t command_count;   /* entries that follow */
    uint32_t timers_max;      /* 0: no timers are asked for */
    struct cf_bytes cosigned; /* a note, borrowed from the message; empty: none */
    bool rotate;
};

/* Reads the head. CORRUPT, or UNSUPPORTED for another version. */
CF_MUST_CHECK enum cf_status cf_link_read_request_head(struct cf_wire_cursor *cursor,
                                                       struct cf_link_request *ret_request,
                                                       struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_link_read_entry(struct cf_wire_cursor *cursor,
                                                struct cf_link_entry *ret_entry,
                                                struct cf_fault *reterr_fault);

void cf_link_write_reply_head(struct cf_wire_writer *writer, uint32_t count);
void cf_link_write_reply(struct cf_wire_writer *writer, const struct cf_reply *reply);
CF_MUST_CHECK enum cf_status cf_link_read_reply_head(struct cf_wire_cursor *cursor, uint32_t count,
                                                     struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_link_read_reply(struct cf_wire_cursor *cursor,
                                                struct cf_reply *ret_reply,
                                                struct cf_fault *reterr_fault);

void cf_link_write_cosigned(struct cf_wire_writer *writer, struct cf_bytes note);
void cf_link_write_rotate(struct cf_wire_writer *writer);

void cf_link_write_timers_question(struct cf_wire_writer *writer, uint32_t timers_max);
void cf_link_write_timers_head(struct cf_wire_writer *writer, int64_t now_us, uint32_t count);
void cf_link_write_timer(struct cf_wire_writer *writer, const struct cf_link_timer *timer);
CF_MUST_CHECK enum cf_status cf_link_read_timers(struct cf_bytes answer, int64_t *ret_now_us,
                                                 struct cf_link_timer *ret_timers, size_t count_max,
                                                 size_t *ret_count, struct cf_fault *reterr_fault);

#endif
