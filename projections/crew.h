/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_CREW_H
#define CF_PROJECTIONS_CREW_H

/*
 * The crew: two runners side by side, since one connection of PostgreSQL is one core at most. The models
 * that are most of the work (model.h says which) are on the second connection, all others on the first.
 *
 * Both take the same records at once, each in a transaction and from positions of its own: as with two
 * processes, a model may be seen ahead of another for a moment, never ahead of its own rows.
 *
 * Calls are as those of runner.h, over all models, and come from one thread. What they fail with is the
 * first runner's failure, else the second's.
 */

#include "projections/runner.h"

#define CF_CREW_SIZE 2

struct cf_crew;

struct cf_crew_options {
    struct cf_pg *pgs[CF_CREW_SIZE];    /* borrowed; each with the live schemas in use, and made */
    const struct cf_services *services; /* borrowed; may be NULL */
    size_t rows_max;                    /* that each model keeps in hand */
    cf_runner_changed_fn *changed;      /* one call at a time, from either thread; may be NULL */
    void *changed_user;
};

CF_MUST_CHECK enum cf_status cf_crew_new(const struct cf_crew_options *options,
                                         struct cf_crew **ret_crew, struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_crew_destroy(struct cf_crew *crew);

CF_MUST_CHECK enum cf_status cf_crew_take_over(struct cf_crew *crew, struct cf_fault *reterr_fault);
uint64_t cf_crew_next(const struct cf_crew *crew);
/* On failure what the other runner committed lasts: its models are ahead then, and wait. */
CF_MUST_CHECK enum cf_status cf_crew_apply(struct cf_crew *crew,
                                           const struct cf_source_records *records,
                                           struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_crew_retry_parked(struct cf_crew *crew,
                                                  struct cf_fault *reterr_fault);
size_t cf_crew_count(const struct cf_crew *crew);
struct cf_reader_status cf_crew_status(const struct cf_crew *crew, size_t index);

#endif
