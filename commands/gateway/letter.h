/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_LETTER_H
#define CF_COMMANDS_GATEWAY_LETTER_H

/* What a letter says: a whole message (RFC 5322) from a kind of mail. Pure. */

#include "core/event/choices.h"

struct cf_letter_facts {
    enum cf_mail mail;
    const char *name;       /* of the letter: its Message-ID */
    const char *from, *to;  /* bare addresses */
    const char *public_url; /* where the pages are; without a slash at the end */
    const char *ticket;     /* for links that want one; NULL */
    int64_t at_us;
};

/* Whether this kind's link wants a ticket. */
bool cf_letter_wants_ticket(enum cf_mail mail);

/* An address that can stand in a header: one '@', nothing that ends a line or quotes. */
bool cf_letter_is_address(struct cf_bytes text);

/* Appends the message. INVALID for an address that is none. */
CF_MUST_CHECK enum cf_status cf_letter_write(const struct cf_letter_facts *facts,
                                             struct cf_buf *buf);

#endif
