/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_POOL_H
#define CF_API_POOL_H

/*
 * The pool: threads for requests that have to wait for somebody (the database, the keeper), so that the
 * threads that poll sockets never do.
 *
 * The queue is bounded: what does not fit is refused at once instead of answered too late.
 */

#include "core/base/status.h"

#include <stddef.h>

struct cf_pool;

/* `seat` is the worker's number, from 0: for what each worker keeps to itself. */
typedef void cf_pool_work_fn(void *work, size_t seat);

/* NO_MEMORY, IO. */
CF_MUST_CHECK enum cf_status cf_pool_open(size_t worker_count, size_t queue_max,
                                          cf_pool_work_fn *run, struct cf_pool **ret_pool);

/* Hands work to the next free worker. RETRY when the queue is full. */
CF_MUST_CHECK enum cf_status cf_pool_submit(struct cf_pool *pool, void *work);

/* Does what was submitted, then ends the workers. Accepts NULL. */
void cf_pool_close(struct cf_pool *pool);

#endif
