/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_PLAN_H
#define CF_TOOLS_PLAN_H

/*
 * What `coffer up` runs: each process is this same program with a subcommand, in stages.
 *
 *     0  postgres (unless somebody brings one), sandbox (unless there is a real provider), writer
 *     1  keeper, projector, cosign (where there are witnesses)
 *     2  gateway, api
 *     3  sample (in a sandbox ledger)
 *
 * Secrets and connection strings go through the environment, since everybody can read a command line.
 */

#include "eventstore/data_dir.h"
#include "tools/cli/listen.h"
#include "tools/supervise.h"

#include <stdbool.h>

#define CF_PLAN_CHILDREN_MAX 12
#define CF_PLAN_ARGUMENTS_MAX 12

struct cf_plan_options {
    const struct cf_data_dir *dir;
    const struct cf_listen *listen;
    const char *pg;                 /* a PostgreSQL of one's own, or NULL */
    const char *stripe_key;         /* of a real provider account, or NULL for the sandbox */
    const char *witness_policy;     /* a file: have checkpoints cosigned; or NULL */
    const char *without;            /* processes to leave out, with commas between, or NULL */
    bool no_samples;                /* only the first people */
    bool no_people;                 /* not even these */
    const char *sample_interval_ms; /* between sample pledges; decimal */
};

/* Refers to itself: must not move once made. */
struct cf_plan {
    char program[1024];
    char api_url[80];
    char api_listen[64];
    char sandbox_listen[64];
    char sandbox_url[80];
    char webhook_url[128];
    struct cf_child children[CF_PLAN_CHILDREN_MAX];
    struct cf_data_dir_url ready[CF_PLAN_CHILDREN_MAX];
    const char *arguments[CF_PLAN_CHILDREN_MAX][CF_PLAN_ARGUMENTS_MAX];
    size_t child_count;
};

/* Fills the plan and sets this process's environment for its children. The options' texts are
 * borrowed as long as the plan. */
CF_MUST_CHECK enum cf_status cf_plan_make(const struct cf_plan_options *options,
                                          struct cf_plan *ret_plan, struct cf_fault *reterr_fault);

#endif
