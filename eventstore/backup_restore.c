/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restoring goes through the file twice: what is wrong could not be told from the rest afterwards, so
 * nothing is appended before every record and every checkpoint has been looked at.
 */
#include "eventstore/backup_private.h"

#include "eventstore/key_chain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_SIZE_MAX ((size_t)CF_BACKUP_BATCH_RECORDS * (2 + CF_RECORD_SIZE_MAX))
#define PATH_SIZE 4096
#define RESERVE_SIZE ((uint64_t)16 << 20)

/* --- Records ----------------------------------------------------------------------------------- */

struct batch {
    struct cf_buf bytes;
    size_t count;
    size_t offsets[CF_BACKUP_BATCH_RECORDS + 1];
};

static void batch_clean_up(struct batch *batch)
{
    cf_buf_clean_up(&batch->bytes);
}

static enum cf_status get_records(FILE *file, uint64_t count, struct batch *batch,
                                  struct cf_fault *reterr_fault)
{
    cf_buf_clear(&batch->bytes);
    batch->count = 0;
    while (batch->count < count && batch->count < CF_BACKUP_BATCH_RECORDS) {
        uint64_t size;
        if (!cf_backup__get_number(file, 2, &size))
            CF_FAIL(reterr_fault, CF_CORRUPT, "the backup is cut short");
        if (cf_buf_reserve(&batch->bytes, size) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a batch of records");
        if (!cf_backup__get(file, batch->bytes.data + batch->bytes.size, size))
            CF_FAIL(reterr_fault, CF_CORRUPT, "the backup is cut short");
        batch->bytes.size += size;
        batch->offsets[++batch->count] = batch->bytes.size;
    }
    return CF_OK;
}

static struct cf_bytes record_of(const struct batch *batch, size_t i)
{
    return cf_bytes_from(batch->bytes.data + batch->offsets[i],
                         batch->offsets[i + 1] - batch->offsets[i]);
}

/* --- Looking -------------------------------------------------------------------------------- */

/* The way through one file, from where the log ends. */
struct look {
    FILE *records;
    FILE *checkpoints; /* the same file, at the next checkpoint */
    const struct cf_backup_header *header;
    struct cf_frontier frontier;
    struct cf_key_chain keys;
    uint64_t size; /* of the log that the next checkpoint is for; 0: there is none */
    uint8_t note[CF_CHECKPOINT_SIZE_MAX];
    size_t note_size;
};

static void look_end(struct look **look)
{
    if (*look != NULL)
        cf_backup__close(&(*look)->checkpoints);
    free(*look);
}

/* Sizes ascend, and belong to this backup. */
static enum cf_status next_checkpoint(FILE *file, const struct cf_backup_header *header,
                                      uint64_t *size, uint8_t note[CF_CHECKPOINT_SIZE_MAX],
                                      size_t *ret_note_size, struct cf_fault *reterr_fault)
{
    uint64_t before = *size, length;
    int first = fgetc(file);
    *size = 0;
    if (first == EOF)
        return ferror(file) ? CF_IO : CF_OK;
    ungetc(first, file);
    if (!cf_backup__get_number(file, 8, size) || !cf_backup__get_number(file, 2, &length) ||
        length > CF_CHECKPOINT_SIZE_MAX || !cf_backup__get(file, note, length) || *size <= before ||
        *size < header->from || *size > header->to)
        CF_FAIL(reterr_fault, CF_CORRUPT, "a checkpoint in the backup is damaged");
    *ret_note_size = length;
    return CF_OK;
}

/* The checkpoint for the size that the records have come to, if there is one. */
static enum cf_status check_checkpoint(struct look *look, struct cf_fault *reterr_fault)
{
    struct cf_checkpoint checkpoint;
    struct cf_hash root;
    if (look->size == 0 || look->size != look->frontier.size)
        return CF_OK;
    cf_frontier_root(&look->frontier, &root);
    enum cf_status status = cf_checkpoint_verify(
        cf_bytes_from(look->note, look->note_size), look->header->genesis.origin,
        cf_key_chain_at(&look->keys, look->size), 1, &checkpoint, NULL, reterr_fault);
    if (status == CF_NO_MEMORY)
        return status;
    if (status != CF_OK || checkpoint.size != look->size || !cf_hash_equal(&checkpoint.root, &root))
        CF_FAIL_ON(reterr_fault, CF_CORRUPT,
                   "a checkpoint in the backup did not sign these records", "size %llu",
                   (unsigned long long)look->size);
    return next_checkpoint(look->checkpoints, look->header, &look->size, look->note,
                           &look->note_size, reterr_fault);
}

/* Which keys have signed what is there already. */
static enum cf_status follow_log(struct look *look, struct cf_log *log,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    return cf_key_chain_walk(&look->keys, view, look->header->from, reterr_fault);
}

static enum cf_status pass_record(struct look *look, struct cf_bytes record,
                                  struct cf_fault *reterr_fault)
{
    struct cf_hash leaf;
    enum cf_status status =
        cf_key_chain_pass(&look->keys, look->frontier.size + 1, record, reterr_fault);
    if (status != CF_OK)
        return status == CF_DENIED ? CF_CORRUPT : status;
    cf_hash_leaf(record, &leaf);
    cf_frontier_add(&look->frontier, &leaf);
    return check_checkpoint(look, reterr_fault);
}

/* Goes to the checkpoints, which stand behind the records. */
static enum cf_status find_checkpoints(struct look *look, const char *path, struct batch *batch,
                                       struct cf_fault *reterr_fault)
{
    off_t begin = ftello(look->records);
    uint64_t left = look->header->to - look->header->from;
    for (; left > 0; left -= batch->count)
        CF_TRY(get_records(look->records, left, batch, reterr_fault));
    off_t end = ftello(look->records);
    look->checkpoints = fopen(path, "re");
    if (begin < 0 || end < 0 || look->checkpoints == NULL ||
        fseeko(look->checkpoints, end, SEEK_SET) != 0 ||
        fseeko(look->records, begin, SEEK_SET) != 0)
        return cf_backup__io_fault(path, "cannot read the backup twice", reterr_fault);
    return next_checkpoint(look->checkpoints, look->header, &look->size, look->note,
                           &look->note_size, reterr_fault);
}

/* Every record and every checkpoint. Leaves the file where the records begin. Without a log: one that
 * begins with them. */
static enum cf_status check_all(struct cf_log *log, FILE *file, const char *path,
                                const struct cf_backup_header *header,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(batch_clean_up) struct batch batch = {0};
    CF_CLEANUP(look_end) struct look *look = calloc(1, sizeof *look);
    if (look == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory to look at a backup");
    cf_buf_init(&batch.bytes, BATCH_SIZE_MAX);
    look->records = file;
    look->header = header;
    off_t begin = ftello(file);
    if (cf_key_chain_begin(&look->keys, &header->genesis) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the backup's log has no proper name", "%s", path);
    if (log != NULL) {
        look->frontier = *cf_log_frontier(log);
        CF_TRY(follow_log(look, log, reterr_fault));
    }
    CF_TRY(find_checkpoints(look, path, &batch, reterr_fault));
    CF_TRY(check_checkpoint(look, reterr_fault));
    while (look->frontier.size < header->to) {
        CF_TRY(get_records(file, header->to - look->frontier.size, &batch, reterr_fault));
        for (size_t i = 0; i < batch.count; i++)
            CF_TRY(pass_record(look, record_of(&batch, i), reterr_fault));
    }
    struct cf_hash root;
    cf_frontier_root(&look->frontier, &root);
    if (!cf_hash_equal(&root, &header->root_to))
        CF_FAIL_ON(reterr_fault, CF_CORRUPT,
                   "the backup's records are not those that it was made of", "%s", path);
    if (begin < 0 || fseeko(file, begin, SEEK_SET) != 0)
        return cf_backup__io_fault(path, "cannot read the backup twice", reterr_fault);
    return CF_OK;
}

/* --- Appending ------------------------------------------------------------------------------ */

static enum cf_status append_records(struct cf_log *log, FILE *file, uint64_t to,
                                     struct cf_fault *reterr_fault)
{
    CF_CLEANUP(batch_clean_up) struct batch batch = {0};
    cf_buf_init(&batch.bytes, BATCH_SIZE_MAX);
    while (cf_log_head(log) < to) {
        CF_TRY(get_records(file, to - cf_log_head(log), &batch, reterr_fault));
        struct cf_bytes records[CF_BACKUP_BATCH_RECORDS];
        for (size_t i = 0; i < batch.count; i++)
            records[i] = record_of(&batch, i);
        enum cf_status status = cf_log_append(log, records, batch.count, reterr_fault);
        if (status == CF_INVALID)
            return CF_CORRUPT;
        CF_TRY(status);
    }
    return CF_OK;
}

static enum cf_status keep_checkpoints(struct cf_log *log, FILE *file,
                                       const struct cf_backup_header *header,
                                       struct cf_fault *reterr_fault)
{
    uint8_t note[CF_CHECKPOINT_SIZE_MAX];
    size_t note_size;
    for (uint64_t size = 0;;) {
        CF_TRY(next_checkpoint(file, header, &size, note, &note_size, reterr_fault));
        if (size == 0)
            return CF_OK;
        CF_TRY(cf_log_checkpoint_keep(log, size, cf_bytes_from(note, note_size), reterr_fault));
        CF_TRY(cf_log_checkpoint_flush(log, reterr_fault));
    }
}

static enum cf_status follows(struct cf_log *log, const struct cf_backup_header *header,
                              struct cf_fault *reterr_fault)
{
    const struct cf_log_genesis *genesis = cf_log_genesis(log);
    struct cf_hash root;
    cf_frontier_root(cf_log_frontier(log), &root);
    if (strcmp(genesis->origin, header->genesis.origin) != 0 ||
        memcmp(genesis->key, header->genesis.key, sizeof genesis->key) != 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "the backup is of another log", "%s",
                   header->genesis.origin);
    if (cf_log_head(log) != header->from)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "the backup does not begin where the log ends",
                   "%llu records are there, it goes on from %llu",
                   (unsigned long long)cf_log_head(log), (unsigned long long)header->from);
    if (!cf_hash_equal(&root, &header->root_from))
        CF_FAIL(reterr_fault, CF_CONFLICT, "the backup goes on from other records");
    return CF_OK;
}

enum cf_status cf_backup_restore(const char *path, const char *directory,
                                 struct cf_backup_header *ret_header, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_backup__close) FILE *file = fopen(path, "re");
    if (file == NULL)
        return cf_backup__io_fault(path, "cannot open the backup", reterr_fault);
    struct cf_backup_header header;
    CF_TRY(cf_backup__get_header(file, path, &header, reterr_fault));
    char data[PATH_SIZE];
    snprintf(data, sizeof data, "%s/data.mdb", directory);
    bool present = access(data, F_OK) == 0;
    /* No log is made of a file that none can be restored from. */
    if (!present && header.from != 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "the backup does not begin where the log ends",
                   "there is no log, it goes on from %llu", (unsigned long long)header.from);
    if (!present)
        CF_TRY(check_all(NULL, file, path, &header, reterr_fault));
    const struct cf_log_options options = {
        .directory = directory, .create = &header.genesis, .reserve_size = RESERVE_SIZE};
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(cf_log_open(&options, &log, reterr_fault));
    CF_TRY(follows(log, &header, reterr_fault));
    if (present)
        CF_TRY(check_all(log, file, path, &header, reterr_fault));
    CF_TRY(append_records(log, file, header.to, reterr_fault));
    CF_TRY(keep_checkpoints(log, file, &header, reterr_fault));
    *ret_header = header;
    return CF_OK;
}
