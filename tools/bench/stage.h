/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_STAGE_H
#define CF_TOOLS_BENCH_STAGE_H

/*
 * What moves money, and nothing else: writer, keeper, sandbox and gateway as processes of their own, over a
 * ledger in an empty directory whose clock and the sandbox's go forward together.
 */

#include "eventstore/data_dir.h"
#include "eventstore/keeper_client.h"
#include "tools/import/clock.h"
#include "tools/import/people.h"

#include <sys/types.h>

enum { CF_STAGE_SANDBOX, CF_STAGE_WRITER, CF_STAGE_KEEPER, CF_STAGE_GATEWAY, CF_STAGE_PROCESSES };

struct cf_stage {
    struct cf_data_dir dir;
    pid_t children[CF_STAGE_PROCESSES]; /* 0: not running */
    struct cf_import_provider provider;
    struct cf_import_stop stop; /* for whoever wants to be asked while time passes */
    struct cf_import_tools tools;
    struct cf_import_clock clock;
};

/* Where both clocks begin. */
#define CF_STAGE_GENESIS "2026-01-01T00:00:00Z"

/* `limited`: the gateway keeps to the provider's published limits. The stage stays where it is. */
CF_MUST_CHECK enum cf_status cf_stage_open(struct cf_stage *stage, const char *data, bool limited,
                                           struct cf_fault *reterr_fault);
/* Stops everything. Also after a failed open. */
void cf_stage_close(struct cf_stage *stage);

#endif
