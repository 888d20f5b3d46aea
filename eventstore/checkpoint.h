/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_CHECKPOINT_H
#define CF_EVENTSTORE_CHECKPOINT_H

/*
 * Checkpoints (C2SP tlog-checkpoint): a signed note that says how many records the log has and what
 * their root is. The log signs only sizes that are durable, and never two roots for one size.
 *
 * The key's file lies outside the log, mode 0600, one line:
 *
 *     PRIVATE+KEY+<name>+<id>+<base64 of kind and seed>
 */

#include "eventstore/log.h"
#include "eventstore/note.h"

struct cf_checkpoint {
    char origin[CF_ORIGIN_SIZE_MAX + 1];
    uint64_t size;
    struct cf_hash root;
};

/* The three lines; a parser accepts extension lines behind them and ignores them. */
CF_MUST_CHECK enum cf_status cf_checkpoint_append(const struct cf_checkpoint *checkpoint,
                                                  struct cf_buf *buf);
CF_MUST_CHECK enum cf_status cf_checkpoint_parse(struct cf_bytes text,
                                                 struct cf_checkpoint *ret_checkpoint,
                                                 struct cf_fault *reterr_fault);

/* The whole note: text, empty line, the signer's line. */
CF_MUST_CHECK enum cf_status cf_checkpoint_sign(const struct cf_checkpoint *checkpoint,
                                                const struct cf_note_signer *signer,
                                                struct cf_buf *buf);

/* Parses a note, checks it against known keys and its origin. INVALID for malformed bytes, DENIED
 * for a wrong signature or another origin, NOT_FOUND when no known key signed. `note` may be NULL.
 */
CF_MUST_CHECK enum cf_status cf_checkpoint_verify(struct cf_bytes bytes, const char *origin,
                                                  const struct cf_note_verifier *verifiers,
                                                  size_t verifier_count,
                                                  struct cf_checkpoint *ret_checkpoint,
                                                  struct cf_note *note,
                                                  struct cf_fault *reterr_fault);

/* Signs the head of a log open for writing and keeps the note with it (cf_log_checkpoint_keep). A
 * note that is stored for this size already stays as it is, with its cosignatures. An empty log has
 * none: NOT_FOUND. ret_note (may be NULL) gets a copy. */
CF_MUST_CHECK enum cf_status cf_checkpoint_sign_head(struct cf_log *log,
                                                     const struct cf_note_signer *signer,
                                                     struct cf_buf *ret_note,
                                                     struct cf_fault *reterr_fault);

/* Reads the key file; DENIED when others may read it. */
CF_MUST_CHECK enum cf_status cf_checkpoint_key_read(const char *path,
                                                    struct cf_note_signer *ret_signer,
                                                    struct cf_fault *reterr_fault);
/* Makes a random key and its file, durably; CONFLICT when the file is there. */
CF_MUST_CHECK enum cf_status cf_checkpoint_key_create(const char *path, const char *name,
                                                      enum cf_note_kind kind,
                                                      struct cf_note_signer *ret_signer,
                                                      struct cf_fault *reterr_fault);

#endif
