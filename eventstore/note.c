/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/note.h"

#include "core/base/assert.h"

#include <stdio.h>

#define CF_NOTE_DASH "\xe2\x80\x94 " /* an em dash and a space begin a signature line */
#define CF_COSIGNATURE_TIME_SIZE 8
#define CF_NOTE_TEXT_SIZE_MAX ((size_t)1 << 20)

/* Decodes one UTF-8 character; 0 bytes for a malformed one. */
static size_t utf8_next(struct cf_bytes text, uint32_t *ret_character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.data[0];
    size_t size = first < 0x80         ? 1
                  : first >> 5 == 0x06 ? 2
                  : first >> 4 == 0x0e ? 3
                  : first >> 3 == 0x1e ? 4
                                       : 0;
    if (size == 0 || size > text.size)
        return 0;
    uint32_t character = size == 1 ? first : first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (text.data[i] >> 6 != 2)
            return 0;
        character = character << 6 | (text.data[i] & 0x3f);
    }
    if ((size > 1 && character < smallest[size]) || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
        return 0;
    *ret_character = character;
    return size;
}

static bool is_space(uint32_t character)
{
    return character == 0x20 || character == 0x85 || character == 0xa0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200a) || character == 0x2028 ||
           character == 0x2029 || character == 0x202f || character == 0x205f || character == 0x3000;
}

static bool text_valid(struct cf_bytes text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t character;
        size_t size = utf8_next(cf_bytes_from(text.data + at, text.size - at), &character);
        if (size == 0 || (character < 0x20 && character != '\n'))
            return false;
        at += size;
    }
    return true;
}

bool cf_note_name_valid(struct cf_bytes name)
{
    if (name.size == 0 || name.size > CF_NOTE_NAME_SIZE_MAX)
        return false;
    for (size_t at = 0; at < name.size;) {
        uint32_t character;
        size_t size = utf8_next(cf_bytes_from(name.data + at, name.size - at), &character);
        if (size == 0 || character < 0x20 || character == '+' || is_space(character))
            return false;
        at += size;
    }
    return true;
}

/* --- Keys ------------------------------------------------------------------------------------- */

enum cf_status cf_note_verifier_make(const char *name, enum cf_note_kind kind,
                                     const uint8_t key[CF_SIGN_PUBLIC_SIZE],
                                     struct cf_note_verifier *ret_verifier)
{
    struct cf_bytes name_bytes = cf_bytes_from_text(name);
    if (!cf_note_name_valid(name_bytes))
        return CF_INVALID;
    struct cf_note_verifier verifier = {.kind = kind};
    memcpy(verifier.name, name_bytes.data, name_bytes.size);
    memcpy(verifier.key, key, sizeof verifier.key);

    uint8_t input[CF_NOTE_NAME_SIZE_MAX + 2 + CF_SIGN_PUBLIC_SIZE];
    memcpy(input, name_bytes.data, name_bytes.size);
    input[name_bytes.size] = '\n';
    input[name_bytes.size + 1] = (uint8_t)kind;
    memcpy(input + name_bytes.size + 2, key, CF_SIGN_PUBLIC_SIZE);
    struct cf_hash hash;
    cf_sha256(cf_bytes_from(input, name_bytes.size + 2 + CF_SIGN_PUBLIC_SIZE), &hash);
    memcpy(verifier.id, hash.bytes, sizeof verifier.id);
    *ret_verifier = verifier;
    return CF_OK;
}

enum cf_status cf_note_signer_make(const char *name, enum cf_note_kind kind,
                                   const uint8_t seed[CF_SIGN_SEED_SIZE],
                                   struct cf_note_signer *ret_signer)
{
    struct cf_note_signer signer;
    uint8_t key[CF_SIGN_PUBLIC_SIZE];
    cf_sign_keys_from_seed(seed, key, signer.secret);
    CF_TRY(cf_note_verifier_make(name, kind, key, &signer.verifier));
    *ret_signer = signer;
    return CF_OK;
}

enum cf_status cf_note_verifier_append(const struct cf_note_verifier *verifier, struct cf_buf *buf)
{
    uint8_t key[1 + CF_SIGN_PUBLIC_SIZE] = {(uint8_t)verifier->kind};
    memcpy(key + 1, verifier->key, CF_SIGN_PUBLIC_SIZE);
    CF_TRY(cf_buf_append_format(buf, "%s+%02x%02x%02x%02x+", verifier->name, verifier->id[0],
                                verifier->id[1], verifier->id[2], verifier->id[3]));
    return cf_base64_append(buf, cf_bytes_from(key, sizeof key));
}

enum cf_status cf_note_verifier_parse(struct cf_bytes text, struct cf_note_verifier *ret_verifier,
                                      struct cf_fault *reterr_fault)
{
    const uint8_t *plus = text.size == 0 ? NULL : memchr(text.data, '+', text.size);
    size_t name_size = plus == NULL ? 0 : (size_t)(plus - text.data);
    if (name_size == 0 || name_size > CF_NOTE_NAME_SIZE_MAX || text.size < name_size + 10 ||
        text.data[name_size + 9] != '+')
        CF_FAIL(reterr_fault, CF_INVALID, "a verifier key reads name+id+key");

    /* A NUL in it would end the name early, and the rest would count for nothing. */
    if (!cf_note_name_valid(cf_bytes_from(text.data, name_size)))
        CF_FAIL(reterr_fault, CF_INVALID, "a verifier key's name is malformed");
    char name[CF_NOTE_NAME_SIZE_MAX + 1] = {0};
    memcpy(name, text.data, name_size);
    uint8_t key[1 + CF_SIGN_PUBLIC_SIZE];
    size_t key_size;
    enum cf_status status =
        cf_base64_decode(cf_bytes_from(text.data + name_size + 10, text.size - name_size - 10), key,
                         sizeof key, &key_size);
    if (status == CF_NO_SPACE || (status == CF_OK && key_size > 0 && key[0] != CF_NOTE_ED25519 &&
                                  key[0] != CF_NOTE_COSIGNATURE))
        CF_FAIL(reterr_fault, CF_UNSUPPORTED, "a verifier key of a kind that is not known here");
    if (status != CF_OK || key_size != sizeof key)
        CF_FAIL(reterr_fault, CF_INVALID, "a verifier key's base64 is malformed");

    struct cf_note_verifier verifier;
    if (cf_note_verifier_make(name, (enum cf_note_kind)key[0], key + 1, &verifier) != CF_OK)
        CF_FAIL(reterr_fault, CF_INVALID, "a verifier key's name is malformed");
    char id[2 * CF_KEY_ID_SIZE + 1];
    snprintf(id, sizeof id, "%02x%02x%02x%02x", verifier.id[0], verifier.id[1], verifier.id[2],
             verifier.id[3]);
    if (memcmp(id, text.data + name_size + 1, 2 * CF_KEY_ID_SIZE) != 0)
        CF_FAIL(reterr_fault, CF_INVALID, "a verifier key's id does not fit its key");
    *ret_verifier = verifier;
    return CF_OK;
}

/* --- Parsing ---------------------------------------------------------------------------------- */

static enum cf_status signature_parse(struct cf_bytes line, struct cf_note_signature *ret_signature)
{
    const size_t dash_size = sizeof CF_NOTE_DASH - 1;
    if (line.size <= dash_size + 1 || memcmp(line.data, CF_NOTE_DASH, dash_size) != 0)
        return CF_INVALID;
    const uint8_t *name = line.data + dash_size;
    size_t rest = line.size - dash_size - 1; /* without the newline */
    const uint8_t *space = memchr(name, ' ', rest);
    if (space == NULL)
        return CF_INVALID;
    struct cf_note_signature signature = {
        .name = cf_bytes_from(name, (size_t)(space - name)),
        .base64 = cf_bytes_from(space + 1, rest - (size_t)(space - name) - 1),
        .line = line,
    };
    uint8_t blob[CF_NOTE_BLOB_SIZE_MAX];
    size_t blob_size;
    if (!cf_note_name_valid(signature.name) ||
        cf_base64_decode(signature.base64, blob, sizeof blob, &blob_size) != CF_OK ||
        blob_size <= CF_KEY_ID_SIZE)
        return CF_INVALID;
    memcpy(signature.id, blob, CF_KEY_ID_SIZE);
    *ret_signature = signature;
    return CF_OK;
}

enum cf_status cf_note_parse(struct cf_bytes bytes, struct cf_note *ret_note,
                             struct cf_fault *reterr_fault)
{
    if (bytes.size > CF_NOTE_TEXT_SIZE_MAX || !text_valid(bytes))
        CF_FAIL(reterr_fault, CF_INVALID, "a note is UTF-8 without control characters");
    if (bytes.size == 0 || bytes.data[bytes.size - 1] != '\n')
        CF_FAIL(reterr_fault, CF_INVALID, "a note ends with a newline");

    /* The last empty line parts text and signatures. */
    size_t blank = 0;
    for (size_t at = bytes.size - 1; at > 0 && blank == 0; at--) {
        if (bytes.data[at] == '\n' && bytes.data[at - 1] == '\n')
            blank = at;
    }
    if (blank == 0)
        CF_FAIL(reterr_fault, CF_INVALID, "a note has an empty line before its signatures");

    struct cf_note note = {.text = cf_bytes_from(bytes.data, blank)};
    for (size_t at = blank + 1; at < bytes.size;) {
        const uint8_t *newline = memchr(bytes.data + at, '\n', bytes.size - at);
        CF_ASSERT(newline != NULL);
        size_t size = (size_t)(newline - bytes.data) - at + 1;
        if (note.signature_count == CF_NOTE_SIGNATURES_MAX)
            CF_FAIL(reterr_fault, CF_INVALID, "a note has too many signatures");
        if (signature_parse(cf_bytes_from(bytes.data + at, size),
                            &note.signatures[note.signature_count]) != CF_OK)
            CF_FAIL_AT(reterr_fault, CF_INVALID, "a note's signature line is malformed", at);
        note.signature_count++;
        at += size;
    }
    if (note.signature_count == 0)
        CF_FAIL(reterr_fault, CF_INVALID, "a note has no signature");
    *ret_note = note;
    return CF_OK;
}

/* --- Signing and checking --------------------------------------------------------------------- */

/* What a cosignature signs. */
static enum cf_status cosigned_message(struct cf_bytes text, uint64_t time_s, struct cf_buf *buf)
{
    CF_TRY(cf_buf_append_format(buf, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s));
    return cf_buf_append(buf, text);
}

static enum cf_status line_append(const struct cf_note_verifier *verifier, struct cf_bytes blob,
                                  struct cf_buf *buf)
{
    CF_TRY(cf_buf_append_format(buf, CF_NOTE_DASH "%s ", verifier->name));
    CF_TRY(cf_base64_append(buf, blob));
    return cf_buf_append_byte(buf, '\n');
}

enum cf_status cf_note_sign(const struct cf_note_signer *signer, struct cf_bytes text,
                            struct cf_buf *buf)
{
    CF_ASSERT(signer->verifier.kind == CF_NOTE_ED25519);
    CF_ASSERT(text.size > 0 && text.data[text.size - 1] == '\n');
    uint8_t blob[CF_KEY_ID_SIZE + CF_SIGNATURE_SIZE];
    memcpy(blob, signer->verifier.id, CF_KEY_ID_SIZE);
    cf_sign(signer->secret, text, blob + CF_KEY_ID_SIZE);
    return line_append(&signer->verifier, cf_bytes_from(blob, sizeof blob), buf);
}

enum cf_status cf_note_cosign(const struct cf_note_signer *signer, struct cf_bytes text,
                              uint64_t time_s, struct cf_buf *buf)
{
    CF_ASSERT(signer->verifier.kind == CF_NOTE_COSIGNATURE);
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf message;
    cf_buf_init(&message, CF_NOTE_TEXT_SIZE_MAX);
    CF_TRY(cosigned_message(text, time_s, &message));
    uint8_t blob[CF_KEY_ID_SIZE + CF_COSIGNATURE_TIME_SIZE + CF_SIGNATURE_SIZE];
    memcpy(blob, signer->verifier.id, CF_KEY_ID_SIZE);
    for (size_t i = 0; i < CF_COSIGNATURE_TIME_SIZE; i++)
        blob[CF_KEY_ID_SIZE + i] = (uint8_t)(time_s >> (56 - 8 * i));
    cf_sign(signer->secret, cf_buf_bytes(&message),
            blob + CF_KEY_ID_SIZE + CF_COSIGNATURE_TIME_SIZE);
    return line_append(&signer->verifier, cf_bytes_from(blob, sizeof blob), buf);
}

static bool signature_holds(struct cf_bytes text, const struct cf_note_verifier *verifier,
                            struct cf_bytes blob, uint64_t *ret_time_s)
{
    const uint8_t *signature = blob.data + CF_KEY_ID_SIZE;
    if (verifier->kind == CF_NOTE_ED25519)
        return blob.size == CF_KEY_ID_SIZE + CF_SIGNATURE_SIZE &&
               cf_sign_verify(verifier->key, text, signature);

    if (blob.size != CF_KEY_ID_SIZE + CF_COSIGNATURE_TIME_SIZE + CF_SIGNATURE_SIZE)
        return false;
    uint64_t time_s = 0;
    for (size_t i = 0; i < CF_COSIGNATURE_TIME_SIZE; i++)
        time_s = time_s << 8 | signature[i];
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf message;
    cf_buf_init(&message, CF_NOTE_TEXT_SIZE_MAX);
    if (cosigned_message(text, time_s, &message) != CF_OK ||
        !cf_sign_verify(verifier->key, cf_buf_bytes(&message),
                        signature + CF_COSIGNATURE_TIME_SIZE))
        return false;
    if (ret_time_s != NULL)
        *ret_time_s = time_s;
    return true;
}

enum cf_status cf_note_check(const struct cf_note *note, const struct cf_note_verifier *verifier,
                             uint64_t *ret_time_s)
{
    bool signed_once = false;
    for (size_t i = 0; i < note->signature_count; i++) {
        const struct cf_note_signature *signature = &note->signatures[i];
        if (!cf_bytes_equal(signature->name, cf_bytes_from_text(verifier->name)) ||
            memcmp(signature->id, verifier->id, CF_KEY_ID_SIZE) != 0)
            continue;
        uint8_t blob[CF_NOTE_BLOB_SIZE_MAX];
        size_t blob_size;
        CF_ASSERT(cf_base64_decode(signature->base64, blob, sizeof blob, &blob_size) == CF_OK);
        if (!signature_holds(note->text, verifier, cf_bytes_from(blob, blob_size), ret_time_s))
            return CF_DENIED;
        signed_once = true;
    }
    return signed_once ? CF_OK : CF_NOT_FOUND;
}

enum cf_status cf_note_verify(const struct cf_note *note, const struct cf_note_verifier *verifiers,
                              size_t count)
{
    bool signed_once = false;
    for (size_t i = 0; i < count; i++) {
        enum cf_status status = cf_note_check(note, &verifiers[i], NULL);
        if (status == CF_DENIED)
            return status;
        signed_once = signed_once || status == CF_OK;
    }
    return signed_once ? CF_OK : CF_NOT_FOUND;
}
