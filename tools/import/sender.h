/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_SENDER_H
#define CF_TOOLS_IMPORT_SENDER_H

/*
 * Commands to the writer: one after the other, or many on their way at once. Keys are the import's own, the
 * same each time, so whatever was sent before an interruption is answered with its first outcome.
 */

#include "commands/link.h"

struct cf_import_sender;

CF_MUST_CHECK enum cf_status cf_import_sender_open(const char *writer_url,
                                                   struct cf_import_sender **ret_sender,
                                                   struct cf_fault *reterr_fault);
void cf_import_sender_close(struct cf_import_sender *sender);
CF_SCOPE_DEFINE(struct cf_import_sender *, cf_import_sender_close)

/* The link itself, for questions; borrowed. */
struct cf_link *cf_import_sender_link(struct cf_import_sender *sender);

/* Sends and waits. CONFLICT where the domain said no, with command and verdict in the fault; its number in
 * ret_verdict, which may be NULL and is 0 otherwise. Thread-safe. */
CF_MUST_CHECK enum cf_status cf_import_send(struct cf_import_sender *sender,
                                            const struct cf_link_command *command,
                                            uint32_t *ret_verdict, struct cf_fault *reterr_fault);

/* Sends without waiting, except for a free place. Of one thread only. Texts in the input are static. A failure
 * is told by the next cf_import_drain. */
CF_MUST_CHECK enum cf_status cf_import_start(struct cf_import_sender *sender, struct cf_id actor,
                                             struct cf_bytes key,
                                             const struct cf_command_input *input,
                                             struct cf_fault *reterr_fault);

/* Waits for everything that was started. Fails with the first failure, and forgets it. */
CF_MUST_CHECK enum cf_status cf_import_drain(struct cf_import_sender *sender,
                                             struct cf_fault *reterr_fault);

#endif
