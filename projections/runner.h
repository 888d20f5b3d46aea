/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_RUNNER_H
#define CF_PROJECTIONS_RUNNER_H

/*
 * The runner: takes records in order and brings read models forward, one PostgreSQL transaction per
 * batch, with each model's position in the same transaction as its rows.
 *
 * One runner is one connection. It runs the models whose lock it has, each from its own position;
 * the others stand by. A model that cannot take an event stands still before it, parked, with the
 * reason in coffer.parked, and is tried again by cf_runner_retry_parked; other models go on.
 */

#include "projections/position.h"
#include "projections/source.h"

struct cf_runner;
struct cf_services;

enum cf_reader_state {
    CF_READER_STANDBY, /* somebody else has the model */
    CF_READER_RUNNING,
    CF_READER_PARKED,   /* stands before an event that it cannot take */
    CF_READER_WAITING,  /* a service that its handlers need is away; tried again with the locks */
    CF_READER_OUTDATED, /* its rows are another version's: it asks for a rebuild */
};

/* What a runner says of one of its models. */
struct cf_reader_status {
    const struct cf_model *model;
    enum cf_reader_state state;
    int64_t sequence;
    int64_t time_us;
    int64_t parked; /* sequence, where PARKED */
    const char
        *reason; /* where PARKED, WAITING or OUTDATED; borrowed until the runner is next used */
};

/* Called after each commit for each row that changed. */
typedef void cf_runner_changed_fn(void *user, const struct cf_model *model,
                                  const struct cf_table *table, const void *row);

struct cf_runner_options {
    struct cf_pg *pg;                     /* borrowed; with the live schemas in use, and made */
    const struct cf_model *const *models; /* borrowed */
    size_t models_count;
    const struct cf_services *services; /* borrowed; may be NULL */
    size_t rows_max;                    /* that each model keeps in hand */
    cf_runner_changed_fn *changed;      /* may be NULL */
    void *changed_user;
};

CF_MUST_CHECK enum cf_status cf_runner_new(const struct cf_runner_options *options,
                                           struct cf_runner **ret_runner,
                                           struct cf_fault *reterr_fault);

/* Gives up the rows in hand; locks go with the connection. Accepts NULL. */
void cf_runner_destroy(struct cf_runner *runner);

/* Tries for the locks of the models that stand by, and those again that wait for a service. */
CF_MUST_CHECK enum cf_status cf_runner_take_over(struct cf_runner *runner,
                                                 struct cf_fault *reterr_fault);

/* The sequence that a running model needs next, the lowest of all; 0 when none runs. */
uint64_t cf_runner_next(const struct cf_runner *runner);

/*
 * Applies records to every running model that has not seen them. On failure nothing of the batch
 * lasts, nor does anything in hand: CLOSED asks for a new connection and runner, other failures may
 * be tried again. A poison event is no failure.
 */
CF_MUST_CHECK enum cf_status cf_runner_apply(struct cf_runner *runner,
                                             const struct cf_source_records *records,
                                             struct cf_fault *reterr_fault);

/* Parked models run again, from before the event. */
CF_MUST_CHECK enum cf_status cf_runner_retry_parked(struct cf_runner *runner,
                                                    struct cf_fault *reterr_fault);

size_t cf_runner_count(const struct cf_runner *runner);
struct cf_reader_status cf_runner_status(const struct cf_runner *runner, size_t index);

#endif
