/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_WITNESS_POLICY_H
#define CF_EVENTSTORE_WITNESS_POLICY_H

/*
 * A witness policy (C2SP tlog-policy): who cosigns checkpoints, and whose cosignatures make one that
 * counts.
 *
 *     # a comment
 *     log <key> [url]
 *     witness <name> <key> [url]
 *     group <name> <k|any|all> <member>...
 *     quorum <name|none>
 *
 * A name is given before it is used; there is exactly one quorum. Plain data: copy it freely.
 */

#include "eventstore/note.h"

#define CF_WITNESS_POLICY_WITNESSES_MAX 32
#define CF_WITNESS_POLICY_GROUPS_MAX 31
#define CF_WITNESS_POLICY_NAME_SIZE_MAX 63
#define CF_WITNESS_POLICY_URL_SIZE_MAX 255

struct cf_witness_policy_witness {
    char name[CF_WITNESS_POLICY_NAME_SIZE_MAX + 1];
    struct cf_note_verifier key;
    char url[CF_WITNESS_POLICY_URL_SIZE_MAX + 1]; /* add-checkpoint is below it; empty: not said */
};

struct cf_witness_policy_group {
    char name[CF_WITNESS_POLICY_NAME_SIZE_MAX + 1];
    uint64_t
        members; /* a bit each: witness i is bit i, group i bit CF_WITNESS_POLICY_WITNESSES_MAX + i */
    unsigned needed;
};

struct cf_witness_policy {
    struct cf_witness_policy_witness witnesses[CF_WITNESS_POLICY_WITNESSES_MAX];
    size_t witness_count;
    struct cf_witness_policy_group groups[CF_WITNESS_POLICY_GROUPS_MAX];
    size_t group_count;
    uint64_t quorum; /* the bit of its witness or group; 0: none is needed */
};

/* INVALID, with the number of the line in the fault's detail. `log` lines are read and not kept: a
 * ledger knows its own key. */
CF_MUST_CHECK enum cf_status cf_witness_policy_parse(struct cf_bytes text,
                                                     struct cf_witness_policy *ret_policy,
                                                     struct cf_fault *reterr_fault);

/* Whether the cosignatures of these witnesses, a bit each, make the quorum. */
bool cf_witness_policy_holds(const struct cf_witness_policy *policy, uint64_t cosigned);

/* Which of the policy's witnesses cosigned a note, a bit each. A wrong cosignature is none. */
uint64_t cf_witness_policy_cosigned(const struct cf_witness_policy *policy,
                                    const struct cf_note *note);

#endif
