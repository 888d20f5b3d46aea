/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEY_CHAIN_H
#define CF_EVENTSTORE_KEY_CHAIN_H

/*
 * The keys that may sign a log's checkpoints: the one that it began with, and from each record
 * key_rotated on the one that this hands over to. For who walks the records in their order.
 */

#include "eventstore/checkpoint.h"

#define CF_KEY_CHAIN_ROTATIONS_MAX 256

/* Key i signs sizes in [from[i], from[i + 1]). Large: not for a stack. */
struct cf_key_chain {
    size_t count;
    struct cf_note_verifier keys[CF_KEY_CHAIN_ROTATIONS_MAX + 1];
    uint64_t from[CF_KEY_CHAIN_ROTATIONS_MAX + 1];
};

/* INVALID when the log's origin is no name for a key. */
CF_MUST_CHECK enum cf_status cf_key_chain_begin(struct cf_key_chain *chain,
                                                const struct cf_log_genesis *genesis);

/* Follows a record of event key_rotated. CORRUPT when it cannot be read, DENIED when the key in force did
 * not sign it, RANGE when there have been too many. */
CF_MUST_CHECK enum cf_status cf_key_chain_follow(struct cf_key_chain *chain, uint64_t sequence,
                                                 struct cf_bytes record,
                                                 struct cf_fault *reterr_fault);

/* As above for any record in its turn: whatever is no rotation is passed over. */
CF_MUST_CHECK enum cf_status cf_key_chain_pass(struct cf_key_chain *chain, uint64_t sequence,
                                               struct cf_bytes record,
                                               struct cf_fault *reterr_fault);
/* Passes the first `size` records of a log that a view sees. */
CF_MUST_CHECK enum cf_status cf_key_chain_walk(struct cf_key_chain *chain, struct cf_log_view *view,
                                               uint64_t size, struct cf_fault *reterr_fault);

/* Which key signs this size; borrowed from the chain. */
const struct cf_note_verifier *cf_key_chain_at(const struct cf_key_chain *chain, uint64_t size);

#endif
