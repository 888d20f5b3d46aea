/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SAMPLE_SAMPLE_H
#define CF_TOOLS_SAMPLE_SAMPLE_H

/*
 * A small living platform for a sandbox ledger: a person per role, some campaigns, and pledges that
 * trickle in. All of it goes through the public API as anybody's would; only the roles are given by
 * the operator over the link.
 *
 * Every step has an idempotency key of its own, the same each time: interrupted and begun again, it
 * goes on where it was, and a platform that has it all stays as it is.
 */

#include "commands/link.h"
#include "tools/sample/client.h"
#include "tools/sample/logins.h"

#define CF_SAMPLE_TOKEN_SIZE 128

struct cf_sample {
    struct cf_client *api; /* borrowed */
    struct cf_link *link;  /* borrowed */
    struct cf_logins logins;
};

/* Somebody who is logged in. */
struct cf_sample_person {
    char token[CF_SAMPLE_TOKEN_SIZE];
};

/* Logs in; DENIED when there is no such person. */
CF_MUST_CHECK enum cf_status cf_sample_log_in(struct cf_sample *sample, const char *email,
                                              const char *password,
                                              struct cf_sample_person *ret_person,
                                              struct cf_fault *reterr_fault);

/* Registers unless they are there, gives them the role (CF_ROLE_BACKER: nothing to give), and logs
 * them in. */
CF_MUST_CHECK enum cf_status cf_sample_person(struct cf_sample *sample, const char *email,
                                              const char *password, enum cf_role role,
                                              struct cf_sample_person *ret_person,
                                              struct cf_fault *reterr_fault);

#define CF_SAMPLE_CAMPAIGN_COUNT 6

/* A campaign that is live. */
struct cf_sample_campaign {
    char id[CF_ID_TEXT_SIZE];
    const char *currency; /* static */
    int64_t pledge_minor; /* a usual pledge */
};

/* Drafts, rewards, submits, approves and launches the n-th sample campaign. */
CF_MUST_CHECK enum cf_status cf_sample_campaign(struct cf_sample *sample, int n,
                                                const struct cf_sample_person *creator,
                                                const struct cf_sample_person *moderator,
                                                struct cf_sample_campaign *ret_campaign,
                                                struct cf_fault *reterr_fault);

#endif
