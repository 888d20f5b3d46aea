/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_H2LOAD_H
#define CF_TOOLS_BENCH_H2LOAD_H

/*
 * h2load (Debian's nghttp2-client), an HTTP load that is not ours, and what it measured.
 */

#include "core/base/status.h"

#include <stdint.h>

struct cf_h2load_options {
    const char *url;
    const char *body_path;     /* sent with POST; NULL: GET */
    const char *authorization; /* header value, or NULL */
    int connections;
    int seconds;
    int64_t rate;          /* requests a second in all; 0: as many as it can */
    const char *directory; /* for its log of requests */
};

struct cf_h2load_result {
    int64_t good;      /* answers with 2xx */
    int64_t bad;       /* all others, and none */
    double per_second; /* good ones */
    int64_t p99_us;
};

/* NOT_FOUND when h2load is not installed; IO when it fails. */
CF_MUST_CHECK enum cf_status cf_h2load(const struct cf_h2load_options *options,
                                       struct cf_h2load_result *ret_result,
                                       struct cf_fault *reterr_fault);

#endif
