/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_NOTE_H
#define CF_EVENTSTORE_NOTE_H

/*
 * Signed notes (C2SP signed-note): a text of whole lines, an empty line, signature lines.
 *
 *     — <key name> <base64 of 4-byte key id and signature>
 *
 * A verifier ignores signatures of keys it does not know, rejects the whole note when a key that it
 * knows does not fit, and rejects it when no known key signed.
 */

#include "core/base/scope.h"
#include "eventstore/sodium.h"

#define CF_NOTE_NAME_SIZE_MAX 128
#define CF_NOTE_SIGNATURES_MAX 32
#define CF_NOTE_BLOB_SIZE_MAX 2560 /* the longest kind in use elsewhere is ML-DSA-44 */
#define CF_KEY_ID_SIZE 4

/* Frozen: part of the key id. */
enum cf_note_kind {
    CF_NOTE_ED25519 = 0x01,
    CF_NOTE_COSIGNATURE = 0x04, /* Ed25519 over "cosignature/v1", a time and the text */
};

struct cf_note_verifier {
    char name[CF_NOTE_NAME_SIZE_MAX + 1];
    enum cf_note_kind kind;
    uint8_t id[CF_KEY_ID_SIZE];
    uint8_t key[CF_SIGN_PUBLIC_SIZE];
};

struct cf_note_signer {
    struct cf_note_verifier verifier;
    uint8_t secret[CF_SIGN_SECRET_SIZE];
};

/* One signature line; borrowed from the note. */
struct cf_note_signature {
    struct cf_bytes name;
    uint8_t id[CF_KEY_ID_SIZE];
    struct cf_bytes base64; /* of id and signature */
    struct cf_bytes line;   /* whole, with its newline */
};

/* A parsed note; everything borrowed from the parsed bytes. */
struct cf_note {
    struct cf_bytes text; /* signed; ends with a newline */
    size_t signature_count;
    struct cf_note_signature signatures[CF_NOTE_SIGNATURES_MAX];
};

/* A key name is not empty, valid UTF-8, without spaces, control characters and '+'. */
bool cf_note_name_valid(struct cf_bytes name);

/* INVALID for a bad name. */
CF_MUST_CHECK enum cf_status cf_note_verifier_make(const char *name, enum cf_note_kind kind,
                                                   const uint8_t key[CF_SIGN_PUBLIC_SIZE],
                                                   struct cf_note_verifier *ret_verifier);
CF_MUST_CHECK enum cf_status cf_note_signer_make(const char *name, enum cf_note_kind kind,
                                                 const uint8_t seed[CF_SIGN_SEED_SIZE],
                                                 struct cf_note_signer *ret_signer);

/* The verifier's text form, name+id+key. UNSUPPORTED for a kind that we cannot check. */
CF_MUST_CHECK enum cf_status cf_note_verifier_append(const struct cf_note_verifier *verifier,
                                                     struct cf_buf *buf);
CF_MUST_CHECK enum cf_status cf_note_verifier_parse(struct cf_bytes text,
                                                    struct cf_note_verifier *ret_verifier,
                                                    struct cf_fault *reterr_fault);

/* INVALID with a fault that says why. */
CF_MUST_CHECK enum cf_status cf_note_parse(struct cf_bytes bytes, struct cf_note *ret_note,
                                           struct cf_fault *reterr_fault);

/* Appends the signature line for `text`, with signer's kind CF_NOTE_ED25519. */
CF_MUST_CHECK enum cf_status cf_note_sign(const struct cf_note_signer *signer, struct cf_bytes text,
                                          struct cf_buf *buf);
/* Appends a cosignature line; kind CF_NOTE_COSIGNATURE. */
CF_MUST_CHECK enum cf_status cf_note_cosign(const struct cf_note_signer *signer,
                                            struct cf_bytes text, uint64_t time_s,
                                            struct cf_buf *buf);

/* One key's word on a note: OK, NOT_FOUND when it did not sign, DENIED when its signature is wrong.
 * ret_time_s (may be NULL) gets a cosignature's time. */
CF_MUST_CHECK enum cf_status cf_note_check(const struct cf_note *note,
                                           const struct cf_note_verifier *verifier,
                                           uint64_t *ret_time_s);

/* The rule above, over `count` known keys: OK, NOT_FOUND when no known key signed, DENIED. */
CF_MUST_CHECK enum cf_status cf_note_verify(const struct cf_note *note,
                                            const struct cf_note_verifier *verifiers, size_t count);

#endif
