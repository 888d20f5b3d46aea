/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_BUS_PRIVATE_H
#define CF_EVENTSTORE_BUS_PRIVATE_H

/* What the parts of the bus share. Included by eventstore/bus_*.c alone. */

#include "eventstore/bus.h"

#include <pthread.h>
#include <sys/un.h>

/* The address that an ipc URL names. INVALID when it is none, or too long for a socket. */
enum cf_status cf_bus__address(const char *url, struct sockaddr_un *ret_address,
                               struct cf_fault *reterr_fault);

/* Whether the folder of a socket is ours alone. NOT_FOUND, DENIED. */
enum cf_status cf_bus__check_folder(const struct sockaddr_un *address,
                                    struct cf_fault *reterr_fault);

/* The monotonic clock, in milliseconds. */
int64_t cf_bus__now_ms(void);

/* When a wait that begins now ends: CF_BUS_FOREVER, or a time of cf_bus__now_ms. */
int64_t cf_bus__deadline(int timeout_ms);

/* A condition whose waits cf_bus__wait bounds. */
void cf_bus__condition_init(pthread_cond_t *condition);

/* Waits for the condition until the deadline. False when it has passed. */
bool cf_bus__wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ms);

/* What a poll that may wait until the deadline takes as its timeout. */
int cf_bus__poll_timeout(int64_t deadline_ms);

/* Connecting to a socket, again and again until somebody listens: soon, then slower. */
struct cf_bus__dial {
    struct sockaddr_un address;
    int pause_ms;  /* after the next failure */
    int64_t at_ms; /* when to try next */
};

void cf_bus__dial_init(struct cf_bus__dial *dial, const struct sockaddr_un *address);

/* A connected socket that never blocks, which the caller owns; or -1, and later at_ms. */
int cf_bus__dial(struct cf_bus__dial *dial);

/* The connection broke: it is time to dial again. */
void cf_bus__dial_again(struct cf_bus__dial *dial);

/* Starts a thread of the bus: no signal of the process is handled there. NO_MEMORY. */
enum cf_status cf_bus__thread(pthread_t *ret_thread, void *(*run)(void *), void *argument);

/* A counter that wakes a poll. */
void cf_bus__wake(int wake_fd);
void cf_bus__wake_heard(int wake_fd);

#endif
