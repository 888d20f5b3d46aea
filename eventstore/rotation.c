/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/rotation.h"

#define TEXT_SIZE_MAX 1024

static enum cf_status message_append(struct cf_bytes old_key, struct cf_bytes new_key,
                                     struct cf_buf *buf)
{
    CF_TRY(cf_buf_append_text(buf, "coffer/key-rotation/v1\n"));
    CF_TRY(cf_buf_append(buf, old_key));
    CF_TRY(cf_buf_append_byte(buf, '\n'));
    CF_TRY(cf_buf_append(buf, new_key));
    return cf_buf_append_byte(buf, '\n');
}

void cf_rotation_clean_up(struct cf_rotation *rotation)
{
    cf_buf_clean_up(&rotation->old_key);
    cf_buf_clean_up(&rotation->new_key);
    cf_buf_clean_up(&rotation->signature);
}

enum cf_status cf_rotation_make(const struct cf_note_signer *old_signer,
                                const struct cf_note_verifier *new_key,
                                struct cf_rotation *ret_rotation)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf message;
    cf_buf_init(&message, TEXT_SIZE_MAX);
    cf_buf_init(&ret_rotation->old_key, TEXT_SIZE_MAX);
    cf_buf_init(&ret_rotation->new_key, TEXT_SIZE_MAX);
    cf_buf_init(&ret_rotation->signature, TEXT_SIZE_MAX);
    CF_TRY(cf_note_verifier_append(&old_signer->verifier, &ret_rotation->old_key));
    CF_TRY(cf_note_verifier_append(new_key, &ret_rotation->new_key));
    CF_TRY(message_append(cf_buf_bytes(&ret_rotation->old_key),
                          cf_buf_bytes(&ret_rotation->new_key), &message));
    uint8_t signature[CF_SIGNATURE_SIZE];
    cf_sign(old_signer->secret, cf_buf_bytes(&message), signature);
    return cf_base64_append(&ret_rotation->signature, cf_bytes_from(signature, sizeof signature));
}

enum cf_status cf_rotation_verify(const struct cf_event_key_rotated *event,
                                  const struct cf_note_verifier *old_key,
                                  struct cf_note_verifier *ret_new_key,
                                  struct cf_fault *reterr_fault)
{
    struct cf_note_verifier named_old, named_new;
    CF_TRY(cf_note_verifier_parse(event->old_verifier_key, &named_old, reterr_fault));
    CF_TRY(cf_note_verifier_parse(event->new_verifier_key, &named_new, reterr_fault));
    if (memcmp(&named_old, old_key, sizeof named_old) != 0)
        CF_FAIL(reterr_fault, CF_DENIED, "it does not name the key that was in force");
    if (named_new.kind != CF_NOTE_ED25519 || strcmp(named_new.name, old_key->name) != 0)
        CF_FAIL(reterr_fault, CF_DENIED, "its new key cannot sign checkpoints of this log");
    uint8_t signature[CF_SIGNATURE_SIZE];
    size_t size;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf message;
    cf_buf_init(&message, TEXT_SIZE_MAX);
    if (message_append(event->old_verifier_key, event->new_verifier_key, &message) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a key rotation");
    if (cf_base64_decode(event->signature, signature, sizeof signature, &size) != CF_OK ||
        size != sizeof signature ||
        !cf_sign_verify(old_key->key, cf_buf_bytes(&message), signature))
        CF_FAIL(reterr_fault, CF_DENIED, "the old key did not sign it");
    *ret_new_key = named_new;
    return CF_OK;
}
