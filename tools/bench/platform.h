/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_PLATFORM_H
#define CF_TOOLS_BENCH_PLATFORM_H

/*
 * A whole platform to put load on: `coffer up` in an empty directory, without gateway, with one hot
 * all-or-nothing campaign and one backer whose card is saved.
 */

#include "core/id.h"
#include "tools/bench/figure.h"

struct cf_platform;

CF_MUST_CHECK enum cf_status cf_platform_open(const char *directory,
                                              struct cf_platform **ret_platform,
                                              struct cf_fault *reterr_fault);
/* Stops it. Accepts NULL. */
void cf_platform_close(struct cf_platform *platform);

/* All borrowed until it is closed. */
const char *cf_platform_pledge_url(const struct cf_platform *platform);   /* to POST to */
const char *cf_platform_campaign_url(const struct cf_platform *platform); /* to GET */
const char *cf_platform_progress_path(const struct cf_platform *platform);
uint16_t cf_platform_port(const struct cf_platform *platform);
const char *cf_platform_authorization(const struct cf_platform *platform);
const char *cf_platform_body_path(
    const struct cf_platform *platform); /* a pledge's body, as a file */
const char *cf_platform_range_url(const struct cf_platform *platform); /* of its writer */

#endif
