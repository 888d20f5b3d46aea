/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/bus_private.h"

#include <limits.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How soon a lost connection is tried again. */
#define PAUSE_MIN_MS 5
#define PAUSE_MAX_MS 200

static const char ipc_scheme[] = "ipc://";

enum cf_status cf_bus__address(const char *url, struct sockaddr_un *ret_address,
                               struct cf_fault *reterr_fault)
{
    if (strncmp(url, ipc_scheme, sizeof ipc_scheme - 1) != 0)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a bus URL begins with ipc://", "%s", url);
    const char *path = url + sizeof ipc_scheme - 1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path[0] != '/')
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a bus URL names a socket in a folder", "%s", url);
    if (strlen(path) >= sizeof address.sun_path)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "the path is too long for a socket", "%s", path);
    memcpy(address.sun_path, path, strlen(path));
    *ret_address = address;
    return CF_OK;
}

enum cf_status cf_bus__check_folder(const struct sockaddr_un *address,
                                    struct cf_fault *reterr_fault)
{
    char folder[sizeof address->sun_path];
    memcpy(folder, address->sun_path, sizeof folder);
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0';

    struct stat info;
    if (stat(folder, &info) != 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "the socket's folder is missing", "%s", folder);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the socket's folder is open to other users", "%s",
                   folder);
    return CF_OK;
}

int64_t cf_bus__now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t cf_bus__deadline(int timeout_ms)
{
    return timeout_ms < 0 ? CF_BUS_FOREVER : cf_bus__now_ms() + timeout_ms;
}

void cf_bus__condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool cf_bus__wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = deadline_ms / 1000,
                             .tv_nsec = (deadline_ms % 1000) * 1000000};
    if (deadline_ms == CF_BUS_FOREVER)
        return pthread_cond_wait(condition, lock) == 0;
    return pthread_cond_timedwait(condition, lock, &until) == 0;
}

int cf_bus__poll_timeout(int64_t deadline_ms)
{
    if (deadline_ms == CF_BUS_FOREVER)
        return -1;
    int64_t left_ms = deadline_ms - cf_bus__now_ms();
    return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

void cf_bus__dial_init(struct cf_bus__dial *dial, const struct sockaddr_un *address)
{
    *dial = (struct cf_bus__dial){
        .address = *address, .pause_ms = PAUSE_MIN_MS, .at_ms = cf_bus__now_ms()};
}

int cf_bus__dial(struct cf_bus__dial *dial)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&dial->address, sizeof dial->address) == 0) {
        dial->pause_ms = PAUSE_MIN_MS;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    dial->at_ms = cf_bus__now_ms() + dial->pause_ms;
    dial->pause_ms = dial->pause_ms * 2 < PAUSE_MAX_MS ? dial->pause_ms * 2 : PAUSE_MAX_MS;
    return -1;
}

void cf_bus__dial_again(struct cf_bus__dial *dial)
{
    dial->at_ms = cf_bus__now_ms() + PAUSE_MIN_MS;
}

enum cf_status cf_bus__thread(pthread_t *ret_thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(ret_thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? CF_OK : CF_NO_MEMORY;
}

void cf_bus__wake(int wake_fd)
{
    (void)eventfd_write(wake_fd, 1);
}

void cf_bus__wake_heard(int wake_fd)
{
    eventfd_t count;
    (void)eventfd_read(wake_fd, &count);
}
