/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/log_private.h"

#include "core/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

/* --- Rows ------------------------------------------------------------------------------------- */

static enum cf_status row_append(struct cf_log *log, struct cf_lmdb_txn *txn,
                                 struct cf_frontier *frontier, struct cf_bytes record,
                                 struct cf_fault *reterr_fault)
{
    struct cf_hash leaf, nodes[CF_TREE_LEVELS + 1];
    size_t nodes_size = cf_tree_completed_count(frontier->size) * CF_HASH_SIZE;
    cf_hash_leaf(record, &leaf);
    cf_frontier_append(frontier, &leaf, nodes);

    uint8_t *row;
    CF_TRY(cf_lmdb_append(txn, log->records, cf_log__key(&frontier->size),
                          CF_ROW_PREFIX + record.size + nodes_size, &row, reterr_fault));
    row[0] = (uint8_t)(record.size >> 8);
    row[1] = (uint8_t)record.size;
    memcpy(row + CF_ROW_PREFIX, record.data, record.size);
    memcpy(row + CF_ROW_PREFIX + record.size, nodes, nodes_size);
    return CF_OK;
}

/* --- Opening and closing ---------------------------------------------------------------------- */

static enum cf_status meta_put(struct cf_log *log, struct cf_lmdb_txn *txn, const char *name,
                               struct cf_bytes value, struct cf_fault *reterr_fault)
{
    return cf_lmdb_put(txn, log->meta, cf_bytes_from_text(name), value, reterr_fault);
}

static enum cf_status genesis_write(struct cf_log *log, struct cf_lmdb_txn *txn,
                                    const struct cf_log_genesis *genesis,
                                    struct cf_fault *reterr_fault)
{
    uint8_t format = CF_LOG_FORMAT, clock = (uint8_t)genesis->clock;
    CF_TRY(meta_put(log, txn, "format", cf_bytes_from(&format, 1), reterr_fault));
    CF_TRY(meta_put(log, txn, "origin", cf_bytes_from_text(genesis->origin), reterr_fault));
    CF_TRY(meta_put(log, txn, "clock", cf_bytes_from(&clock, 1), reterr_fault));
    return meta_put(log, txn, "key", cf_bytes_from(genesis->key, sizeof genesis->key),
                    reterr_fault);
}

static enum cf_status meta_get(struct cf_log *log, struct cf_lmdb_txn *txn, const char *name,
                               size_t size_min, size_t size_max, struct cf_bytes *ret_value,
                               struct cf_fault *reterr_fault)
{
    enum cf_status status =
        cf_lmdb_get(txn, log->meta, cf_bytes_from_text(name), ret_value, reterr_fault);
    if (status == CF_NOT_FOUND ||
        (status == CF_OK && (ret_value->size < size_min || ret_value->size > size_max)))
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the log's meta row is missing or damaged", "%s",
                   name);
    return status;
}

static enum cf_status genesis_read(struct cf_log *log, struct cf_lmdb_txn *txn,
                                   struct cf_fault *reterr_fault)
{
    struct cf_log_genesis genesis = {0};
    struct cf_bytes value;
    CF_TRY(meta_get(log, txn, "format", 1, 1, &value, reterr_fault));
    if (value.data[0] != CF_LOG_FORMAT)
        CF_FAIL_ON(reterr_fault, CF_UNSUPPORTED, "the log has another format", "%u", value.data[0]);
    CF_TRY(meta_get(log, txn, "origin", 1, CF_ORIGIN_SIZE_MAX, &value, reterr_fault));
    memcpy(genesis.origin, value.data, value.size);
    CF_TRY(meta_get(log, txn, "clock", 1, 1, &value, reterr_fault));
    if (value.data[0] != CF_LOG_CLOCK_REAL && value.data[0] != CF_LOG_CLOCK_SIMULATED)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the log's kind of clock is damaged");
    genesis.clock = (enum cf_log_clock)value.data[0];
    CF_TRY(
        meta_get(log, txn, "key", CF_SIGN_PUBLIC_SIZE, CF_SIGN_PUBLIC_SIZE, &value, reterr_fault));
    memcpy(genesis.key, value.data, value.size);
    log->genesis = genesis;
    return CF_OK;
}

static enum cf_status tables_open(struct cf_log *log, struct cf_lmdb_txn *txn,
                                  struct cf_fault *reterr_fault)
{
    CF_TRY(cf_lmdb_table_open(txn, "records", true, &log->records, reterr_fault));
    CF_TRY(cf_lmdb_table_open(txn, "checkpoints", true, &log->checkpoints, reterr_fault));
    return cf_lmdb_table_open(txn, "meta", false, &log->meta, reterr_fault);
}

static enum cf_status create(struct cf_log *log, const struct cf_log_options *options,
                             struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_write(log->env, &txn, reterr_fault));
    CF_TRY(tables_open(log, txn, reterr_fault));
    struct cf_bytes present;
    enum cf_status status =
        cf_lmdb_get(txn, log->meta, CF_BYTES_LITERAL("format"), &present, reterr_fault);
    if (status == CF_OK)
        return cf_lmdb_commit(&txn, reterr_fault); /* wrote nothing; makes the handles last */
    if (status != CF_NOT_FOUND)
        return status;
    if (options->create == NULL)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "there is no log", "%s", options->directory);
    CF_TRY(genesis_write(log, txn, options->create, reterr_fault));
    return cf_lmdb_commit(&txn, reterr_fault);
}

static enum cf_status load(struct cf_log *log, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_read(log->env, &txn, reterr_fault));
    if (log->read_only) {
        CF_TRY(tables_open(log, txn, reterr_fault));
        CF_TRY(genesis_read(log, txn, reterr_fault));
        /* Ends by commit, which is what makes the handles last. */
        return cf_lmdb_commit(&txn, reterr_fault);
    }
    CF_TRY(genesis_read(log, txn, reterr_fault));
    struct cf_log_view view = {.log = log, .txn = txn};
    CF_TRY(cf_log__size(log, txn, &view.size, reterr_fault));
    CF_TRY(cf_tree_frontier(cf_log_view_tree(&view), view.size, &log->frontier, reterr_fault));
    atomic_store(&log->head, view.size);
    return CF_OK;
}

static enum cf_status lock(struct cf_log *log, const char *directory, struct cf_fault *reterr_fault)
{
    char path[4096];
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot make the log's directory", "%s: %s", directory,
                   strerror(errno));
    if (snprintf(path, sizeof path, "%s/writer.lock", directory) >= (int)sizeof path)
        CF_FAIL(reterr_fault, CF_INVALID, "the log's path is too long");
    log->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (log->lock_fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot open the writer's lock", "%s: %s", path,
                   strerror(errno));
    if (flock(log->lock_fd, LOCK_EX | LOCK_NB) != 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "another writer has this log open", "%s", path);
    return CF_OK;
}

enum cf_status cf_log_open(const struct cf_log_options *options, struct cf_log **ret_log,
                           struct cf_fault *reterr_fault)
{
    CF_ASSERT(options->directory != NULL && !(options->read_only && options->create != NULL));
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the log");
    log->lock_fd = -1;
    log->read_only = options->read_only;
    cf_buf_init(&log->waiting, CF_CHECKPOINT_SIZE_MAX);
    CF_TRY(cf_node_cache_make(&log->nodes, reterr_fault));
    if (!options->read_only)
        CF_TRY(lock(log, options->directory, reterr_fault));
    const struct cf_lmdb_options env_options = {
        .directory = options->directory,
        .read_only = options->read_only,
        .table_count_max = 3,
        .step_size = options->step_size,
        .reserve_size = options->reserve_size,
    };
    CF_TRY(cf_lmdb_open(&env_options, &log->env, reterr_fault));
    if (!options->read_only)
        CF_TRY(create(log, options, reterr_fault));
    CF_TRY(load(log, reterr_fault));
    *ret_log = CF_TAKE(log);
    return CF_OK;
}

void cf_log_close(struct cf_log *log)
{
    if (log == NULL)
        return;
    if (log->waiting_size != 0 && !log->failed) {
        /* The records are durable; a lost checkpoint is signed again at the next start. */
        enum cf_status status = cf_log_checkpoint_flush(log, NULL);
        (void)status;
    }
    cf_buf_clean_up(&log->waiting);
    cf_lmdb_close(log->env);
    cf_node_cache_free(log->nodes);
    cf_scope_close(&log->lock_fd);
    free(log);
}

const struct cf_log_genesis *cf_log_genesis(const struct cf_log *log)
{
    return &log->genesis;
}

uint64_t cf_log_head(const struct cf_log *log)
{
    CF_ASSERT(!log->read_only);
    return atomic_load(&log->head);
}

const struct cf_frontier *cf_log_frontier(const struct cf_log *log)
{
    CF_ASSERT(!log->read_only);
    return &log->frontier;
}

bool cf_log_failed(const struct cf_log *log)
{
    return log->failed;
}

/* --- Appending -------------------------------------------------------------------------------- */

static enum cf_status batch_size(const struct cf_bytes *records, size_t count, uint64_t *ret_size,
                                 struct cf_fault *reterr_fault)
{
    uint64_t size = CF_CHECKPOINT_SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (records[i].size == 0 || records[i].size > CF_RECORD_SIZE_MAX)
            CF_FAIL_ON(reterr_fault, CF_INVALID, "a record has 1 to 65,535 bytes", "%zu bytes",
                       records[i].size);
        /* Two nodes on average; a long record fills pages of its own. */
        size += records[i].size + 2 * CF_HASH_SIZE + 24 + (records[i].size > 1024 ? 4096 : 0);
    }
    *ret_size = size;
    return CF_OK;
}

static enum cf_status waiting_put(struct cf_log *log, struct cf_lmdb_txn *txn,
                                  struct cf_fault *reterr_fault)
{
    if (log->waiting_size == 0)
        return CF_OK;
    return cf_lmdb_put(txn, log->checkpoints, cf_log__key(&log->waiting_size),
                       cf_buf_bytes(&log->waiting), reterr_fault);
}

static enum cf_status commit(struct cf_log *log, struct cf_lmdb_txn **txn,
                             struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_lmdb_commit(txn, reterr_fault);
    if (status != CF_OK)
        log->failed = true;
    else
        log->waiting_size = 0;
    return status;
}

static enum cf_status refuse_failed(const struct cf_log *log, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!log->read_only);
    if (log->failed)
        CF_FAIL(reterr_fault, CF_IO, "a commit of this log has failed: start again and recover");
    return CF_OK;
}

enum cf_status cf_log_append(struct cf_log *log, const struct cf_bytes *records, size_t count,
                             struct cf_fault *reterr_fault)
{
    CF_ASSERT(count > 0);
    CF_TRY(refuse_failed(log, reterr_fault));
    uint64_t size;
    CF_TRY(batch_size(records, count, &size, reterr_fault));
    CF_TRY(cf_lmdb_reserve(log->env, size, reterr_fault));

    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_write(log->env, &txn, reterr_fault));
    struct cf_frontier frontier = log->frontier;
    for (size_t i = 0; i < count; i++)
        CF_TRY(row_append(log, txn, &frontier, records[i], reterr_fault));
    CF_TRY(waiting_put(log, txn, reterr_fault));
    CF_TRY(commit(log, &txn, reterr_fault));

    CF_ASSERT(frontier.size == log->frontier.size + count);
    log->frontier = frontier;
    atomic_store(&log->head, frontier.size);
    return CF_OK;
}

enum cf_status cf_log_checkpoint_keep(struct cf_log *log, uint64_t size, struct cf_bytes note,
                                      struct cf_fault *reterr_fault)
{
    CF_TRY(refuse_failed(log, reterr_fault));
    CF_ASSERT(size > 0 && size <= log->frontier.size);
    if (note.size > CF_CHECKPOINT_SIZE_MAX)
        CF_FAIL(reterr_fault, CF_RANGE, "the checkpoint is too long");
    if (log->waiting_size != size)
        CF_TRY(cf_log_checkpoint_flush(log, reterr_fault));
    cf_buf_clear(&log->waiting);
    log->waiting_size = 0;
    if (cf_buf_append(&log->waiting, note) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a checkpoint");
    log->waiting_size = size;
    return CF_OK;
}

enum cf_status cf_log_checkpoint_flush(struct cf_log *log, struct cf_fault *reterr_fault)
{
    CF_TRY(refuse_failed(log, reterr_fault));
    if (log->waiting_size == 0)
        return CF_OK;
    CF_TRY(cf_lmdb_reserve(log->env, CF_CHECKPOINT_SIZE_MAX, reterr_fault));
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_write(log->env, &txn, reterr_fault));
    CF_TRY(waiting_put(log, txn, reterr_fault));
    return commit(log, &txn, reterr_fault);
}
