/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PROJECTOR_H
#define CF_PROJECTIONS_PROJECTOR_H

/*
 * The projector: a crew of runners (crew.h) kept going. It connects and connects again, follows the
 * source, publishes what changed (feed.h), beats every second, tries parked events again every
 * minute, and says aloud when something is wrong:
 *
 *   - PostgreSQL or the source is away, and when it is back;
 *   - a model stands before an event that it cannot take, or asks for a rebuild;
 *   - a model stands still for ten seconds while the head is before it, even where somebody holds a lock
 *     that it needs.
 *
 * Several projectors may run: each model is one projector's at a time, the others stand by.
 */

#include "projections/runner.h"

struct cf_projector;

/* One line for the operator, without newline. */
typedef void cf_projector_say_fn(void *context, const char *line);

struct cf_projector_options {
    const char *dsn;                    /* borrowed */
    struct cf_source source;            /* used by the running thread alone */
    const char *feed_url;               /* borrowed; where changes are published, or NULL */
    const struct cf_services *services; /* borrowed; may be NULL */
    cf_projector_say_fn *say;
    void *say_context;
    int stall_ms;                 /* 0: ten seconds */
    size_t batch_size_max;        /* bytes of records in one transaction; 0: a good number */
    void (*ready)(void *context); /* called once, when the models are first followed; may be NULL */
    void *ready_context;
};

CF_MUST_CHECK enum cf_status cf_projector_new(const struct cf_projector_options *options,
                                              struct cf_projector **ret_projector,
                                              struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_projector_destroy(struct cf_projector *projector);

/* Runs until stopped. Only trouble that waiting cannot mend makes it fail: a server that is too
 * old, a login that is refused, a migration that does not fit. */
CF_MUST_CHECK enum cf_status cf_projector_run(struct cf_projector *projector,
                                              struct cf_fault *reterr_fault);

/* Makes run return soon. From any thread, or a signal handler. */
void cf_projector_stop(struct cf_projector *projector);

#endif
