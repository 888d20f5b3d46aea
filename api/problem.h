/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_PROBLEM_H
#define CF_API_PROBLEM_H

/*
 * Problem details (RFC 9457): how the API says no.
 *
 * Problems of HTTP itself are rows of problems.def. A command's refusal is a problem of its own, with
 * the verdict's name as its code; so a client tells them apart by `code`, and never by the sentence.
 */

#include "api/server.h"
#include "commands/command.h"

enum cf_problem {
#define CF_PROBLEM(name, http_status, code, title) CF_PROBLEM_##name,
#include "api/problems.def"
#undef CF_PROBLEM
};

/* Answers with a problem. `detail` (what exactly) and `field` (which input) may be NULL. Ends the
 * request's life. */
void cf_problem_respond(struct cf_http_request *request, enum cf_problem problem,
                        const char *detail, const char *field);

/* Answers with a command's refusal. */
void cf_problem_respond_refusal(struct cf_http_request *request, const char *command,
                                const struct cf_refusal *refusal);

#endif
