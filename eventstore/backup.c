/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/backup_private.h"

#include "core/base/assert.h"
#include "core/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define MAGIC "coffer backup 1\n"
#define HEADER_SIZE_MAX 4096

void cf_backup__close(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

enum cf_status cf_backup__io_fault(const char *path, const char *text,
                                   struct cf_fault *reterr_fault)
{
    CF_FAIL_ON(reterr_fault, errno == ENOSPC ? CF_NO_SPACE : CF_IO, text, "%s: %s", path,
               strerror(errno));
}

static bool put(FILE *file, struct cf_bytes bytes)
{
    return fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
}

static bool put_number(FILE *file, uint64_t number, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    return put(file, cf_bytes_from(bytes, size));
}

bool cf_backup__get(FILE *file, void *ret_bytes, size_t size)
{
    return fread(ret_bytes, 1, size, file) == size;
}

bool cf_backup__get_number(FILE *file, size_t size, uint64_t *ret_number)
{
    uint8_t bytes[8];
    if (!cf_backup__get(file, bytes, size))
        return false;
    *ret_number = 0;
    for (size_t i = 0; i < size; i++)
        *ret_number = *ret_number << 8 | bytes[i];
    return true;
}

/* --- The header ------------------------------------------------------------------------------- */

static void write_hash(struct cf_wire_writer *writer, const struct cf_hash *hash)
{
    cf_wire_write_bytes(writer, cf_bytes_from(hash->bytes, CF_HASH_SIZE));
}

static bool put_header(FILE *file, const struct cf_backup_header *header)
{
    uint8_t bytes[HEADER_SIZE_MAX];
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_wire_write_array(&writer, 8);
    cf_wire_write_text(&writer, cf_bytes_from_text(header->genesis.origin));
    cf_wire_write_unsigned(&writer, header->genesis.clock);
    cf_wire_write_bytes(&writer, cf_bytes_from(header->genesis.key, sizeof header->genesis.key));
    cf_wire_write_unsigned(&writer, header->from);
    cf_wire_write_unsigned(&writer, header->to);
    write_hash(&writer, &header->root_from);
    write_hash(&writer, &header->root_to);
    cf_wire_write_array(&writer, (uint32_t)header->proof.count);
    for (size_t i = 0; i < header->proof.count; i++)
        write_hash(&writer, &header->proof.hashes[i]);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    return put(file, CF_BYTES_LITERAL(MAGIC)) && put_number(file, writer.size, 2) &&
           put(file, cf_bytes_from(bytes, writer.size));
}

static enum cf_status read_exact(struct cf_wire_cursor *cursor, void *ret_bytes, size_t size,
                                 struct cf_fault *reterr_fault)
{
    struct cf_bytes bytes;
    CF_TRY(cf_wire_read_bytes(cursor, size, &bytes, reterr_fault));
    if (bytes.size != size)
        CF_FAIL(reterr_fault, CF_CORRUPT, "a field of the backup's header has a wrong size");
    memcpy(ret_bytes, bytes.data, size);
    return CF_OK;
}

static enum cf_status header_parse(struct cf_bytes bytes, struct cf_backup_header *ret_header,
                                   struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_CANONICAL);
    struct cf_backup_header header = {0};
    struct cf_bytes origin;
    uint64_t clock;
    uint32_t hashes;
    CF_TRY(cf_wire_expect_array(&cursor, 8, reterr_fault));
    CF_TRY(cf_wire_read_text(&cursor, CF_ORIGIN_SIZE_MAX, &origin, reterr_fault));
    memcpy(header.genesis.origin, origin.data, origin.size);
    CF_TRY(cf_wire_read_unsigned(&cursor, CF_LOG_CLOCK_SIMULATED, &clock, reterr_fault));
    header.genesis.clock = (enum cf_log_clock)clock;
    CF_TRY(read_exact(&cursor, header.genesis.key, sizeof header.genesis.key, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(&cursor, UINT64_MAX, &header.from, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(&cursor, UINT64_MAX, &header.to, reterr_fault));
    CF_TRY(read_exact(&cursor, header.root_from.bytes, CF_HASH_SIZE, reterr_fault));
    CF_TRY(read_exact(&cursor, header.root_to.bytes, CF_HASH_SIZE, reterr_fault));
    CF_TRY(cf_wire_read_array(&cursor, CF_PROOF_HASHES_MAX, &hashes, reterr_fault));
    for (; header.proof.count < hashes; header.proof.count++)
        CF_TRY(read_exact(&cursor, header.proof.hashes[header.proof.count].bytes, CF_HASH_SIZE,
                          reterr_fault));
    CF_TRY(cf_wire_finish(&cursor, reterr_fault));
    if (origin.size == 0 || clock == 0 || header.from > header.to ||
        !cf_tree_verify_consistency(header.from, header.to, &header.root_from, &header.root_to,
                                    &header.proof))
        CF_FAIL(reterr_fault, CF_CORRUPT, "the backup's header contradicts itself");
    *ret_header = header;
    return CF_OK;
}

enum cf_status cf_backup__get_header(FILE *file, const char *path,
                                     struct cf_backup_header *ret_header,
                                     struct cf_fault *reterr_fault)
{
    char magic[sizeof MAGIC - 1];
    uint8_t bytes[HEADER_SIZE_MAX];
    uint64_t size;
    if (!cf_backup__get(file, magic, sizeof magic) || memcmp(magic, MAGIC, sizeof magic) != 0)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "not a backup", "%s", path);
    if (!cf_backup__get_number(file, 2, &size) || size > sizeof bytes ||
        !cf_backup__get(file, bytes, size))
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the backup's header is cut short", "%s", path);
    return header_parse(cf_bytes_from(bytes, size), ret_header, reterr_fault);
}

enum cf_status cf_backup_read_header(const char *path, struct cf_backup_header *ret_header,
                                     struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_backup__close) FILE *file = fopen(path, "re");
    if (file == NULL)
        return cf_backup__io_fault(path, "cannot open the backup", reterr_fault);
    return cf_backup__get_header(file, path, ret_header, reterr_fault);
}

/* --- Writing ---------------------------------------------------------------------------------- */

static enum cf_status make_header(struct cf_log *log, uint64_t from,
                                  struct cf_backup_header *ret_header,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    struct cf_backup_header header = {
        .genesis = *cf_log_genesis(log), .from = from, .to = cf_log_view_size(view)};
    if (from > header.to)
        CF_FAIL_ON(reterr_fault, CF_RANGE, "the log is shorter than the backup to go on from",
                   "%llu records, not %llu", (unsigned long long)header.to,
                   (unsigned long long)from);
    struct cf_tree_source tree = cf_log_view_tree(view);
    CF_TRY(cf_tree_root(tree, from, &header.root_from, reterr_fault));
    CF_TRY(cf_tree_root(tree, header.to, &header.root_to, reterr_fault));
    CF_TRY(cf_tree_prove_consistency(tree, from, header.to, &header.proof, reterr_fault));
    *ret_header = header;
    return CF_OK;
}

/* One short view: a long one would keep the writer from growing its map. */
static enum cf_status put_records(struct cf_log *log, FILE *file, const char *path, uint64_t first,
                                  uint64_t last, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    for (uint64_t sequence = first; sequence <= last; sequence++) {
        struct cf_log_entry entry;
        enum cf_status status = cf_log_view_entry(view, sequence, &entry, reterr_fault);
        if (status == CF_NOT_FOUND)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the log misses a record", "sequence %llu",
                       (unsigned long long)sequence);
        CF_TRY(status);
        if (!put_number(file, entry.record.size, 2) || !put(file, entry.record))
            return cf_backup__io_fault(path, "cannot write the backup", reterr_fault);
    }
    return CF_OK;
}

static enum cf_status put_checkpoints(struct cf_log *log, FILE *file, const char *path,
                                      const struct cf_backup_header *header,
                                      struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    /* From the size that it goes on from: that one's checkpoint was stored later than the size. */
    uint64_t size = header->from == 0 ? 0 : header->from - 1;
    for (;;) {
        struct cf_bytes note;
        enum cf_status status =
            cf_log_view_checkpoint_after(view, size + 1, &size, &note, reterr_fault);
        if (status == CF_NOT_FOUND || (status == CF_OK && size > header->to))
            return CF_OK;
        CF_TRY(status);
        if (!put_number(file, size, 8) || !put_number(file, note.size, 2) || !put(file, note))
            return cf_backup__io_fault(path, "cannot write the backup", reterr_fault);
    }
}

enum cf_status cf_backup_write(struct cf_log *log, uint64_t from, const char *path,
                               struct cf_backup_header *ret_header, struct cf_fault *reterr_fault)
{
    struct cf_backup_header header;
    CF_TRY(make_header(log, from, &header, reterr_fault));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "the backup's file is there already", "%s", path);
    CF_CLEANUP(cf_backup__close) FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL)
        return cf_backup__io_fault(path, "cannot make the backup's file", reterr_fault);
    if (!put_header(file, &header))
        return cf_backup__io_fault(path, "cannot write the backup", reterr_fault);
    for (uint64_t first = from + 1; first <= header.to; first += CF_BACKUP_BATCH_RECORDS) {
        uint64_t last = header.to - first < CF_BACKUP_BATCH_RECORDS
                            ? header.to
                            : first + CF_BACKUP_BATCH_RECORDS - 1;
        CF_TRY(put_records(log, file, path, first, last, reterr_fault));
    }
    CF_TRY(put_checkpoints(log, file, path, &header, reterr_fault));
    if (fflush(file) != 0 || fsync(fd) != 0)
        return cf_backup__io_fault(path, "cannot write the backup", reterr_fault);
    *ret_header = header;
    return CF_OK;
}
