/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/bus_socket.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* How soon a lost connection is tried again: at once, then slower while nobody listens. */
#define RECONNECT_MIN_MS 5
#define RECONNECT_MAX_MS 200

/* How long nng may take to close a socket; it takes less than a millisecond unless it hangs. */
#define CLOSE_TIMEOUT_MS 2000
#define CLOSE_AGAIN_TIMEOUT_MS 50

static const char ipc_scheme[] = "ipc://";

enum cf_status cf_bus__status(int error)
{
    switch (error) {
    case NNG_ENOMEM:
        return CF_NO_MEMORY;
    case NNG_ETIMEDOUT:
        return CF_TIMEOUT;
    case NNG_ECLOSED:
    case NNG_ECANCELED:
    case NNG_ECONNRESET:
    case NNG_ECONNABORTED:
    case NNG_ECONNSHUT:
        return CF_CLOSED;
    case NNG_EADDRINUSE:
        return CF_CONFLICT;
    case NNG_EINVAL:
    case NNG_EADDRINVAL:
    case NNG_ENOTSUP:
        return CF_INVALID;
    case NNG_EPERM:
        return CF_DENIED;
    case NNG_EMSGSIZE:
        return CF_NO_SPACE;
    default:
        return CF_IO;
    }
}

enum cf_status cf_bus__fail(struct cf_fault *reterr_fault, int error, const char *text,
                            const char *url)
{
    CF_FAIL_ON(reterr_fault, cf_bus__status(error), text, "%s: %s", url, nng_strerror(error));
}

int64_t cf_bus__now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The folder of an ipc URL's socket must be ours alone. */
static enum cf_status check_folder(const char *url, struct cf_fault *reterr_fault)
{
    if (strncmp(url, ipc_scheme, sizeof ipc_scheme - 1) != 0)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a bus URL begins with ipc://", "%s", url);
    const char *path = url + sizeof ipc_scheme - 1;
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (length == 0 || length >= sizeof folder)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a bus URL names a socket in a folder", "%s", url);
    memcpy(folder, path, length);
    folder[length] = '\0';

    struct stat info;
    if (stat(folder, &info) != 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "the socket's folder is missing", "%s", folder);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the socket's folder is open to other users", "%s",
                   folder);
    return CF_OK;
}

enum cf_status cf_bus__listen(nng_socket socket, const char *url, size_t header_size,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(check_folder(url, reterr_fault));
    nng_listener listener;
    int error =
        nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, CF_BUS_MESSAGE_SIZE_MAX + header_size);
    if (error == 0)
        error = nng_listener_create(&listener, socket, url);
    if (error == 0)
        error = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, S_IRUSR | S_IWUSR);
    if (error == 0)
        error = nng_listener_start(listener, 0);
    if (error != 0)
        return cf_bus__fail(reterr_fault, error, "cannot listen", url);
    return CF_OK;
}

enum cf_status cf_bus__dial(nng_socket socket, const char *url, size_t header_size,
                            struct cf_fault *reterr_fault)
{
    int error =
        nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, CF_BUS_MESSAGE_SIZE_MAX + header_size);
    if (error == 0)
        error = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
    if (error == 0)
        error = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
    if (error == 0)
        error = nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK);
    if (error != 0)
        return cf_bus__fail(reterr_fault, error, "cannot dial", url);
    return CF_OK;
}

enum cf_status cf_bus__message(struct cf_bytes content, nng_msg **ret_message)
{
    if (content.size > CF_BUS_MESSAGE_SIZE_MAX)
        return CF_NO_SPACE;
    nng_msg *message;
    if (nng_msg_alloc(&message, content.size) != 0)
        return CF_NO_MEMORY;
    if (content.size > 0)
        memcpy(nng_msg_body(message), content.data, content.size);
    *ret_message = message;
    return CF_OK;
}

/* A close that runs in a thread of its own. Whoever is last frees it. */
struct closing {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    nng_socket socket;
    bool closed;
    bool abandoned;
};

static void closing_free(struct closing *closing)
{
    pthread_cond_destroy(&closing->changed);
    pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *closing_run(void *argument)
{
    struct closing *closing = argument;
    nng_close(closing->socket);
    pthread_mutex_lock(&closing->lock);
    closing->closed = true;
    bool abandoned = closing->abandoned;
    pthread_cond_signal(&closing->changed);
    pthread_mutex_unlock(&closing->lock);
    if (abandoned)
        closing_free(closing);
    return NULL;
}

/*
 * nng 1.5.2 loses an operation when it closes a connection on which bytes are just arriving, and
 * then nng_close never returns. That must not keep a process from stopping, so such a socket is
 * given up. What got stuck then is nng's one thread that ends connections, so the closes after it
 * have little hope and are given little time.
 */
void cf_bus__close(nng_socket socket)
{
    pthread_t thread;
    struct closing *closing = calloc(1, sizeof *closing);
    if (closing == NULL) {
        nng_close(socket);
        return;
    }
    pthread_mutex_init(&closing->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&closing->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    closing->socket = socket;
    if (pthread_create(&thread, NULL, closing_run, closing) != 0) {
        nng_close(socket);
        closing_free(closing);
        return;
    }

    static atomic_bool gave_up;
    int64_t deadline_ms =
        cf_bus__now_ms() + (atomic_load(&gave_up) ? CLOSE_AGAIN_TIMEOUT_MS : CLOSE_TIMEOUT_MS);
    struct timespec until = {.tv_sec = deadline_ms / 1000,
                             .tv_nsec = (deadline_ms % 1000) * 1000000};
    int error = 0;
    pthread_mutex_lock(&closing->lock);
    while (!closing->closed && error == 0)
        error = pthread_cond_timedwait(&closing->changed, &closing->lock, &until);
    closing->abandoned = !closing->closed;
    bool abandoned = closing->abandoned;
    pthread_mutex_unlock(&closing->lock);
    if (abandoned) {
        atomic_store(&gave_up, true);
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    closing_free(closing);
}
