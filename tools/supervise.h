/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SUPERVISE_H
#define CF_TOOLS_SUPERVISE_H

/*
 * Supervision: starts child processes in stages, starts again what dies, stops all of them in
 * order.
 *
 * Children of a stage start together; the next stage starts when each of them is ready, which means
 * that its socket accepts a connection. A child that ends before everything was ready once stops
 * the whole: what cannot start at all does not get better by trying, and it has said why on stderr.
 * After that, a child that ends is started again, at once the first time, then after a pause that
 * doubles up to CF_SUPERVISE_PAUSE_MS_MAX, and is forgotten after a minute without trouble.
 *
 * SIGINT, SIGTERM and SIGHUP stop the stages one after the other, the last one first: SIGTERM, then
 * SIGKILL for a child that takes longer than CF_SUPERVISE_STOP_MS_MAX. Children have process groups
 * of their own, so that Ctrl-C reaches only the supervisor, and get SIGTERM when it dies.
 */

#include "core/base/status.h"

#include <stddef.h>
#include <sys/types.h>

#define CF_SUPERVISE_PAUSE_MS_MAX 10000
#define CF_SUPERVISE_STOP_MS_MAX 10000

/* Borrowed during cf_supervise. */
struct cf_child {
    const char *name;        /* for messages */
    const char *const *argv; /* argv[0] is the program's path; ends with NULL */
    int stage;               /* 0 starts first and stops last */
    const char *socket_path; /* a Unix socket that accepts when the child is ready, or NULL */
    const char *tcp_port;    /* as socket_path, on the loopback address; decimal, or NULL */
};

struct cf_supervise_options {
    const struct cf_child *children; /* in the order of their stages */
    size_t child_count;
    int ready_timeout_ms;         /* for all stages together; then TIMEOUT */
    void (*ready)(void *context); /* called once, when everything is ready; may be NULL */
    void *context;
};

/*
 * Runs until SIGINT, SIGTERM or SIGHUP, then returns OK with every child gone. On failure every
 * child is gone too: CLOSED when a child ended during the start (*ret_exit is its exit code, or 128
 * and the signal's number), TIMEOUT when one did not become ready, IO. Blocks these signals and
 * SIGCHLD while it runs. Call it from a process with one thread.
 */
CF_MUST_CHECK enum cf_status cf_supervise(const struct cf_supervise_options *options, int *ret_exit,
                                          struct cf_fault *reterr_fault);

#endif
