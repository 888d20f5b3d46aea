/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a state comes up to date: what is there is kept if it can be trusted, else its last copy,
 * else nothing; the rest is replayed from the log.
 *
 * After an unclean stop of the machine any page may be torn, and LMDB would walk into it. So the
 * mark that tells is a file of its own, looked at before LMDB opens anything.
 */
#include "core/base/assert.h"
#include "core/fold.h"
#include "eventstore/durable.h"
#include "eventstore/state.h"
#include "eventstore/state_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#define REPLAY_BATCH 16384

/* --- The mark --------------------------------------------------------------------------------- */

/* In place and of one size, so that it needs no space on a full disk. A torn mark equals nothing, and
 * the state is then made again. */
enum cf_status cf_state_mark_write(const char *directory, const char *mark,
                                   struct cf_fault *reterr_fault)
{
    struct cf_state_path path = cf_state_path_of(directory, "mark");
    char bytes[CF_STATE_MARK_SIZE] = {0};
    snprintf(bytes, sizeof bytes, "%s", mark);
    CF_CLEANUP(cf_scope_close) int fd = open(path.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || pwrite(fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes || fsync(fd) != 0)
        CF_FAIL_ON(reterr_fault, errno == ENOSPC ? CF_NO_SPACE : CF_IO,
                   "cannot write the state's mark", "%s: %s", path.text, strerror(errno));
    return cf_durable_sync(directory, reterr_fault);
}

/* Empty where there is none. */
static void mark_read(const char *directory, char ret_mark[CF_STATE_MARK_SIZE])
{
    struct cf_state_path path = cf_state_path_of(directory, "mark");
    CF_CLEANUP(cf_scope_close) int fd = open(path.text, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, ret_mark, CF_STATE_MARK_SIZE - 1);
    ret_mark[size < 0 ? 0 : size] = '\0'; /* and one behind the text, where it is shorter */
}

/* The kernel's name for this run of the machine; empty where it does not say, which equals nothing.
 */
static void boot_id_read(char ret_id[CF_STATE_MARK_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, ret_id, CF_STATE_MARK_SIZE - 1);
    cf_scope_close(&fd);
    ret_id[size < 0 ? 0 : size] = '\0';
    ret_id[strcspn(ret_id, "\n")] = '\0';
}

/* --- What is there ---------------------------------------------------------------------------- */

static enum cf_status discard(const char *directory, struct cf_fault *reterr_fault)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 2; i++) {
        struct cf_state_path path = cf_state_path_of(directory, names[i]);
        if (unlink(path.text) != 0 && errno != ENOENT)
            CF_FAIL_ON(reterr_fault, CF_IO, "cannot remove an old state", "%s: %s", path.text,
                       strerror(errno));
    }
    return CF_OK;
}

enum cf_status cf_state_applied_read(struct cf_tables *store, struct cf_lmdb_txn *txn,
                                     struct cf_state_applied *ret_applied,
                                     struct cf_fault *reterr_fault)
{
    struct cf_bytes value;
    *ret_applied = (struct cf_state_applied){0};
    enum cf_status status = cf_lmdb_get(txn, store->tables[CF_STATE_meta],
                                        CF_BYTES_LITERAL("applied"), &value, reterr_fault);
    if (status != CF_OK)
        return status == CF_NOT_FOUND ? CF_OK : status;
    if (value.size != sizeof *ret_applied)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the state does not say what it is a state of");
    memcpy(ret_applied, value.data, sizeof *ret_applied);
    return CF_OK;
}

static bool has_our_layout(const struct cf_state_applied *applied)
{
    return applied->layout_version == CF_STATE_LAYOUT_VERSION &&
           applied->book_layout_version == CF_BOOK_LAYOUT_VERSION;
}

/* Why the opened store cannot be built upon; NULL when it can. Fails only where the log fails. */
static enum cf_status judge(struct cf_state *state, const struct cf_state_options *options,
                            const char **ret_objection, struct cf_fault *reterr_fault)
{
    struct cf_state_applied applied;
    struct cf_lmdb_txn *txn = NULL;
    enum cf_status status = cf_lmdb_begin_read(state->store.env, &txn, reterr_fault);
    if (status == CF_OK)
        status = cf_state_applied_read(&state->store, txn, &applied, reterr_fault);
    cf_lmdb_abort(&txn);
    *ret_objection = "its tables are damaged";
    if (status != CF_OK)
        return status == CF_CORRUPT ? CF_OK : status;

    *ret_objection = NULL;
    state->sequence = applied.sequence;
    if (applied.sequence == 0)
        return CF_OK;
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(options->log, &view, reterr_fault));
    struct cf_hash root;
    if (!has_our_layout(&applied)) {
        *ret_objection = "its layout has another version";
    } else if (applied.sequence > cf_log_view_size(view)) {
        *ret_objection = "it is ahead of the log";
    } else {
        CF_TRY(cf_tree_root(cf_log_view_tree(view), applied.sequence, &root, reterr_fault));
        if (!cf_hash_equal(&root, &applied.root))
            *ret_objection = "it belongs to another log";
    }
    return CF_OK;
}

/* Opens what is there; an objection closes it again. */
static enum cf_status open_store(struct cf_state *state, const struct cf_state_options *options,
                                 const char **ret_objection, struct cf_fault *reterr_fault)
{
    const struct cf_lmdb_options env_options = {
        .directory = options->directory,
        .derived = true,
        .table_count_max = CF_STATE_TABLE_COUNT,
        .step_size = options->step_size,
        .reserve_size = options->reserve_size,
    };
    enum cf_status status = cf_tables_open(&state->store, &env_options, reterr_fault);
    if (status == CF_CORRUPT || status == CF_UNSUPPORTED) {
        *ret_objection = "LMDB cannot read it";
        return CF_OK;
    }
    CF_TRY(status);
    CF_TRY(judge(state, options, ret_objection, reterr_fault));
    if (*ret_objection != NULL) {
        cf_tables_close(&state->store);
        state->sequence = 0;
    }
    return CF_OK;
}

/* --- Catching up ------------------------------------------------------------------------------ */

static enum cf_status replay_one(struct cf_state *state, struct cf_log_walk *walk,
                                 struct cf_fault *reterr_fault)
{
    struct cf_log_entry entry;
    struct cf_record record;
    struct cf_event event;
    enum cf_status status = cf_log_walk_next(walk, &entry, reterr_fault);
    if (status == CF_NOT_FOUND)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the log ends before its head", "sequence %llu",
                   (unsigned long long)state->sequence_batch + 1);
    CF_TRY(status);
    CF_TRY(cf_record_decode(entry.record, &record, reterr_fault));
    if (state->half != CF_STATE_INDEXES)
        CF_TRY(cf_record_event(&record, &event, reterr_fault));
    if (record.command != 0)
        CF_TRY(cf_state_next_command(state, reterr_fault));
    return cf_state_apply(state, &record, &event, reterr_fault);
}

/* Applies the records up to `last`, read in one view, to the batch that is open. */
static enum cf_status replay_records(struct cf_state *state, struct cf_log *log, uint64_t last,
                                     _Atomic uint64_t *progress, struct cf_hash *ret_root,
                                     struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    CF_TRY(cf_log_walk_begin(view, state->sequence + 1, &walk, reterr_fault));
    while (state->sequence_batch < last) {
        uint64_t sequence = state->sequence_batch + 1;
        enum cf_status status = replay_one(state, walk, reterr_fault);
        if (status != CF_OK) {
            if (reterr_fault != NULL && reterr_fault->detail[0] == '\0')
                cf_fault_detail(reterr_fault, "sequence %llu", (unsigned long long)sequence);
            return status;
        }
        if (progress != NULL)
            atomic_store_explicit(progress, sequence, memory_order_relaxed);
    }
    return cf_tree_root(cf_log_view_tree(view), last, ret_root, reterr_fault);
}

/* The state's batch is begun before the log is looked at, as the writer does it: one order of locks. */
static enum cf_status replay_batch(struct cf_state *state, struct cf_log *log, uint64_t last,
                                   _Atomic uint64_t *progress, struct cf_fault *reterr_fault)
{
    struct cf_hash root;
    CF_TRY(cf_state_begin(state, (size_t)(last - state->sequence), reterr_fault));
    enum cf_status status = replay_records(state, log, last, progress, &root, reterr_fault);
    if (status != CF_OK) {
        cf_state_abort(state);
        return status;
    }
    return cf_state_commit(state, &root, reterr_fault);
}

static enum cf_status head_read(struct cf_log *log, uint64_t *ret_head,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    *ret_head = cf_log_view_size(view);
    return CF_OK;
}

static enum cf_status catch_up(struct cf_state *state, const struct cf_state_options *options,
                               uint64_t *ret_replayed, struct cf_fault *reterr_fault)
{
    uint64_t began = state->sequence;
    uint64_t head = 0;
    CF_TRY(head_read(options->log, &head, reterr_fault));
    if (options->sequence_max != 0 && options->sequence_max < head)
        head = options->sequence_max;
    while (state->sequence < head) {
        uint64_t last =
            head - state->sequence > REPLAY_BATCH ? state->sequence + REPLAY_BATCH : head;
        CF_TRY(replay_batch(state, options->log, last, options->progress, reterr_fault));
    }
    *ret_replayed = state->sequence - began;
    return CF_OK;
}

/* --- Opening and closing ---------------------------------------------------------------------- */

/* Leaves a store that can be built upon, if only an empty one. */
static enum cf_status settle_store(struct cf_state *state, const struct cf_state_options *options,
                                   const char *boot_id, struct cf_state_start *start,
                                   struct cf_fault *reterr_fault)
{
    char mark[CF_STATE_MARK_SIZE];
    mark_read(options->directory, mark);
    bool trusted =
        strcmp(mark, CF_STATE_MARK_CLEAN) == 0 || (mark[0] != '\0' && strcmp(mark, boot_id) == 0);
    struct cf_state_path data = cf_state_path_of(options->directory, "data.mdb");
    if (trusted)
        CF_TRY(open_store(state, options, &start->discarded, reterr_fault));
    else if (access(data.text, F_OK) == 0)
        start->discarded = "the machine stopped while it was open";
    if (state->store.env != NULL)
        return CF_OK;

    CF_TRY(discard(options->directory, reterr_fault));
    enum cf_status status = cf_state_copy_restore(options->directory, reterr_fault);
    if (status != CF_OK && status != CF_NOT_FOUND)
        return status;
    const char *objection = NULL;
    if (status == CF_OK) {
        CF_TRY(open_store(state, options, &objection, reterr_fault));
        start->from_copy = objection == NULL && state->sequence > 0;
        if (objection == NULL)
            return CF_OK;
        CF_TRY(discard(options->directory, reterr_fault));
    }
    objection = NULL;
    CF_TRY(open_store(state, options, &objection, reterr_fault));
    CF_ASSERT(objection == NULL);
    return CF_OK;
}

enum cf_status cf_state_open(const struct cf_state_options *options, struct cf_state **ret_state,
                             struct cf_state_start *ret_start, struct cf_fault *reterr_fault)
{
    CF_ASSERT(options->directory != NULL && options->log != NULL);
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the state");
    state->evolve = options->evolve != NULL ? options->evolve : cf_fold;
    state->half = options->half;
    cf_state_book_init(&state->book, &state->store);
    CF_TRY(cf_state_make_directory(options->directory, reterr_fault));

    char boot_id[CF_STATE_MARK_SIZE];
    if (options->boot_id != NULL)
        snprintf(boot_id, sizeof boot_id, "%s", options->boot_id);
    else
        boot_id_read(boot_id);
    struct cf_state_start start = {0};
    CF_TRY(settle_store(state, options, boot_id, &start, reterr_fault));
    CF_TRY(cf_state_mark_write(options->directory, boot_id, reterr_fault));
    CF_TRY(catch_up(state, options, &start.replayed, reterr_fault));

    /* From here on closing leaves the mark of a clean end. */
    state->directory = options->half == CF_STATE_WHOLE ? strdup(options->directory) : NULL;
    if (state->directory == NULL && options->half == CF_STATE_WHOLE)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the state");
    state->copy_every = options->copy_every;
    state->copied = state->sequence - start.replayed;
    *ret_state = CF_TAKE(state);
    *ret_start = start;
    return CF_OK;
}

static enum cf_status open_store_to_read(const char *directory, struct cf_state **ret_state,
                                         struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_state_close) struct cf_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the state");
    const struct cf_lmdb_options options = {
        .directory = directory, .read_only = true, .table_count_max = CF_STATE_TABLE_COUNT};
    enum cf_status status = cf_tables_open(&state->store, &options, reterr_fault);
    if (status == CF_NOT_FOUND) /* of its tables, one that this version has */
        CF_FAIL_ON(reterr_fault, CF_UNSUPPORTED, "its layout has another version", "%s", directory);
    CF_TRY(status);
    struct cf_state_applied applied = {0};
    struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_read(state->store.env, &txn, reterr_fault));
    status = cf_state_applied_read(&state->store, txn, &applied, reterr_fault);
    cf_lmdb_abort(&txn);
    CF_TRY(status);
    if (applied.sequence > 0 && !has_our_layout(&applied))
        CF_FAIL_ON(reterr_fault, CF_UNSUPPORTED, "its layout has another version", "%s", directory);
    *ret_state = CF_TAKE(state);
    return CF_OK;
}

enum cf_status cf_state_open_copy_to_read(const char *directory, struct cf_state **ret_state,
                                          struct cf_fault *reterr_fault)
{
    struct cf_state_path copy = cf_state_path_of(directory, "copy"),
                         file = cf_state_path_of(copy.text, "data.mdb");
    if (access(file.text, F_OK) != 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "there is no copy of the state", "%s", copy.text);
    return open_store_to_read(copy.text, ret_state, reterr_fault);
}

enum cf_status cf_state_open_to_read(const char *directory, struct cf_state **ret_state,
                                     struct cf_fault *reterr_fault)
{
    char mark[CF_STATE_MARK_SIZE], boot_id[CF_STATE_MARK_SIZE];
    struct cf_state_path file = cf_state_path_of(directory, "data.mdb");
    if (access(file.text, F_OK) != 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "there is no state", "%s", directory);
    mark_read(directory, mark);
    boot_id_read(boot_id);
    if (strcmp(mark, CF_STATE_MARK_CLEAN) != 0 && (mark[0] == '\0' || strcmp(mark, boot_id) != 0))
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the machine stopped while it was open", "%s",
                   directory);
    return open_store_to_read(directory, ret_state, reterr_fault);
}

void cf_state_close(struct cf_state *state)
{
    if (state == NULL)
        return;
    cf_tables_abort(&state->store);
    cf_state_copy_finish(state);
    /* Without the mark the next start makes the state again: slower, never wrong. */
    bool synced = state->directory != NULL && cf_lmdb_sync(state->store.env, NULL) == CF_OK;
    if (synced) {
        enum cf_status status = cf_state_mark_write(state->directory, CF_STATE_MARK_CLEAN, NULL);
        (void)status;
    }
    cf_tables_close(&state->store);
    free(state->directory);
    free(state);
}
