/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_WITNESS_H
#define CF_EVENTSTORE_WITNESS_H

/*
 * A witness (C2SP tlog-witness): cosigns checkpoints of logs that it knows, once it has seen a proof
 * that each goes on from the one before. So a log cannot show different people different histories.
 *
 * What it has seen of each log is one file in its directory, written durably before it answers. One
 * request is served at a time, since checking and keeping are one step; any thread may ask.
 */

#include "eventstore/checkpoint.h"

struct cf_witness;

#define CF_WITNESS_LOGS_MAX 64
#define CF_WITNESS_REPLY_SIZE_MAX CF_CHECKPOINT_SIZE_MAX

/* `signer` is of kind CF_NOTE_COSIGNATURE. A log's origin is its key's name; one that has rotated its
 * key has several. Everything is copied. */
CF_MUST_CHECK enum cf_status cf_witness_open(const char *directory,
                                             const struct cf_note_signer *signer,
                                             const struct cf_note_verifier *logs, size_t log_count,
                                             struct cf_witness **ret_witness,
                                             struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_witness_close(struct cf_witness *witness);
CF_SCOPE_DEFINE(struct cf_witness *, cf_witness_close)

/* An HTTP answer: status, content type (static) and body. */
struct cf_witness_reply {
    unsigned status;
    const char *content_type;
    struct cf_buf body;
};

/* POST add-checkpoint. 200 with the cosignature's line; 400, 403, 404, 409 with the size that was seen,
 * 422; 500 when the disk fails. The reply's body is made by the caller, with a maximum of at least
 * CF_WITNESS_REPLY_SIZE_MAX. */
void cf_witness_add(struct cf_witness *witness, struct cf_bytes request, uint64_t time_s,
                    struct cf_witness_reply *reply);

/* GET <hex of SHA-256 of the origin>/checkpoint: the newest that it cosigned, or 404. */
void cf_witness_get(struct cf_witness *witness, struct cf_bytes path,
                    struct cf_witness_reply *reply);

/* The body of add-checkpoint: "old <size>", the consistency proof, an empty line, the checkpoint. */
CF_MUST_CHECK enum cf_status cf_witness_request_append(uint64_t size_old,
                                                       const struct cf_proof *proof,
                                                       struct cf_bytes note, struct cf_buf *buf);
/* The body of a 409: the size that the witness cosigned last. INVALID. */
CF_MUST_CHECK enum cf_status cf_witness_read_seen(struct cf_bytes body, uint64_t *ret_size);

#endif
