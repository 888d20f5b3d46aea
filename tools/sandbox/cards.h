/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_CARDS_H
#define CF_TOOLS_SANDBOX_CARDS_H

/* Test cards: what each does when it is saved, charged, and afterwards. The table is cards.def. */

#include "core/base/bytes.h"

enum cf_card_authentication {
    CF_CARD_AUTH_NEVER,
    CF_CARD_AUTH_ALWAYS,       /* for every payment, also off-session */
    CF_CARD_AUTH_UNLESS_SAVED, /* once, when it is saved or first paid with */
};

enum cf_card_outcome {
    CF_CARD_PAYS,
    CF_CARD_DECLINES,       /* when it is saved, and when it is charged */
    CF_CARD_DECLINES_LATER, /* can be saved, declines every charge */
    CF_CARD_DECLINES_ONCE,  /* can be saved, declines the first charge of each payment intent */
};

enum cf_card_sequel {
    CF_CARD_QUIET,
    CF_CARD_DISPUTE_FRAUD,
    CF_CARD_DISPUTE_NOT_RECEIVED,
    CF_CARD_DISPUTE_LATER, /* ten days after the charge */
    CF_CARD_INQUIRY,
    CF_CARD_FRAUD_WARNING,
    CF_CARD_AVAILABLE_AT_ONCE,
    CF_CARD_REFUND_FAILS,
    CF_CARD_REFUND_PENDS,
};

struct cf_card {
    const char *name; /* the payment method's: "pm_card_visa" */
    const char *number;
    const char *brand;
    enum cf_card_authentication authentication;
    enum cf_card_outcome outcome;
    const char *code;         /* of the decline */
    const char *decline_code; /* of the decline; NULL for none */
    enum cf_card_sequel sequel;
};

extern const struct cf_card cf_cards[];
extern const size_t cf_card_count;

/* By "pm_card_…" or "tok_…", or by number. NULL when there is none. */
const struct cf_card *cf_card_by_name(const char *name);
const struct cf_card *cf_card_by_number(const char *number);

#endif
