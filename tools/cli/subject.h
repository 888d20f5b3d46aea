/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_SUBJECT_H
#define CF_TOOLS_CLI_SUBJECT_H

/* What `coffer export-subject` and `coffer erase` share: both send one command about a subject to the
 * running platform and write a file of proofs. */

#include "commands/link.h"
#include "eventstore/subject_export.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

struct cf_subject_tool {
    const char *data, *actor, *key, *out; /* options; out is NULL for stdout */
    int64_t timeout_ms;

    struct cf_id subject;
    struct cf_link *link;
    struct cf_range_client *range;
    struct cf_keeper_client *keeper;
    FILE *file;
    bool done; /* set by the caller: the file is whole, and stays */
};

/* The options, as the elements of an array: CF_SUBJECT_TOOL_OPTIONS(&tool). */
#define CF_SUBJECT_TOOL_OPTIONS(tool)                                                              \
    CF_OPTION_TEXT("data", &(tool)->data, "DIR", "the data directory"),                            \
        CF_OPTION_TEXT("actor", &(tool)->actor, "ID", "who asks: a user's id; else the operator"), \
        CF_OPTION_TEXT("key", &(tool)->key, "KEY", "the idempotency key; random unless given"),    \
        CF_OPTION_TEXT("out", &(tool)->out, "FILE", "a new file to write; else the output"),       \
        CF_OPTION_NUMBER("timeout-ms", &(tool)->timeout_ms, 1, 600000, "for each step")

/* Reads the subject, makes the file (mode 0600; CONFLICT when it is there), and connects. */
CF_MUST_CHECK enum cf_status cf_subject_tool_open(struct cf_subject_tool *tool, const char *subject,
                                                  struct cf_fault *reterr_fault);
/* Accepts one that was not opened whole. Removes a file that is not done. IO when it could not be
 * written. */
CF_MUST_CHECK enum cf_status cf_subject_tool_close(struct cf_subject_tool *tool,
                                                   struct cf_fault *reterr_fault);

/* Sends the command, whose one field is subject_id. True: it was accepted, as this record. False: said
 * why on stderr; leave with *ret_exit. */
bool cf_subject_tool_send(struct cf_subject_tool *tool, const char *doing,
                          enum cf_command_number number, uint64_t *ret_sequence,
                          enum cf_exit *ret_exit);

/* A cf_subject_line_fn; its context is the tool. */
enum cf_status cf_subject_tool_line(void *tool, struct cf_bytes line,
                                    struct cf_fault *reterr_fault);

#endif
