/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/witness.h"

#include "core/base/assert.h"
#include "core/base/hex.h"
#include "eventstore/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#define PROOF_LINES_MAX 63
#define TEXT_PLAIN "text/plain; charset=utf-8"
#define TEXT_SIZE "text/x.tlog.size"

struct cf_witness {
    char *directory;
    struct cf_note_signer signer;
    struct cf_note_verifier logs[CF_WITNESS_LOGS_MAX];
    size_t log_count;
    pthread_mutex_t lock;
};

/* What add-checkpoint asks. */
struct request {
    uint64_t size_old;
    struct cf_proof proof;
    struct cf_bytes note_bytes;
    struct cf_note note;
    struct cf_checkpoint checkpoint;
};

enum cf_status cf_witness_open(const char *directory, const struct cf_note_signer *signer,
                               const struct cf_note_verifier *logs, size_t log_count,
                               struct cf_witness **ret_witness, struct cf_fault *reterr_fault)
{
    CF_ASSERT(signer->verifier.kind == CF_NOTE_COSIGNATURE);
    if (log_count > CF_WITNESS_LOGS_MAX)
        CF_FAIL(reterr_fault, CF_RANGE, "a witness follows at most 64 logs");
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot make the witness's directory", "%s: %s", directory,
                   strerror(errno));
    struct cf_witness *witness = calloc(1, sizeof *witness);
    char *copy = strdup(directory);
    if (witness == NULL || copy == NULL) {
        free(witness);
        free(copy);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a witness");
    }
    witness->directory = copy;
    witness->signer = *signer;
    memcpy(witness->logs, logs, log_count * sizeof *logs);
    witness->log_count = log_count;
    pthread_mutex_init(&witness->lock, NULL);
    *ret_witness = witness;
    return CF_OK;
}

void cf_witness_close(struct cf_witness *witness)
{
    if (witness == NULL)
        return;
    pthread_mutex_destroy(&witness->lock);
    cf_secret_wipe(&witness->signer, sizeof witness->signer);
    free(witness->directory);
    free(witness);
}

/* --- What it has seen ------------------------------------------------------------------------- */

struct seen_path {
    char text[4096];
};

static struct seen_path path_of(const struct cf_witness *witness, const char *origin)
{
    struct seen_path path;
    struct cf_hash hash;
    char hex[2 * CF_HASH_SIZE + 1];
    cf_sha256(cf_bytes_from_text(origin), &hash);
    cf_hex_print(cf_bytes_from(hash.bytes, CF_HASH_SIZE), hex);
    snprintf(path.text, sizeof path.text, "%s/%s", witness->directory, hex);
    return path;
}

/* NOT_FOUND before the first. */
static enum cf_status seen_read(const char *path, struct cf_buf *ret_note)
{
    CF_CLEANUP(cf_scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? CF_NOT_FOUND : CF_IO;
    CF_TRY(cf_buf_reserve(ret_note, CF_CHECKPOINT_SIZE_MAX));
    ssize_t size = read(fd, ret_note->data, CF_CHECKPOINT_SIZE_MAX);
    if (size < 0)
        return CF_IO;
    ret_note->size = (size_t)size;
    return CF_OK;
}

static enum cf_status seen_write(const struct cf_witness *witness, const char *origin,
                                 struct cf_bytes note)
{
    return cf_durable_replace(path_of(witness, origin).text, note, NULL);
}

/* What was cosigned last; an empty tree before the first. */
static enum cf_status seen_checkpoint(const struct cf_witness *witness, const char *origin,
                                      struct cf_checkpoint *ret_seen)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf bytes;
    struct cf_note note;
    cf_buf_init(&bytes, CF_CHECKPOINT_SIZE_MAX);
    *ret_seen = (struct cf_checkpoint){0};
    cf_sha256((struct cf_bytes){0}, &ret_seen->root);
    enum cf_status status = seen_read(path_of(witness, origin).text, &bytes);
    if (status == CF_NOT_FOUND)
        return CF_OK;
    CF_TRY(status);
    CF_TRY(cf_note_parse(cf_buf_bytes(&bytes), &note, NULL));
    return cf_checkpoint_parse(note.text, ret_seen, NULL);
}

/* --- Asking ----------------------------------------------------------------------------------- */

static bool take_line(struct cf_bytes *rest, struct cf_bytes *ret_line)
{
    const uint8_t *newline = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    if (newline == NULL)
        return false;
    size_t size = (size_t)(newline - rest->data);
    *ret_line = cf_bytes_from(rest->data, size);
    *rest = cf_bytes_from(newline + 1, rest->size - size - 1);
    return true;
}

static bool parse_size(struct cf_bytes text, uint64_t *ret_size)
{
    if (text.size == 0 || text.size > 19 || (text.data[0] == '0' && text.size > 1))
        return false;
    uint64_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        size = size * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret_size = size;
    return true;
}

static bool parse_old(struct cf_bytes line, uint64_t *ret_size)
{
    return line.size > 4 && memcmp(line.data, "old ", 4) == 0 &&
           parse_size(cf_bytes_from(line.data + 4, line.size - 4), ret_size);
}

static bool parse_request(struct cf_bytes bytes, struct request *ret_request)
{
    struct cf_bytes line;
    if (!take_line(&bytes, &line) || !parse_old(line, &ret_request->size_old))
        return false;
    ret_request->proof.count = 0;
    while (take_line(&bytes, &line) && line.size > 0) {
        struct cf_hash hash;
        size_t size;
        if (ret_request->proof.count == PROOF_LINES_MAX ||
            cf_base64_decode(line, hash.bytes, CF_HASH_SIZE, &size) != CF_OK ||
            size != CF_HASH_SIZE)
            return false;
        ret_request->proof.hashes[ret_request->proof.count++] = hash;
    }
    ret_request->note_bytes = bytes;
    return bytes.size > 0 && bytes.size <= CF_CHECKPOINT_SIZE_MAX / 2 &&
           cf_note_parse(bytes, &ret_request->note, NULL) == CF_OK &&
           cf_checkpoint_parse(ret_request->note.text, &ret_request->checkpoint, NULL) == CF_OK;
}

/* Of the keys of the checkpoint's log: OK when one signed, NOT_FOUND when there is none, DENIED. */
static enum cf_status check_log(const struct cf_witness *witness, const struct request *request)
{
    enum cf_status status = CF_NOT_FOUND;
    for (size_t i = 0; i < witness->log_count; i++) {
        if (strcmp(witness->logs[i].name, request->checkpoint.origin) != 0)
            continue;
        if (cf_note_check(&request->note, &witness->logs[i], NULL) == CF_OK)
            return CF_OK;
        status = CF_DENIED;
    }
    return status;
}

static void refuse(struct cf_witness_reply *reply, unsigned status, const char *why)
{
    reply->status = status;
    reply->content_type = TEXT_PLAIN;
    cf_buf_clear(&reply->body);
    CF_ASSERT(cf_buf_append_format(&reply->body, "%s\n", why) == CF_OK);
}

/* 0: it goes on from what was seen. */
static unsigned judge(const struct request *request, const struct cf_checkpoint *seen,
                      const char **ret_why)
{
    const struct cf_checkpoint *next = &request->checkpoint;
    struct cf_hash empty;
    cf_sha256((struct cf_bytes){0}, &empty);
    *ret_why = "the proof does not lead from the old tree to the new one";
    if (request->size_old != seen->size)
        return 409;
    if (request->size_old == 0 && request->proof.count > 0)
        return 422;
    if (next->size == 0 && !cf_hash_equal(&next->root, &empty))
        return 422;
    if (!cf_tree_verify_consistency(seen->size, next->size, &seen->root, &next->root,
                                    &request->proof))
        return 422;
    return 0;
}

/* Cosigns, keeps, answers. */
static void accept(struct cf_witness *witness, const struct request *request, uint64_t time_s,
                   struct cf_witness_reply *reply)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf kept;
    cf_buf_init(&kept, CF_CHECKPOINT_SIZE_MAX);
    cf_buf_clear(&reply->body);
    if (cf_note_cosign(&witness->signer, request->note.text, time_s, &reply->body) != CF_OK ||
        cf_buf_append(&kept, request->note_bytes) != CF_OK ||
        cf_buf_append(&kept, cf_buf_bytes(&reply->body)) != CF_OK ||
        seen_write(witness, request->checkpoint.origin, cf_buf_bytes(&kept)) != CF_OK) {
        refuse(reply, 500, "the witness cannot keep what it would sign");
        return;
    }
    reply->status = 200;
    reply->content_type = TEXT_PLAIN;
}

static void add(struct cf_witness *witness, const struct request *request, uint64_t time_s,
                struct cf_witness_reply *reply)
{
    struct cf_checkpoint seen;
    if (seen_checkpoint(witness, request->checkpoint.origin, &seen) != CF_OK) {
        refuse(reply, 500, "the witness cannot read what it has seen");
        return;
    }
    const char *why;
    unsigned status = judge(request, &seen, &why);
    if (status == 409) {
        char size[24];
        snprintf(size, sizeof size, "%llu", (unsigned long long)seen.size);
        refuse(reply, status, size);
        reply->content_type = TEXT_SIZE;
    } else if (status != 0) {
        refuse(reply, status, why);
    } else {
        accept(witness, request, time_s, reply);
    }
}

void cf_witness_add(struct cf_witness *witness, struct cf_bytes bytes, uint64_t time_s,
                    struct cf_witness_reply *reply)
{
    struct request request;
    if (!parse_request(bytes, &request)) {
        refuse(reply, 400, "malformed");
        return;
    }
    enum cf_status status = check_log(witness, &request);
    if (status == CF_NOT_FOUND) {
        refuse(reply, 404, "this witness does not follow that log");
    } else if (status != CF_OK) {
        refuse(reply, 403, "not signed by the log's key");
    } else if (request.size_old > request.checkpoint.size) {
        refuse(reply, 400, "the old size is beyond the checkpoint's");
    } else {
        pthread_mutex_lock(&witness->lock);
        add(witness, &request, time_s, reply);
        pthread_mutex_unlock(&witness->lock);
    }
}

void cf_witness_get(struct cf_witness *witness, struct cf_bytes path,
                    struct cf_witness_reply *reply)
{
    static const char suffix[] = "/checkpoint";
    const size_t hex_size = 2 * (size_t)CF_HASH_SIZE;
    for (size_t i = 0; i < witness->log_count; i++) {
        const char *origin = witness->logs[i].name;
        struct seen_path file = path_of(witness, origin);
        const char *hex = file.text + strlen(file.text) - hex_size;
        if (path.size != hex_size + sizeof suffix - 1 || memcmp(path.data, hex, hex_size) != 0 ||
            memcmp(path.data + hex_size, suffix, sizeof suffix - 1) != 0)
            continue;
        cf_buf_clear(&reply->body);
        if (seen_read(file.text, &reply->body) != CF_OK)
            break;
        reply->status = 200;
        reply->content_type = TEXT_PLAIN;
        return;
    }
    refuse(reply, 404, "nothing here");
}

enum cf_status cf_witness_request_append(uint64_t size_old, const struct cf_proof *proof,
                                         struct cf_bytes note, struct cf_buf *buf)
{
    CF_TRY(cf_buf_append_format(buf, "old %llu\n", (unsigned long long)size_old));
    for (size_t i = 0; i < proof->count; i++) {
        CF_TRY(cf_base64_append(buf, cf_bytes_from(proof->hashes[i].bytes, CF_HASH_SIZE)));
        CF_TRY(cf_buf_append_byte(buf, '\n'));
    }
    CF_TRY(cf_buf_append_byte(buf, '\n'));
    return cf_buf_append(buf, note);
}

enum cf_status cf_witness_read_seen(struct cf_bytes body, uint64_t *ret_size)
{
    struct cf_bytes line;
    if (!take_line(&body, &line) || body.size > 0 || !parse_size(line, ret_size))
        return CF_INVALID;
    return CF_OK;
}
