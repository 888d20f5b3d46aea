/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_EXPLAIN_H
#define CF_PROJECTIONS_EXPLAIN_H

/*
 * Explain: the events behind a row. The model is folded from the first record on, and every event
 * that changes the row of this key is told with what it changed.
 */

#include "projections/model.h"
#include "projections/source.h"

/* One event that changed the row. Everything is borrowed for the call. */
struct cf_explained {
    int64_t sequence;
    int64_t time_us;
    const char *event;
    const void *before; /* NULL where the event made the row */
    const void *after;  /* NULL where it removed it */
};

struct cf_explain_options {
    struct cf_source source;
    const struct cf_services *services; /* borrowed; may be NULL */
    const struct cf_model *model;
    const struct cf_table *table; /* a kept one of the model's */
    const void *key;              /* a row of which the keys count; borrowed */
    void (*explained)(void *context, const struct cf_explained *explained);
    void (*progress)(void *context, uint64_t done, uint64_t total); /* may be NULL */
    void *context;
};

/* Walks the log to its head as of now. */
CF_MUST_CHECK enum cf_status cf_explain(const struct cf_explain_options *options,
                                        struct cf_fault *reterr_fault);

/* The kept table of that name, and its model. NULL where there is none. */
const struct cf_table *cf_explain_table(const char *name, const struct cf_model **ret_model);

/* Reads a key such as "0199…/3": its columns' values between slashes. INVALID, with the names of
 * those columns. `row` is an all-zero row
 * of the table. */
CF_MUST_CHECK enum cf_status cf_explain_key(const struct cf_table *table, const char *text,
                                            void *row, struct cf_fault *reterr_fault);

#endif
