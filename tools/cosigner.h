/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_COSIGNER_H
#define CF_TOOLS_COSIGNER_H

/*
 * Has our checkpoints cosigned: takes the newest from the range service, sends it to every witness of
 * a policy (C2SP tlog-witness), and hands it back to the writer once the quorum has cosigned it. So
 * whoever holds a published checkpoint knows that others were shown the same history.
 *
 * It remembers nothing: a witness says itself what it has seen. One that cannot be reached is asked
 * again after a pause that doubles. One that has seen a history which ours does not go on from
 * contradicts us, and only people can settle that.
 */

#include "commands/link.h"
#include "core/base/scope.h"
#include "eventstore/range.h"
#include "eventstore/witness_policy.h"

struct cf_cosigner;

/* Gets a sentence when something about a witness changes. */
typedef void cf_cosigner_say_fn(void *context, const char *witness, const char *sentence);

struct cf_cosigner_options {
    const struct cf_witness_policy *policy; /* borrowed as long as the cosigner */
    struct cf_range_client *range;          /* likewise */
    struct cf_link *link;                   /* likewise */
    cf_cosigner_say_fn *say;
    void *say_context;
};

/* INVALID for a policy with a witness that has no URL. */
CF_MUST_CHECK enum cf_status cf_cosigner_open(const struct cf_cosigner_options *options,
                                              struct cf_cosigner **ret_cosigner,
                                              struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_cosigner_close(struct cf_cosigner *cosigner);
CF_SCOPE_DEFINE(struct cf_cosigner *, cf_cosigner_close)

/* How it stands with the newest checkpoint. */
struct cf_cosigner_outcome {
    uint64_t size;     /* of the newest checkpoint; 0: there is none yet */
    uint64_t cosigned; /* by these witnesses of the policy, a bit each */
    bool published;    /* the quorum has cosigned it, and the writer has it */
    bool contradicted; /* some witness has seen another history */
};

/* Asks, of the witnesses that have not cosigned the newest checkpoint and are not left in peace, all
 * at once; waits some seconds at most. Fails where the writer cannot be reached. */
CF_MUST_CHECK enum cf_status cf_cosigner_round(struct cf_cosigner *cosigner,
                                               struct cf_cosigner_outcome *ret_outcome,
                                               struct cf_fault *reterr_fault);

#endif
