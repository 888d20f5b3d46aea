/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop looks at every child in turn and then waits for a signal or the next thing that is due.
 * Readiness has no event of its own (a socket appears in another process), so while a child starts
 * the loop comes by every PROBE_MS.
 */
#include "tools/supervise.h"

#include "core/base/assert.h"
#include "core/base/scope.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define PROBE_MS 5
#define PAUSE_MS_MIN 100
#define QUIET_MS 60000

enum child_state {
    CHILD_WAITING, /* not running; to be started at due_ms, when its stage's turn has come */
    CHILD_STARTING,
    CHILD_READY,
    CHILD_STOPPING, /* SIGTERM was sent; SIGKILL follows at due_ms */
    CHILD_STOPPED,
};

struct child {
    const struct cf_child *spec;
    enum child_state state;
    pid_t pid;
    int64_t due_ms;
    int64_t began_ms;
    int64_t pause_ms; /* before the next start, 0 for at once */
};

#define CHILD_COUNT_MAX 16

struct supervisor {
    const struct cf_supervise_options *options;
    struct child children[CHILD_COUNT_MAX];
    sigset_t signals;      /* what the loop waits for */
    sigset_t signals_then; /* the mask that children inherit */
    int64_t ready_by_ms;
    bool was_ready;
    bool stopping;
    enum cf_status status; /* why it stops */
    int exit_code;
    const struct child *culprit;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- One child ---- */

/* In the new process, between fork and exec. */
static _Noreturn void become(const struct supervisor *supervisor, const struct cf_child *spec,
                             pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, &supervisor->signals_then, NULL);
    if (getppid() != parent)
        _exit(0); /* the supervisor died before prctl could say so */
    execv(spec->argv[0], (char *const *)(uintptr_t)spec->argv);
    fprintf(stderr, "coffer up: cannot start %s: %s: %s\n", spec->name, spec->argv[0],
            strerror(errno));
    _exit(3);
}

static void start(struct supervisor *supervisor, struct child *child)
{
    CF_ASSERT(child->state == CHILD_WAITING);
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(supervisor, child->spec, parent);
    child->began_ms = now_ms();
    if (pid < 0) {
        child->due_ms = child->began_ms + CF_SUPERVISE_PAUSE_MS_MAX;
        fprintf(stderr, "coffer up: cannot start %s: %s\n", child->spec->name, strerror(errno));
        return;
    }
    child->pid = pid;
    child->state = CHILD_STARTING;
}

static bool accepts(int family, const struct sockaddr *address, socklen_t size)
{
    CF_CLEANUP(cf_scope_close) int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, address, size) == 0;
}

static bool is_ready(const struct cf_child *spec)
{
    if (spec->socket_path != NULL) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        CF_ASSERT(strlen(spec->socket_path) < sizeof address.sun_path);
        memcpy(address.sun_path, spec->socket_path, strlen(spec->socket_path) + 1);
        return accepts(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
    }
    if (spec->tcp_port != NULL) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port =
                                          htons((uint16_t)strtoul(spec->tcp_port, NULL, 10)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        return accepts(AF_INET, (const struct sockaddr *)&address, sizeof address);
    }
    return true;
}

static void ask_to_stop(struct child *child)
{
    if (child->state != CHILD_STARTING && child->state != CHILD_READY)
        return;
    kill(child->pid, SIGTERM);
    child->state = CHILD_STOPPING;
    child->due_ms = now_ms() + CF_SUPERVISE_STOP_MS_MAX;
}

/* ---- All of them ---- */

static void stop_all(struct supervisor *supervisor, enum cf_status status,
                     const struct child *culprit, int exit_code)
{
    if (supervisor->stopping)
        return;
    supervisor->stopping = true;
    supervisor->status = status;
    supervisor->culprit = culprit;
    supervisor->exit_code = exit_code;
}

static void say_how_it_ended(const struct child *child, int wait_status)
{
    if (WIFSIGNALED(wait_status))
        fprintf(stderr, "coffer up: %s was killed by signal %d", child->spec->name,
                WTERMSIG(wait_status));
    else
        fprintf(stderr, "coffer up: %s ended with %d", child->spec->name, WEXITSTATUS(wait_status));
    if (child->pause_ms > 0)
        fprintf(stderr, "; starting it again in %.1f s\n", (double)child->pause_ms / 1000);
    else
        fprintf(stderr, "; starting it again\n");
}

static void child_ended(struct supervisor *supervisor, struct child *child, int wait_status)
{
    int64_t now = now_ms();
    child->pid = 0;
    if (supervisor->stopping) {
        child->state = CHILD_STOPPED;
        return;
    }
    child->state = CHILD_WAITING;
    if (!supervisor->was_ready) {
        int exit_code =
            WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
        stop_all(supervisor, CF_CLOSED, child, exit_code);
        return;
    }
    if (now - child->began_ms > QUIET_MS)
        child->pause_ms = 0;
    child->due_ms = now + child->pause_ms;
    say_how_it_ended(child, wait_status);
    child->pause_ms = child->pause_ms == 0 ? PAUSE_MS_MIN : child->pause_ms * 2;
    if (child->pause_ms > CF_SUPERVISE_PAUSE_MS_MAX)
        child->pause_ms = CF_SUPERVISE_PAUSE_MS_MAX;
}

static void reap(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->options->child_count; i++) {
        struct child *child = &supervisor->children[i];
        int wait_status;
        if (child->pid > 0 && waitpid(child->pid, &wait_status, WNOHANG) == child->pid)
            child_ended(supervisor, child, wait_status);
    }
}

/* Starts what is due, stage by stage, and finds out who is ready. True when everybody is. */
static bool bring_up(struct supervisor *supervisor)
{
    int64_t now = now_ms();
    for (size_t i = 0; i < supervisor->options->child_count; i++) {
        struct child *child = &supervisor->children[i];
        bool first_of_stage = i > 0 && child->spec->stage != child[-1].spec->stage;
        if (first_of_stage && !supervisor->was_ready) {
            for (size_t j = 0; j < i; j++) {
                if (supervisor->children[j].state != CHILD_READY)
                    return false;
            }
        }
        if (child->state == CHILD_WAITING && now >= child->due_ms)
            start(supervisor, child);
        if (child->state == CHILD_STARTING && is_ready(child->spec))
            child->state = CHILD_READY;
    }
    for (size_t i = 0; i < supervisor->options->child_count; i++) {
        if (supervisor->children[i].state != CHILD_READY)
            return false;
    }
    return true;
}

/* Asks the last stage that still runs to stop, insists where it takes too long. True when all are.
 */
static bool bring_down(struct supervisor *supervisor)
{
    int stage = -1;
    for (size_t i = 0; i < supervisor->options->child_count; i++) {
        const struct child *child = &supervisor->children[i];
        if (child->pid > 0 && child->spec->stage > stage)
            stage = child->spec->stage;
    }
    for (size_t i = 0; i < supervisor->options->child_count; i++) {
        struct child *child = &supervisor->children[i];
        if (child->pid > 0 && child->spec->stage == stage)
            ask_to_stop(child);
        if (child->state == CHILD_STOPPING && now_ms() >= child->due_ms) {
            fprintf(stderr, "coffer up: %s does not stop; killing it\n", child->spec->name);
            kill(child->pid, SIGKILL);
            child->due_ms = INT64_MAX;
        }
    }
    return stage < 0;
}

/* Until a signal, or until something may be due. */
static void wait_for_news(struct supervisor *supervisor, bool settled)
{
    int64_t wait_ms = settled ? 60000 : PROBE_MS;
    const struct timespec timeout = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    int signal_number = sigtimedwait(&supervisor->signals, NULL, &timeout);
    if (signal_number > 0 && signal_number != SIGCHLD)
        stop_all(supervisor, CF_OK, NULL, 0);
}

static void run(struct supervisor *supervisor)
{
    for (;;) {
        bool settled = false;
        reap(supervisor);
        if (supervisor->stopping) {
            if (bring_down(supervisor))
                return;
        } else {
            settled = bring_up(supervisor);
        }
        if (settled && !supervisor->was_ready) {
            supervisor->was_ready = true;
            if (supervisor->options->ready != NULL)
                supervisor->options->ready(supervisor->options->context);
        }
        if (!supervisor->was_ready && now_ms() >= supervisor->ready_by_ms) {
            const struct child *late = supervisor->children;
            while (late->state == CHILD_READY)
                late++;
            stop_all(supervisor, CF_TIMEOUT, late, 0);
        }
        wait_for_news(supervisor, settled);
    }
}

enum cf_status cf_supervise(const struct cf_supervise_options *options, int *ret_exit,
                            struct cf_fault *reterr_fault)
{
    CF_ASSERT(options->child_count > 0 && options->child_count <= CHILD_COUNT_MAX);
    struct supervisor supervisor = {.options = options,
                                    .ready_by_ms = now_ms() + options->ready_timeout_ms};
    for (size_t i = 0; i < options->child_count; i++) {
        CF_ASSERT(i == 0 || options->children[i].stage >= options->children[i - 1].stage);
        supervisor.children[i] = (struct child){.spec = &options->children[i]};
    }
    sigemptyset(&supervisor.signals);
    sigaddset(&supervisor.signals, SIGINT);
    sigaddset(&supervisor.signals, SIGTERM);
    sigaddset(&supervisor.signals, SIGHUP);
    sigaddset(&supervisor.signals, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &supervisor.signals, &supervisor.signals_then) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot block signals");
    run(&supervisor);
    sigprocmask(SIG_SETMASK, &supervisor.signals_then, NULL);
    *ret_exit = supervisor.exit_code;
    if (supervisor.status == CF_TIMEOUT)
        CF_FAIL_ON(reterr_fault, CF_TIMEOUT, "a process did not become ready in time", "%s",
                   supervisor.culprit->spec->name);
    if (supervisor.status == CF_CLOSED)
        CF_FAIL_ON(reterr_fault, CF_CLOSED, "a process ended while starting", "%s",
                   supervisor.culprit->spec->name);
    return supervisor.status;
}
