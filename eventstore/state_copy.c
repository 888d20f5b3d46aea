/* SPDX-License-Identifier: Apache-2.0 */
/* A state's files: copies, made beside its running, and the last one put in its place. */
#include "eventstore/durable.h"
#include "eventstore/state_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct cf_state_path cf_state_path_of(const char *directory, const char *name)
{
    struct cf_state_path path;
    snprintf(path.text, sizeof path.text, "%s/%s", directory, name);
    return path;
}

enum cf_status cf_state_make_directory(const char *path, struct cf_fault *reterr_fault)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot make a directory", "%s: %s", path, strerror(errno));
    return CF_OK;
}

enum cf_status cf_state_copy(struct cf_state *state, struct cf_fault *reterr_fault)
{
    struct cf_state_path kept = cf_state_path_of(state->directory, "copy"),
                         fresh = cf_state_path_of(state->directory, "copy.new");
    struct cf_state_path kept_file = cf_state_path_of(state->directory, "copy/data.mdb"),
                         fresh_file = cf_state_path_of(state->directory, "copy.new/data.mdb");
    CF_TRY(cf_state_make_directory(kept.text, reterr_fault));
    CF_TRY(cf_state_make_directory(fresh.text, reterr_fault));
    if (unlink(fresh_file.text) != 0 && errno != ENOENT)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot remove an unfinished copy", "%s: %s",
                   fresh_file.text, strerror(errno));
    CF_TRY(cf_lmdb_copy(state->store.env, fresh.text, reterr_fault));
    CF_TRY(cf_durable_sync(fresh_file.text, reterr_fault));
    return cf_durable_rename(fresh_file.text, kept_file.text, reterr_fault);
}

static void *copy(void *context)
{
    struct cf_state *state = context;
    /* A copy that fails leaves the last one, and the log, from which everything can be made again. */
    enum cf_status status = cf_state_copy(state, NULL);
    (void)status;
    atomic_store(&state->copying, false);
    return NULL;
}

void cf_state_copy_finish(struct cf_state *state)
{
    if (state->copy_started)
        pthread_join(state->copier, NULL);
    state->copy_started = false;
}

void cf_state_copy_after(struct cf_state *state, uint64_t record_count)
{
    /* A large state is copied less often: each copy reads and writes all of it. */
    uint64_t due = state->copied / 2 > record_count ? state->copied / 2 : record_count;
    if (state->copy_every == 0 || state->sequence - state->copied < due ||
        atomic_load(&state->copying))
        return;
    cf_state_copy_finish(state);
    state->copied = state->sequence;
    atomic_store(&state->copying, true);
    state->copy_started = pthread_create(&state->copier, NULL, copy, state) == 0;
    if (!state->copy_started)
        atomic_store(&state->copying, false);
}

void cf_state_idle(struct cf_state *state)
{
    cf_state_copy_after(state, state->copy_every);
}

enum cf_status cf_state_copy_restore(const char *directory, struct cf_fault *reterr_fault)
{
    struct cf_state_path from = cf_state_path_of(directory, "copy/data.mdb"),
                         to = cf_state_path_of(directory, "data.mdb");
    CF_CLEANUP(cf_scope_close) int source = open(from.text, O_RDONLY | O_CLOEXEC);
    if (source < 0 && errno == ENOENT)
        return CF_NOT_FOUND;
    CF_CLEANUP(cf_scope_close)
    int target = open(to.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (source < 0 || target < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot open the state's copy", "%s: %s", from.text,
                   strerror(errno));
    ssize_t moved;
    do
        moved = copy_file_range(source, NULL, target, NULL, (size_t)1 << 30, 0);
    while (moved > 0);
    if (moved < 0)
        CF_FAIL_ON(reterr_fault, errno == ENOSPC ? CF_NO_SPACE : CF_IO,
                   "cannot bring the state's copy back", "%s: %s", from.text, strerror(errno));
    return CF_OK;
}
