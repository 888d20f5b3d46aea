/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_LIVE_H
#define CF_API_LIVE_H

/*
 * Live progress: campaigns' totals to any number of viewers over server-sent events.
 *
 * One thread hears the projectors' feed and keeps the newest totals of each campaign that somebody
 * watches. A viewer gets the present totals at once, and then at most one message per campaign and
 * CF_LIVE_COALESCE_MS, always the newest. Messages carry the record's sequence as their id. There is
 * nothing to resume: whoever comes back gets the present totals. The feed may drop messages, so what is
 * watched is also read again every few seconds.
 */

#include "api/server.h"
#include "core/id.h"

#define CF_LIVE_COALESCE_MS 150
#define CF_LIVE_PING_MS 15000
#define CF_LIVE_CAMPAIGNS_MAX 100
/* A viewer that is this many bytes behind is cut off; it comes back by itself. */
#define CF_LIVE_BUFFER_MAX ((size_t)64 * 1024)

struct cf_live;

/* Reads a campaign's totals as JSON, on live's own thread. NOT_FOUND. */
typedef enum cf_status cf_live_read_fn(void *context, const struct cf_id *campaign_id,
                                       struct cf_buf *ret_json);

/* Hears every change on the feed, on live's own thread: what caches drop. `topic` is such as
 * "campaign:<id>". */
typedef void cf_live_hear_fn(void *context, const char *topic);

struct cf_live_options {
    const char *feed_url; /* of the projectors' changes; borrowed during the call */
    cf_live_read_fn *read;
    cf_live_hear_fn *hear;
    void *context; /* handed to both; must outlive the live object */
};

CF_MUST_CHECK enum cf_status cf_live_open(const struct cf_live_options *options,
                                          struct cf_live **ret_live, struct cf_fault *reterr_fault);

/* Ends every stream. Accepts NULL. */
void cf_live_close(struct cf_live *live);

/* Answers the request with a stream of these campaigns' totals; at most CF_LIVE_CAMPAIGNS_MAX. Ends the
 * request's life on OK. RETRY with too many viewers, NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_live_watch(struct cf_live *live, struct cf_http_request *request,
                                           const struct cf_id *campaign_ids, size_t count);

/* Viewers now; messages sent so far. */
struct cf_live_figures {
    uint64_t viewers;
    uint64_t messages;
};
struct cf_live_figures cf_live_figures(struct cf_live *live);

#endif
