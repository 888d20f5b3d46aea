/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_VERIFY_PRIVATE_H
#define CF_EVENTSTORE_VERIFY_PRIVATE_H

/* What the files of verify share. For eventstore/verify*.c alone. */

#include "eventstore/key_chain.h"
#include "eventstore/verify.h"

/* Notes a finding unless one about an earlier record is there. A sequence of 0 is later than all.
 */
void cf_verify_find(struct cf_verify_report *report, enum cf_verify_verdict verdict,
                    uint64_t sequence, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static inline bool cf_verify_found(const struct cf_verify_report *report)
{
    return report->verdict != CF_VERIFY_GOOD;
}

#define CF_VERIFY_ROTATIONS_MAX CF_KEY_CHAIN_ROTATIONS_MAX

/* Where keys were rotated: sequences, ascending. */
struct cf_verify_rotations {
    size_t count;
    uint64_t sequences[CF_VERIFY_ROTATIONS_MAX];
};

/* Bytes and tree: reads every row, recomputes every node. */
void cf_verify_tree(struct cf_log *log, unsigned thread_count, struct cf_verify_shared *shared,
                    struct cf_verify_rotations *ret_rotations);

/* Checkpoints, stored and kept elsewhere, against the tree (which is good up to here). */
void cf_verify_checkpoints(struct cf_log *log, const struct cf_verify_options *options,
                           const struct cf_verify_rotations *rotations,
                           struct cf_verify_report *report);

/* Links, streams and the state: makes it again from the records and compares it with the live one. */
void cf_verify_state(struct cf_log *log, const struct cf_verify_options *options,
                     struct cf_verify_shared *shared);

#endif
