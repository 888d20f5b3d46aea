/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_PRIVATE_H
#define CF_EVENTSTORE_KEEPER_PRIVATE_H

/* What the keeper's threads share. Included by eventstore/keeper.c and keeper_follow.c alone. */

#include "eventstore/bus.h"
#include "eventstore/keeper.h"
#include "eventstore/keeper_news.h"

#include <pthread.h>

#define CF_KEEPER_QUEUE_MAX 64

/* Requests that wait for a thread. Bounded: what comes beyond is told to try again. */
struct cf_keeper_queue {
    struct cf_bus_request *requests[CF_KEEPER_QUEUE_MAX];
    size_t first, count;
};

struct cf_keeper {
    struct cf_vault *vault;
    char *url;
    struct cf_keeper_log log;
    int64_t (*now_us)(void);
    void (*report)(const struct cf_fault *fault);

    struct cf_bus_server *server; /* NULL before it listens */
    pthread_mutex_t lock;         /* of all below, to the empty line */
    pthread_cond_t changed;
    bool stopping;
    bool draining; /* no request comes any more: threads end when their queue is empty */
    struct cf_keeper_queue hashing, following;
    struct cf_fault failure; /* why the follower gave up; OK while it has not */

    /* The follower's own. */
    uint64_t position; /* the newest record that was looked at */
    uint64_t stored; /* what the vault says of it: less often, since each time waits for the disk */
    int64_t swept_us;
    struct cf_buf forgotten;         /* ids of the subjects that the last follow forgot */
    struct cf_keeper_teller *teller; /* NULL during the first follow */
};

void cf_keeper__report(const struct cf_keeper *keeper, const struct cf_fault *fault);
bool cf_keeper__is_stopping(struct cf_keeper *keeper);

void cf_keeper__answer_status(struct cf_bus_request *request, enum cf_status status);
void cf_keeper__answer(struct cf_bus_request *request, const struct cf_buf *reply);

/* The oldest, or NULL. Called under the lock. */
struct cf_bus_request *cf_keeper__queue_pop(struct cf_keeper_queue *queue);

/* Before anybody is answered: applies the log, waiting for it as long as it takes. OK also when stopped. */
enum cf_status cf_keeper__follow_first(struct cf_keeper *keeper, struct cf_fault *reterr_fault);

/* Stores the position. */
enum cf_status cf_keeper__follow_end(struct cf_keeper *keeper, struct cf_fault *reterr_fault);

/* The follower's thread. */
void *cf_keeper__follower_run(void *keeper);

#endif
