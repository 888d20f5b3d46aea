/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/checkpoint.h"

#include "core/base/assert.h"
#include "eventstore/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define CF_KEY_PREFIX "PRIVATE+KEY+"
#define CF_KEY_FILE_SIZE_MAX 512

enum cf_status cf_checkpoint_append(const struct cf_checkpoint *checkpoint, struct cf_buf *buf)
{
    CF_TRY(cf_buf_append_format(buf, "%s\n%llu\n", checkpoint->origin,
                                (unsigned long long)checkpoint->size));
    CF_TRY(cf_base64_append(buf, cf_bytes_from(checkpoint->root.bytes, CF_HASH_SIZE)));
    return cf_buf_append_byte(buf, '\n');
}

/* Takes one line, without its newline, off the front. */
static bool take_line(struct cf_bytes *text, struct cf_bytes *ret_line)
{
    const uint8_t *newline = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    if (newline == NULL)
        return false;
    size_t size = (size_t)(newline - text->data);
    *ret_line = cf_bytes_from(text->data, size);
    *text = cf_bytes_from(newline + 1, text->size - size - 1);
    return true;
}

static bool parse_size(struct cf_bytes line, uint64_t *ret_size)
{
    if (line.size == 0 || line.size > 19 || (line.data[0] == '0' && line.size > 1))
        return false;
    uint64_t size = 0;
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        size = size * 10 + (uint64_t)(line.data[i] - '0');
    }
    *ret_size = size;
    return size >> CF_TREE_LEVELS == 0;
}

enum cf_status cf_checkpoint_parse(struct cf_bytes text, struct cf_checkpoint *ret_checkpoint,
                                   struct cf_fault *reterr_fault)
{
    struct cf_bytes origin, size, root;
    if (!take_line(&text, &origin) || !take_line(&text, &size) || !take_line(&text, &root))
        CF_FAIL(reterr_fault, CF_INVALID, "a checkpoint has at least three lines");
    struct cf_checkpoint checkpoint = {0};
    if (origin.size == 0 || origin.size > CF_ORIGIN_SIZE_MAX)
        CF_FAIL(reterr_fault, CF_INVALID, "a checkpoint's origin is empty or too long");
    if (memchr(origin.data, '\0', origin.size) != NULL)
        CF_FAIL(reterr_fault, CF_INVALID, "a checkpoint's origin has a NUL in it");
    memcpy(checkpoint.origin, origin.data, origin.size);
    if (!parse_size(size, &checkpoint.size))
        CF_FAIL(reterr_fault, CF_INVALID, "a checkpoint's size is not a plain decimal");
    size_t root_size;
    if (cf_base64_decode(root, checkpoint.root.bytes, CF_HASH_SIZE, &root_size) != CF_OK ||
        root_size != CF_HASH_SIZE)
        CF_FAIL(reterr_fault, CF_INVALID, "a checkpoint's root is not 32 bytes of base64");
    for (struct cf_bytes extension; text.size > 0;) {
        if (!take_line(&text, &extension) || extension.size == 0)
            CF_FAIL(reterr_fault, CF_INVALID, "a checkpoint's extension lines are not empty");
    }
    *ret_checkpoint = checkpoint;
    return CF_OK;
}

enum cf_status cf_checkpoint_sign(const struct cf_checkpoint *checkpoint,
                                  const struct cf_note_signer *signer, struct cf_buf *buf)
{
    size_t begin = buf->size;
    CF_TRY(cf_checkpoint_append(checkpoint, buf));
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf line;
    cf_buf_init(&line, CF_CHECKPOINT_SIZE_MAX);
    CF_TRY(cf_note_sign(signer, cf_bytes_from(buf->data + begin, buf->size - begin), &line));
    CF_TRY(cf_buf_append_byte(buf, '\n'));
    return cf_buf_append(buf, cf_buf_bytes(&line));
}

enum cf_status cf_checkpoint_verify(struct cf_bytes bytes, const char *origin,
                                    const struct cf_note_verifier *verifiers, size_t verifier_count,
                                    struct cf_checkpoint *ret_checkpoint, struct cf_note *note,
                                    struct cf_fault *reterr_fault)
{
    struct cf_note parsed;
    struct cf_checkpoint checkpoint;
    CF_TRY(cf_note_parse(bytes, &parsed, reterr_fault));
    enum cf_status status = cf_note_verify(&parsed, verifiers, verifier_count);
    if (status == CF_NOT_FOUND)
        CF_FAIL(reterr_fault, status, "no known key signed the checkpoint");
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the checkpoint's signature is wrong");
    CF_TRY(cf_checkpoint_parse(parsed.text, &checkpoint, reterr_fault));
    if (strcmp(checkpoint.origin, origin) != 0)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the checkpoint is of another log", "%s",
                   checkpoint.origin);
    *ret_checkpoint = checkpoint;
    if (note != NULL)
        *note = parsed;
    return CF_OK;
}

/* What was signed before for this size and is stored, with the cosignatures it has got since. */
static enum cf_status append_stored(struct cf_log *log, const struct cf_checkpoint *checkpoint,
                                    const struct cf_note_signer *signer, struct cf_buf *note,
                                    struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    struct cf_bytes stored;
    struct cf_checkpoint said;
    uint64_t size;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    CF_TRY(cf_log_view_checkpoint(view, checkpoint->size, checkpoint->size, &size, &stored,
                                  reterr_fault));
    if (cf_checkpoint_verify(stored, checkpoint->origin, &signer->verifier, 1, &said, NULL, NULL) !=
            CF_OK ||
        !cf_hash_equal(&said.root, &checkpoint->root))
        return CF_NOT_FOUND;
    if (cf_buf_append(note, stored) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a checkpoint");
    return CF_OK;
}

enum cf_status cf_checkpoint_sign_head(struct cf_log *log, const struct cf_note_signer *signer,
                                       struct cf_buf *ret_note, struct cf_fault *reterr_fault)
{
    const struct cf_frontier *frontier = cf_log_frontier(log);
    if (frontier->size == 0)
        return CF_NOT_FOUND;
    struct cf_checkpoint checkpoint = {.size = frontier->size};
    memcpy(checkpoint.origin, cf_log_genesis(log)->origin, sizeof checkpoint.origin);
    cf_frontier_root(frontier, &checkpoint.root);

    CF_CLEANUP(cf_buf_clean_up) struct cf_buf note;
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    enum cf_status status = append_stored(log, &checkpoint, signer, &note, reterr_fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        return status;
    if (status == CF_NOT_FOUND && cf_checkpoint_sign(&checkpoint, signer, &note) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a checkpoint");
    CF_TRY(cf_log_checkpoint_keep(log, checkpoint.size, cf_buf_bytes(&note), reterr_fault));
    if (ret_note != NULL) {
        cf_buf_clear(ret_note);
        if (cf_buf_append(ret_note, cf_buf_bytes(&note)) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a checkpoint");
    }
    return CF_OK;
}

/* --- The key file ----------------------------------------------------------------------------- */

static enum cf_status key_parse(char *line, struct cf_note_signer *ret_signer)
{
    const size_t prefix = sizeof CF_KEY_PREFIX - 1;
    if (strncmp(line, CF_KEY_PREFIX, prefix) != 0)
        return CF_INVALID;
    char *name = line + prefix;
    char *id = strchr(name, '+');
    char *key = id == NULL ? NULL : strchr(id + 1, '+');
    if (key == NULL)
        return CF_INVALID;
    *id++ = '\0';
    *key++ = '\0';

    uint8_t seed[1 + CF_SIGN_SEED_SIZE];
    size_t seed_size = 0;
    enum cf_status status =
        cf_base64_decode(cf_bytes_from_text(key), seed, sizeof seed, &seed_size);
    if (status == CF_OK && seed_size == sizeof seed &&
        (seed[0] == CF_NOTE_ED25519 || seed[0] == CF_NOTE_COSIGNATURE))
        status = cf_note_signer_make(name, (enum cf_note_kind)seed[0], seed + 1, ret_signer);
    else
        status = CF_INVALID;
    cf_secret_wipe(seed, sizeof seed);
    if (status != CF_OK)
        return status;
    char expected[2 * CF_KEY_ID_SIZE + 1];
    const uint8_t *bytes = ret_signer->verifier.id;
    snprintf(expected, sizeof expected, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
    return strcmp(expected, id) == 0 ? CF_OK : CF_INVALID;
}

enum cf_status cf_checkpoint_key_read(const char *path, struct cf_note_signer *ret_signer,
                                      struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        CF_FAIL_ON(reterr_fault, errno == ENOENT ? CF_NOT_FOUND : CF_IO,
                   "cannot open the checkpoint key", "%s: %s", path, strerror(errno));
    struct stat file;
    if (fstat(fd, &file) != 0 || (file.st_mode & 077) != 0)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the checkpoint key is open to others", "%s", path);
    char line[CF_KEY_FILE_SIZE_MAX + 1];
    ssize_t size = read(fd, line, CF_KEY_FILE_SIZE_MAX);
    if (size < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot read the checkpoint key", "%s: %s", path,
                   strerror(errno));
    line[size] = '\0';
    line[strcspn(line, "\n")] = '\0';
    enum cf_status status = key_parse(line, ret_signer);
    cf_secret_wipe(line, sizeof line);
    if (status != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "the checkpoint key is malformed", "%s", path);
    return CF_OK;
}

enum cf_status cf_checkpoint_key_create(const char *path, const char *name, enum cf_note_kind kind,
                                        struct cf_note_signer *ret_signer,
                                        struct cf_fault *reterr_fault)
{
    uint8_t seed[1 + CF_SIGN_SEED_SIZE] = {(uint8_t)kind};
    cf_random(seed + 1, CF_SIGN_SEED_SIZE);
    struct cf_note_signer signer;
    if (cf_note_signer_make(name, kind, seed + 1, &signer) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "not a key name", "%s", name);

    const uint8_t *id = signer.verifier.id;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf line;
    cf_buf_init(&line, CF_KEY_FILE_SIZE_MAX);
    if (cf_buf_append_format(&line, CF_KEY_PREFIX "%s+%02x%02x%02x%02x+", name, id[0], id[1], id[2],
                             id[3]) != CF_OK ||
        cf_base64_append(&line, cf_bytes_from(seed, sizeof seed)) != CF_OK ||
        cf_buf_append_byte(&line, '\n') != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a key");
    enum cf_status status = cf_durable_make(path, cf_buf_bytes(&line), reterr_fault);
    cf_secret_wipe(seed, sizeof seed);
    cf_secret_wipe(line.data, line.size);
    CF_TRY(status);
    *ret_signer = signer;
    return CF_OK;
}
