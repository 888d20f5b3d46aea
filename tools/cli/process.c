/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/process.h"

#include "core/base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* As many open files as the system lets us have: each viewer is one. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

enum cf_status cf_process_begin(struct cf_process *process, const char *name, const char *data,
                                struct cf_fault *reterr_fault)
{
    *process = (struct cf_process){.name = name, .ready_fd = -1};
    CF_TRY(cf_data_dir_open(data, &process->dir, reterr_fault));
    sigemptyset(&process->signals);
    sigaddset(&process->signals, SIGINT);
    sigaddset(&process->signals, SIGTERM);
    sigaddset(&process->signals, SIGHUP);
    sigaddset(&process->signals, SIGCHLD);
    if (pthread_sigmask(SIG_BLOCK, &process->signals, NULL) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot block signals");
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    return CF_OK;
}

struct cf_data_dir_url cf_process_ready_path(const struct cf_data_dir *dir, const char *name)
{
    char socket_name[25];
    int size = snprintf(socket_name, sizeof socket_name, "ready.%s", name);
    CF_ASSERT(size < (int)sizeof socket_name);
    struct cf_data_dir_url url = cf_data_dir_socket(dir, socket_name), path = {{0}};
    snprintf(path.text, sizeof path.text, "%s", url.text + strlen("ipc://"));
    return path;
}

enum cf_status cf_process_ready(struct cf_process *process, struct cf_fault *reterr_fault)
{
    CF_ASSERT(process->ready_fd < 0);
    struct cf_data_dir_url path = cf_process_ready_path(&process->dir, process->name);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CF_ASSERT(strlen(path.text) < sizeof address.sun_path);
    memcpy(address.sun_path, path.text, strlen(path.text) + 1);
    unlink(path.text);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 16) != 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot listen in the run directory", "%s: %s", path.text,
                   strerror(error));
    }
    process->ready_fd = fd;
    return CF_OK;
}

static bool has_ended(pid_t child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
}

bool cf_process_wait(struct cf_process *process, pid_t child)
{
    for (;;) {
        if (child > 0 && has_ended(child))
            return false;
        int signal_number = sigwaitinfo(&process->signals, NULL);
        if (signal_number > 0 && signal_number != SIGCHLD)
            return true;
    }
}

bool cf_process_wait_for(struct cf_process *process, int timeout_ms)
{
    const struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                                     .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    if (process->stopping)
        return true;
    int signal_number = sigtimedwait(&process->signals, NULL, &timeout);
    process->stopping = signal_number > 0 && signal_number != SIGCHLD;
    return process->stopping;
}

static void *stop_when_asked(void *argument)
{
    struct cf_process *process = argument;
    cf_process_wait(process, 0);
    process->stop(process->stop_context);
    return NULL;
}

enum cf_status cf_process_on_stop(struct cf_process *process, void (*stop)(void *context),
                                  void *context, struct cf_fault *reterr_fault)
{
    CF_ASSERT(process->stop == NULL && stop != NULL);
    process->stop = stop;
    process->stop_context = context;
    if (pthread_create(&process->stopper, NULL, stop_when_asked, process) != 0) {
        process->stop = NULL;
        CF_FAIL(reterr_fault, CF_IO, "cannot begin a thread");
    }
    return CF_OK;
}

void cf_process_end(struct cf_process *process)
{
    if (process->stop != NULL) {
        pthread_kill(process->stopper, SIGTERM);
        pthread_join(process->stopper, NULL);
        process->stop = NULL;
    }
    if (process->ready_fd < 0)
        return;
    unlink(cf_process_ready_path(&process->dir, process->name).text);
    close(process->ready_fd);
    process->ready_fd = -1;
}
