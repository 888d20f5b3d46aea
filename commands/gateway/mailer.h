/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_MAILER_H
#define CF_COMMANDS_GATEWAY_MAILER_H

/*
 * The mailer: finds out where a person's letters go, has the keeper open the address, writes the
 * letter and gives it to the mail port. It works through its letters one by one on a thread of its
 * own, so that a slow mail server holds up nothing else.
 */

#include "commands/gateway/mail_port.h"
#include "core/event/choices.h"
#include "core/id.h"

struct cf_mailer;

struct cf_mailer_options {
    struct cf_mail_port *port; /* taken: closed with the mailer, also when opening fails */
    const char *keeper_url;
    const char *range_url;
    const char *from;       /* the platform's address */
    const char *public_url; /* where the pages are */
};

/* Everything is copied. */
CF_MUST_CHECK enum cf_status cf_mailer_open(const struct cf_mailer_options *options,
                                            struct cf_mailer **ret_mailer,
                                            struct cf_fault *reterr_fault);

/* How it went: OK sent; DENIED erased or without an address, INVALID an address that never takes
 * mail: it is over; anything else: later. The reason is borrowed. */
typedef void cf_mailer_done_fn(void *context, enum cf_status status, const char *reason);

/* `name` is the letter's, see mail_port.h. NO_MEMORY, CLOSED: then `done` is not called. */
CF_MUST_CHECK enum cf_status cf_mailer_submit(struct cf_mailer *mailer, struct cf_id user_id,
                                              enum cf_mail mail, const char *name, int64_t at_us,
                                              cf_mailer_done_fn *done, void *context);

/* Letters that wait end with CLOSED. Accepts NULL. */
void cf_mailer_close(struct cf_mailer *mailer);
CF_SCOPE_DEFINE(struct cf_mailer *, cf_mailer_close)

#endif
