/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_ROTATION_H
#define CF_EVENTSTORE_ROTATION_H

/*
 * Key rotation: the event key_rotated names the new checkpoint key, and the old key signs that.
 * From the event's sequence on, checkpoints bear the new key's signature. What is signed:
 *
 *     coffer/key-rotation/v1
 *     <old verifier key>
 *     <new verifier key>
 *
 * and the event's `signature` is the base64 of the 64 bytes.
 */

#include "core/event/event.h"
#include "eventstore/checkpoint.h"

/* The three texts of a rotation. */
struct cf_rotation {
    struct cf_buf old_key;
    struct cf_buf new_key;
    struct cf_buf signature;
};
void cf_rotation_clean_up(struct cf_rotation *rotation);

/* Made all-zero before. NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_rotation_make(const struct cf_note_signer *old_signer,
                                              const struct cf_note_verifier *new_key,
                                              struct cf_rotation *ret_rotation);

/* DENIED unless `old_key`, and nobody else, handed over to the new key. */
CF_MUST_CHECK enum cf_status cf_rotation_verify(const struct cf_event_key_rotated *event,
                                                const struct cf_note_verifier *old_key,
                                                struct cf_note_verifier *ret_new_key,
                                                struct cf_fault *reterr_fault);

/*
 * Rotating, for the writer: begin makes the new key's file, "<path>.next", and what is to be recorded;
 * once that record is durable, end puts the new file in the old one's place. After a crash in between
 * cf_rotation_settle ends it one way or the other.
 */
CF_MUST_CHECK enum cf_status cf_rotation_begin(const char *path,
                                               const struct cf_note_signer *old_signer,
                                               struct cf_note_signer *ret_new_signer,
                                               struct cf_rotation *ret_rotation,
                                               struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_rotation_end(const char *path, struct cf_fault *reterr_fault);

/* To be called before a key is read for signing: where a rotation was interrupted, puts the key that the
 * log names in place. Does nothing, and costs nothing, without a "<path>.next". */
CF_MUST_CHECK enum cf_status cf_rotation_settle(struct cf_log *log, const char *path,
                                                struct cf_fault *reterr_fault);

#endif
