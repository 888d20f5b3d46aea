/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cards. What a card does hangs on its number, which the fingerprint carries: these numbers are
 * nobody's.
 */
#include "core/base/assert.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

static struct cf_json *card_object(const struct cf_card *card, int64_t month, int64_t year)
{
    struct cf_json *object = cf_json_object(), *checks = cf_json_object();
    struct cf_json *networks = cf_json_object(), *available = cf_json_array();
    char fingerprint[32];
    snprintf(fingerprint, sizeof fingerprint, "fp%s", card->number);
    cf_json_set_text(object, "brand", card->brand);
    cf_json_set_null(checks, "address_line1_check");
    cf_json_set_null(checks, "address_postal_code_check");
    cf_json_set_text(checks, "cvc_check", "pass");
    cf_json_set(object, "checks", checks);
    cf_json_set_text(object, "country", "US");
    cf_json_set_integer(object, "exp_month", month);
    cf_json_set_integer(object, "exp_year", year);
    cf_json_set_text(object, "fingerprint", fingerprint);
    cf_json_set_text(object, "funding", strstr(card->name, "debit") != NULL ? "debit" : "credit");
    cf_json_set_null(object, "generated_from");
    cf_json_set_text(object, "last4", card->number + strlen(card->number) - 4);
    cf_json_append(available, cf_json_from_text(card->brand));
    cf_json_set(networks, "available", available);
    cf_json_set_null(networks, "preferred");
    cf_json_set(object, "networks", networks);
    cf_json_set_null(object, "three_d_secure_usage");
    cf_json_set_null(object, "wallet");
    return object;
}

static struct cf_json *make(struct cf_call *call, const struct cf_card *card, int64_t month,
                            int64_t year)
{
    struct cf_json *method = cf_call_make(call, call->account, "payment_method", "pm");
    cf_json_set(method, "card", card_object(card, month, year));
    return method;
}

const struct cf_card *cf_payment_method_card(const struct cf_json *payment_method)
{
    const char *fingerprint = cf_json_text_at(payment_method, "card.fingerprint");
    const struct cf_card *card = fingerprint == NULL ? NULL : cf_card_by_number(fingerprint + 2);
    CF_ASSERT(card != NULL);
    return card;
}

const struct cf_json *cf_payment_method_resolve(struct cf_call *call, const char *id,
                                                const char *param)
{
    const struct cf_card *card = cf_card_by_name(id);
    if (card != NULL)
        return make(call, card, 12, 2034);
    return cf_call_fetch(call, "payment_method", id, param);
}

struct cf_json *cf_card_error(const char *code, const char *decline_code, const char *charge)
{
    struct cf_json *error = cf_json_object();
    char url[160];
    cf_json_set_text(error, "type", "card_error");
    cf_json_set_text(error, "code", code);
    if (decline_code != NULL)
        cf_json_set_text(error, "decline_code", decline_code);
    snprintf(url, sizeof url, "https://stripe.com/docs/error-codes/%s", code);
    cf_json_set_text(error, "doc_url", url);
    if (charge != NULL)
        cf_json_set_text(error, "charge", charge);
    if (strcmp(code, "expired_card") == 0)
        cf_json_set_text(error, "message", "Your card has expired.");
    else if (strcmp(code, "incorrect_cvc") == 0)
        cf_json_set_text(error, "message", "Your card's security code is incorrect.");
    else if (strcmp(code, "processing_error") == 0)
        cf_json_set_text(error, "message", "An error occurred while processing your card.");
    else if (strcmp(code, "authentication_required") == 0)
        cf_json_set_text(error, "message",
                         "Your card was declined. This transaction requires authentication.");
    else
        cf_json_set_text(error, "message", "Your card was declined.");
    return error;
}

bool cf_payment_method_attach(struct cf_call *call, const struct cf_json *payment_method,
                              const char *customer)
{
    const struct cf_card *card = cf_payment_method_card(payment_method);
    const char *owner = cf_json_text_at(payment_method, "customer");
    if (owner != NULL && strcmp(owner, customer) != 0) {
        cf_call_refuse(call, 400, "payment_method_unexpected_state", "payment_method",
                       "The payment method you provided has already been attached to a customer.");
        return false;
    }
    if (card->outcome == CF_CARD_DECLINES) {
        CF_CLEANUP(cf_scope_cf_json_destroy)
        struct cf_json *error = cf_card_error(card->code, card->decline_code, NULL);
        cf_call_refuse_card(call, error);
        return false;
    }
    if (owner != NULL)
        return true;
    cf_json_set_text(
        cf_store_edit(call->store, call->account, cf_json_text_at(payment_method, "id")),
        "customer", customer);
    cf_call_emit(call, call->account, "payment_method.attached", payment_method);
    return true;
}

static bool is_expired(const struct cf_call *call, int64_t month, int64_t year)
{
    /* Years of 31,556,952 s are near enough for the month that a card expires in. */
    int64_t months_now = call->now / 2629746 + INT64_C(1970) * 12;
    return year * 12 + month - 1 < months_now;
}

static void take_details(struct cf_call *call, struct cf_json *method)
{
    static const char *const details[] = {"email", "name", "phone", "address"};
    const struct cf_json *given = cf_json_get(call->params, "billing_details");
    cf_call_take(call, method, "metadata");
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        const struct cf_json *detail = cf_json_get(given, details[i]);
        if (detail != NULL)
            cf_json_set(cf_json_get(method, "billing_details"), details[i], cf_json_copy(detail));
    }
}

/* The parameter that a card cannot be made without, or NULL. */
static const char *missing_param(const struct cf_call *call)
{
    if (cf_call_text(call, "type") == NULL)
        return "type";
    if (cf_call_text(call, "card.token") != NULL)
        return NULL;
    if (cf_call_text(call, "card.number") == NULL)
        return "card";
    if (cf_json_at(call->params, "card.exp_month") == NULL)
        return "card[exp_month]";
    return cf_json_at(call->params, "card.exp_year") == NULL ? "card[exp_year]" : NULL;
}

/* What is wrong with a card's number or time, as an error's code; NULL when nothing is. */
static const char *wrong_card(const struct cf_call *call, const struct cf_card *card, int64_t month,
                              int64_t year)
{
    if (card == NULL)
        return "incorrect_number";
    if (month < 1 || month > 12)
        return "invalid_expiry_month";
    if (year < 1970 || year > 9999)
        return "invalid_expiry_year";
    return is_expired(call, month, year) ? "expired_card" : NULL;
}

void cf_sandbox_payment_method_create(struct cf_call *call)
{
    const char *missing = missing_param(call);
    if (missing != NULL) {
        cf_call_refuse(call, 400, "parameter_missing", missing, "Missing required param: %s.",
                       missing);
        return;
    }
    const char *token = cf_call_text(call, "card.token");
    int64_t month = cf_call_integer(call, "card.exp_month", 12);
    int64_t year = cf_call_integer(call, "card.exp_year", 2034);
    year += year >= 0 && year < 100 ? 2000 : 0;
    const struct cf_card *card = token != NULL
                                     ? cf_card_by_name(token)
                                     : cf_card_by_number(cf_call_text(call, "card.number"));
    const char *wrong = wrong_card(call, card, month, year);
    if (wrong != NULL) {
        CF_CLEANUP(cf_scope_cf_json_destroy)
        struct cf_json *error = cf_card_error(wrong, NULL, NULL);
        cf_call_refuse_card(call, error);
        return;
    }
    struct cf_json *method = make(call, card, month, year);
    take_details(call, method);
    cf_call_answer(call, method);
}

void cf_sandbox_payment_method_list(struct cf_call *call)
{
    cf_call_answer_list(call, "payment_method");
}

void cf_sandbox_payment_method_update(struct cf_call *call)
{
    struct cf_json *method = cf_call_edit(call, "payment_method", call->id, "id");
    if (method == NULL)
        return;
    take_details(call, method);
    cf_call_emit(call, call->account, "payment_method.updated", method);
    cf_call_answer(call, method);
}

void cf_sandbox_payment_method_get(struct cf_call *call)
{
    const struct cf_json *method = cf_call_fetch(call, "payment_method", call->id, "id");
    if (method != NULL)
        cf_call_answer(call, method);
}

void cf_sandbox_payment_method_attach(struct cf_call *call)
{
    const char *customer = cf_call_text(call, "customer");
    if (cf_call_fetch(call, "customer", customer, "customer") == NULL)
        return;
    const struct cf_json *method = cf_payment_method_resolve(call, call->id, "id");
    if (method != NULL && cf_payment_method_attach(call, method, customer))
        cf_call_answer(call, method);
}

void cf_sandbox_payment_method_detach(struct cf_call *call)
{
    struct cf_json *method = cf_call_edit(call, "payment_method", call->id, "id");
    if (method == NULL)
        return;
    if (cf_json_text_at(method, "customer") == NULL) {
        cf_call_refuse(call, 400, "payment_method_unexpected_state", NULL,
                       "The payment method you provided is not attached to a customer.");
        return;
    }
    cf_json_set_null(method, "customer");
    cf_call_emit(call, call->account, "payment_method.detached", method);
    cf_call_answer(call, method);
}
