/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_SOURCE_H
#define CF_PROJECTIONS_SOURCE_H

/*
 * Where records come from: the range service in production (cf_source_range), an array in tests.
 */

#include "core/base/bytes.h"

/* Records in a row, first to first + count - 1. */
struct cf_source_records {
    uint64_t head; /* the newest record that the source knows of */
    uint64_t first;
    size_t count;                   /* 0: there is none at `first` yet */
    const struct cf_bytes *records; /* borrowed until the source's next read */
};

/* Reads from `first` on, at most about size_max bytes but at least one record where there is one.
 * Waits for it up to timeout_ms; then count is 0. RETRY, TIMEOUT, CLOSED: the source is away. */
typedef enum cf_status cf_source_read_fn(void *context, uint64_t first, size_t size_max,
                                         int timeout_ms, struct cf_source_records *ret_records,
                                         struct cf_fault *reterr_fault);

struct cf_source {
    cf_source_read_fn *read;
    void *context;
};

#endif
