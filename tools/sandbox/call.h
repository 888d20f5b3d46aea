/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_CALL_H
#define CF_TOOLS_SANDBOX_CALL_H

/*
 * A call: one request, or one thing that fell due, inside one transaction of the store.
 *
 * A handler looks things up, checks, and only then changes; it ends with one cf_call_answer… or
 * cf_call_refuse. A refusal of kind card_error keeps what was changed (a declined charge stays on
 * the books), every other one undoes it.
 */

#include "api/server.h"
#include "tools/sandbox/cards.h"
#include "tools/sandbox/store.h"

struct cf_sandbox;

struct cf_call {
    struct cf_sandbox *sandbox;
    struct cf_store *store;
    const char *account;         /* on whose behalf; "" is the platform */
    const char *id;              /* from the path; NULL where it has none */
    struct cf_json *params;      /* typed; borrowed */
    int64_t now;                 /* the sandbox's time, in seconds */
    const char *request_id;      /* NULL for what fell due */
    const char *idempotency_key; /* NULL without */
    const char *public_url;      /* of the pages; without a slash at the end */
    char random_seed[33];

    unsigned status;        /* of the answer; 0 while there is none */
    struct cf_json *answer; /* owned */
    char location[1024];    /* redirect a browser there; empty for none */
    bool html;              /* the answer is the text of a page */
};

typedef void cf_call_handle_fn(struct cf_call *call);

/* One row of endpoints.def. */
struct cf_endpoint {
    const char *name;
    enum cf_http_method method;
    const char *path;
    const char *parameters; /* see parameters.h */
    cf_call_handle_fn *handle;
};

/* Ends the call. `answer` is copied, or taken. */
void cf_call_answer(struct cf_call *call, const struct cf_json *answer);
void cf_call_answer_taken(struct cf_call *call, struct cf_json *answer);
/* Type and code as Stripe has them; param and code may be NULL. */
void cf_call_refuse(struct cf_call *call, unsigned status, const char *code, const char *param,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Status 402 with the error of a payment or setup intent, whole as Stripe sends it. */
void cf_call_refuse_card(struct cf_call *call, const struct cf_json *error);

/* An object by id, which has to be of that type, to look at or to change; refuses with 404 and
 * returns NULL when there is none. */
const struct cf_json *cf_call_fetch(struct cf_call *call, const char *type, const char *id,
                                    const char *param);
struct cf_json *cf_call_edit(struct cf_call *call, const char *type, const char *id,
                             const char *param);
/* A parameter's text, or NULL; its number. */
const char *cf_call_text(const struct cf_call *call, const char *param);
int64_t cf_call_integer(const struct cf_call *call, const char *param, int64_t otherwise);
bool cf_call_is_true(const struct cf_call *call, const char *param);

/* A fresh id such as "pi_…" into a buffer of 64. */
void cf_call_new_id(struct cf_call *call, const char *prefix, char ret_id[64]);
/* A new object from its template, with id and time, in the store and on its list. */
struct cf_json *cf_call_make(struct cf_call *call, const char *account, const char *type,
                             const char *prefix);
/* Puts an object on the lists by which it can be filtered fast; after its members are set. */
void cf_call_index(struct cf_call *call, const char *account, const struct cf_json *object);
/* Copies the named parameters ("a b c") that were given, metadata merged key by key. */
void cf_call_take(struct cf_call *call, struct cf_json *object, const char *names);
/* Answers with a page of the objects of a type that match the parameters. */
void cf_call_answer_list(struct cf_call *call, const char *type);

/* Records an event about the object as it is now, and has it delivered. */
void cf_call_emit(struct cf_call *call, const char *account, const char *type,
                  const struct cf_json *object);

/* Money. */

/* Books a movement on an account's balance; a later `available_on` keeps it pending until then. */
struct cf_json *cf_call_book(struct cf_call *call, const char *account, const char *type,
                             const struct cf_json *source, int64_t amount, int64_t fee,
                             int64_t available_on);
int64_t cf_call_balance(struct cf_call *call, const char *account, const char *kind,
                        const char *currency);
/* Refuses what no charge or transfer can be: currency unknown, amount too small, large or uneven.
 */
bool cf_call_check_money(struct cf_call *call, const char *amount_param, int64_t amount,
                         const char *currency);

/* What one resource does for another. */

/* The payment method behind an id or a test name such as pm_card_visa, which becomes a new one. */
const struct cf_json *cf_payment_method_resolve(struct cf_call *call, const char *id,
                                                const char *param);
const struct cf_card *cf_payment_method_card(const struct cf_json *payment_method);
/* Attaches; false, with a card error answered, when the card's bank says no. */
bool cf_payment_method_attach(struct cf_call *call, const struct cf_json *payment_method,
                              const char *customer);
/* The decline of a card as Stripe's error object. */
struct cf_json *cf_card_error(const char *code, const char *decline_code, const char *charge);
/* Charges for a payment intent; its `latest_charge`, captured or held. The error when it is
 * declined. */
struct cf_json *cf_charge_make(struct cf_call *call, struct cf_json *intent,
                               const struct cf_json *payment_method, bool off_session, bool capture,
                               struct cf_json **ret_error);
/* Takes held money: books it, emits, starts what the card brings with it. */
void cf_charge_capture(struct cf_call *call, struct cf_json *charge, int64_t amount);
/* Lets a hold go. */
void cf_charge_expire(struct cf_call *call, struct cf_json *charge);
void cf_dispute_open(struct cf_call *call, struct cf_json *charge, const char *reason,
                     bool inquiry);
/* Ends an intent's authentication, as the 3-D Secure page does. */
void cf_payment_intent_authenticated(struct cf_call *call, struct cf_json *intent, bool succeeded);
void cf_setup_intent_authenticated(struct cf_call *call, struct cf_json *intent, bool succeeded);
/* Lets due things happen: see due.c. */
void cf_payment_intent_hold_ends(struct cf_call *call, const char *id);
void cf_payout_moves_on(struct cf_call *call, const char *id);
void cf_refund_moves_on(struct cf_call *call, const char *id);
void cf_charge_brings_dispute(struct cf_call *call, const char *id);
void cf_transaction_becomes_available(struct cf_call *call, const char *id);

#endif
