/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_API_PRIVATE_H
#define CF_API_API_PRIVATE_H

/* What the API's process holds, shared by its routes. Everything is borrowed from cf_api_run. */

#include "api/api.h"
#include "api/live.h"
#include "api/page_cache.h"
#include "api/pool.h"
#include "api/rate.h"
#include "api/seat.h"
#include "api/session.h"
#include "commands/link.h"
#include "eventstore/keeper_client.h"

#include <pthread.h>

#define CF_API_WORKERS 24
#define CF_API_QUEUE_MAX 4096
#define CF_API_COMMAND_TIMEOUT_MS 10000
#define CF_API_KEEPER_TIMEOUT_MS 5000

struct cf_api {
    const struct cf_api_options *options;
    struct cf_http_server *server;
    struct cf_link *link;
    struct cf_keeper_client *keeper;
    struct cf_pool *pool;
    struct cf_live *live;
    struct cf_sessions *sessions;
    struct cf_page_cache *pages; /* rendered campaigns */
    struct cf_rate *login_rate;
    struct cf_seat seats[CF_API_WORKERS + 1]; /* the workers', and live's own */
    pthread_mutex_t ids_mutex;
    struct cf_id_generator ids;
    struct cf_api_figures figures;
};

/* Real time. */
int64_t cf_api_now_us(void);

#endif
