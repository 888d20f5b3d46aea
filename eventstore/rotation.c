/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/rotation.h"

#include "eventstore/durable.h"

#include <errno.h>
#include <stdio.h>

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

/* --- Rotating --------------------------------------------------------------------------------- */

struct next_path {
    char text[4096];
};

static struct next_path next_of(const char *path)
{
    struct next_path next;
    snprintf(next.text, sizeof next.text, "%s.next", path);
    return next;
}

enum cf_status cf_rotation_begin(const char *path, const struct cf_note_signer *old_signer,
                                 struct cf_note_signer *ret_new_signer,
                                 struct cf_rotation *ret_rotation, struct cf_fault *reterr_fault)
{
    struct next_path next = next_of(path);
    /* What is there was never recorded: the writer has settled that when it began. */
    if (unlink(next.text) != 0 && errno != ENOENT)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot remove a key that never came into force", "%s: %s",
                   next.text, strerror(errno));
    CF_TRY(cf_checkpoint_key_create(next.text, old_signer->verifier.name, CF_NOTE_ED25519,
                                    ret_new_signer, reterr_fault));
    if (cf_rotation_make(old_signer, &ret_new_signer->verifier, ret_rotation) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a key rotation");
    return CF_OK;
}

enum cf_status cf_rotation_end(const char *path, struct cf_fault *reterr_fault)
{
    return cf_durable_rename(next_of(path).text, path, reterr_fault);
}

/* --- Settling --------------------------------------------------------------------------------- */

/* Whether some rotation in the log names this key. Walks the whole log, once, after a crash. */
static enum cf_status log_names(struct cf_log *log, const struct cf_note_verifier *key,
                                bool *ret_named, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    CF_TRY(cf_log_walk_begin(view, 1, &walk, reterr_fault));
    *ret_named = false;
    for (;;) {
        struct cf_log_entry entry;
        struct cf_record record;
        struct cf_event event;
        struct cf_note_verifier named;
        enum cf_status status = cf_log_walk_next(walk, &entry, reterr_fault);
        if (status == CF_NOT_FOUND)
            return CF_OK;
        CF_TRY(status);
        CF_TRY(cf_record_decode(entry.record, &record, reterr_fault));
        if (record.event_number != CF_EVENT_KEY_ROTATED)
            continue;
        CF_TRY(cf_record_event(&record, &event, reterr_fault));
        if (cf_note_verifier_parse(event.key_rotated.new_verifier_key, &named, NULL) == CF_OK &&
            memcmp(&named, key, sizeof named) == 0)
            *ret_named = true;
    }
}

enum cf_status cf_rotation_settle(struct cf_log *log, const char *path,
                                  struct cf_fault *reterr_fault)
{
    struct next_path next = next_of(path);
    struct cf_note_signer signer;
    enum cf_status status = cf_checkpoint_key_read(next.text, &signer, reterr_fault);
    if (status == CF_NOT_FOUND)
        return CF_OK;
    bool named = false;
    if (status == CF_OK)
        status = log_names(log, &signer.verifier, &named, reterr_fault);
    cf_secret_wipe(&signer, sizeof signer);
    /* A file that the crash cut short names no key, so nothing can have been recorded about it. */
    if (status != CF_OK && status != CF_INVALID)
        return status;
    if (named)
        return cf_durable_rename(next.text, path, reterr_fault);
    if (unlink(next.text) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot remove a key that never came into force", "%s: %s",
                   next.text, strerror(errno));
    return CF_OK;
}
