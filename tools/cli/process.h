/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_PROCESS_H
#define CF_TOOLS_CLI_PROCESS_H

/*
 * What the main programs of Coffer's processes share: they run until somebody asks them to stop,
 * and say when they are ready.
 *
 * "Ready" is a socket `ready.<name>` in the run directory that accepts connections; the supervisor
 * looks for it.
 */

#include "eventstore/data_dir.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct cf_process {
    const char *name; /* the subcommand; borrowed */
    struct cf_data_dir dir;
    sigset_t signals;            /* what cf_process_wait waits for */
    int ready_fd;                /* -1 before cf_process_ready */
    bool stopping;               /* a signal to stop was seen by cf_process_wait_for */
    void (*stop)(void *context); /* set by cf_process_on_stop, with its thread */
    void *stop_context;
    pthread_t stopper;
};

/*
 * Opens the data directory and blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD, so call it before the
 * first thread begins: all of them inherit that. Ignores SIGPIPE.
 */
CF_MUST_CHECK enum cf_status cf_process_begin(struct cf_process *process, const char *name,
                                              const char *data, struct cf_fault *reterr_fault);

/* The path of the socket that says that the process `name` is ready. */
struct cf_data_dir_url cf_process_ready_path(const struct cf_data_dir *dir, const char *name);

/* From now on the process counts as ready. */
CF_MUST_CHECK enum cf_status cf_process_ready(struct cf_process *process,
                                              struct cf_fault *reterr_fault);

/* Waits for a signal to stop. With a child (0 for none) also until that has ended: then false. */
bool cf_process_wait(struct cf_process *process, pid_t child);

/* Waits at most so long; true when there was a signal to stop, now or at an earlier call. */
bool cf_process_wait_for(struct cf_process *process, int timeout_ms);

/*
 * For a library's loop that blocks and is stopped from another thread: begins a thread that waits
 * for the signal and then calls stop(context), once. Without a signal cf_process_end makes that
 * call, so the context must live until then.
 */
CF_MUST_CHECK enum cf_status cf_process_on_stop(struct cf_process *process,
                                                void (*stop)(void *context), void *context,
                                                struct cf_fault *reterr_fault);

/* No longer ready, and the thread of cf_process_on_stop is gone. Accepts a process that had
 * neither. */
void cf_process_end(struct cf_process *process);

#endif
