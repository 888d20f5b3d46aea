/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payment intents: one payment from its making to its capture.
 *
 *   requires_payment_method → requires_confirmation → (requires_action) → requires_capture |
 * succeeded any but succeeded → canceled; a decline leads back to requires_payment_method
 */
#include "core/base/assert.h"
#include "core/currency.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

static const char *status_of(const struct cf_json *intent)
{
    return cf_json_text_at(intent, "status");
}

static bool is_status(const struct cf_json *intent, const char *status)
{
    return cf_json_is(cf_json_get(intent, "status"), status);
}

static void refuse_state(struct cf_call *call, const struct cf_json *intent, const char *verb)
{
    cf_call_refuse(call, 400, "payment_intent_unexpected_state", NULL,
                   "This PaymentIntent could not be %s because it has a status of %s.", verb,
                   status_of(intent));
    if (call->status == 400)
        cf_json_set(cf_json_get(call->answer, "error"), "payment_intent", cf_json_copy(intent));
}

/* The payment failed: back to the start, with the reason; answers 402. */
static void fail(struct cf_call *call, struct cf_json *intent, const struct cf_json *payment_method,
                 struct cf_json *error)
{
    cf_json_set(error, "payment_method", cf_json_copy(payment_method));
    cf_json_set(intent, "last_payment_error", cf_json_copy(error));
    cf_json_set_text(intent, "status", "requires_payment_method");
    cf_json_set_null(intent, "payment_method");
    cf_json_set_null(intent, "next_action");
    cf_call_emit(call, call->account, "payment_intent.payment_failed", intent);
    cf_json_set(error, "payment_intent", cf_json_copy(intent));
    if (call->status == 0)
        cf_call_refuse_card(call, error);
}

static void succeed(struct cf_call *call, struct cf_json *intent, int64_t amount)
{
    cf_json_set_text(intent, "status", "succeeded");
    cf_json_set_integer(intent, "amount_received", amount);
    cf_json_set_integer(intent, "amount_capturable", 0);
    cf_call_emit(call, call->account, "payment_intent.succeeded", intent);
}

/* Charges the card, authentication being done or not needed. */
static void charge(struct cf_call *call, struct cf_json *intent,
                   const struct cf_json *payment_method, bool off_session)
{
    struct cf_json *error = NULL;
    bool manual = cf_json_is(cf_json_get(intent, "capture_method"), "manual");
    const char *customer = cf_json_text_at(intent, "customer");
    cf_charge_make(call, intent, payment_method, off_session, !manual, &error);
    if (error != NULL) {
        fail(call, intent, payment_method, error);
        cf_json_destroy(error);
        return;
    }
    cf_json_set_null(intent, "next_action");
    cf_json_set_null(intent, "last_payment_error");
    if (customer != NULL && cf_json_text_at(intent, "setup_future_usage") != NULL)
        CF_ASSERT(cf_payment_method_attach(call, payment_method, customer));
    int64_t amount = cf_json_integer_at(intent, "amount", 0);
    if (manual) {
        cf_json_set_text(intent, "status", "requires_capture");
        cf_json_set_integer(intent, "amount_capturable", amount);
        cf_call_emit(call, call->account, "payment_intent.amount_capturable_updated", intent);
    } else {
        succeed(call, intent, amount);
    }
}

/* Wants the cardholder on a page of their bank. */
static void require_action(struct cf_call *call, struct cf_json *intent, const char *return_url)
{
    char url[512];
    struct cf_json *action = cf_json_object(), *redirect = cf_json_object();
    snprintf(url, sizeof url, "%s/_sandbox/authenticate/%s?client_secret=%s", call->public_url,
             cf_json_text_at(intent, "id"), cf_json_text_at(intent, "client_secret"));
    cf_json_set_text(redirect, "return_url", return_url);
    cf_json_set_text(redirect, "url", url);
    cf_json_set_text(action, "type", "redirect_to_url");
    cf_json_set(action, "redirect_to_url", redirect);
    cf_json_set(intent, "next_action", action);
    cf_json_set_text(intent, "status", "requires_action");
    cf_call_emit(call, call->account, "payment_intent.requires_action", intent);
}

static void confirm(struct cf_call *call, struct cf_json *intent, bool off_session)
{
    const char *id = cf_json_text_at(intent, "payment_method");
    const struct cf_json *payment_method =
        cf_call_fetch(call, "payment_method", id, "payment_method");
    if (payment_method == NULL)
        return;
    const struct cf_card *card = cf_payment_method_card(payment_method);
    bool saved = cf_json_text_at(payment_method, "customer") != NULL;
    bool authenticate =
        card->authentication == CF_CARD_AUTH_ALWAYS ||
        (card->authentication == CF_CARD_AUTH_UNLESS_SAVED && !saved) ||
        cf_json_is(cf_json_at(call->params, "payment_method_options.card.request_three_d_secure"),
                   "any");
    if (off_session && card->authentication == CF_CARD_AUTH_UNLESS_SAVED && saved)
        authenticate = false;
    if (authenticate && !off_session) {
        if (cf_call_is_true(call, "error_on_requires_action")) {
            struct cf_json *error = cf_card_error("authentication_required", NULL, NULL);
            fail(call, intent, payment_method, error);
            cf_json_destroy(error);
        } else {
            require_action(call, intent, cf_call_text(call, "return_url"));
        }
        return;
    }
    charge(call, intent, payment_method, off_session);
}

/* Sets the payment method that was given, a test name becoming a card; false when refused. */
static bool take_payment_method(struct cf_call *call, struct cf_json *intent)
{
    const char *id = cf_call_text(call, "payment_method");
    const char *customer = cf_json_text_at(intent, "customer");
    if (id == NULL)
        return true;
    const struct cf_json *method = cf_payment_method_resolve(call, id, "payment_method");
    if (method == NULL)
        return false;
    const char *owner = cf_json_text_at(method, "customer");
    if (owner != NULL && (customer == NULL || strcmp(owner, customer) != 0)) {
        cf_call_refuse(call, 400, "payment_intent_invalid_parameter", "payment_method",
                       "The provided PaymentMethod belongs to another Customer.");
        return false;
    }
    cf_json_set_text(intent, "payment_method", cf_json_text_at(method, "id"));
    if (is_status(intent, "requires_payment_method"))
        cf_json_set_text(intent, "status", "requires_confirmation");
    return true;
}

/* An amount that a card can be charged with; refuses others. */
static bool check_charge(struct cf_call *call, int64_t amount, const char *currency)
{
    enum cf_currency known;
    if (!cf_call_check_money(call, "amount", amount, currency))
        return false;
    CF_ASSERT(cf_currency_from_letters(cf_bytes_from_text(currency), &known) == CF_OK);
    int64_t least = cf_currency_stripe_charge_min(known);
    if (amount < least)
        cf_call_refuse(call, 400, "amount_too_small", "amount", "Amount must be at least %lld %s",
                       (long long)least, currency);
    return call->status == 0;
}

static bool check_references(struct cf_call *call)
{
    const char *customer = cf_call_text(call, "customer");
    const char *account = cf_call_text(call, "on_behalf_of");
    if (account != NULL && cf_store_find(call->store, "", account) == NULL)
        cf_call_refuse(call, 400, "resource_missing", "on_behalf_of", "No such account: '%s'",
                       account);
    return call->status == 0 &&
           (customer == NULL || cf_call_fetch(call, "customer", customer, "customer") != NULL);
}

void cf_sandbox_payment_intent_create(struct cf_call *call)
{
    bool off_session = cf_json_kind(cf_json_at(call->params, "off_session")) == CF_JSON_TEXT ||
                       cf_call_is_true(call, "off_session");
    bool now = cf_call_is_true(call, "confirm");
    if (!check_charge(call, cf_call_integer(call, "amount", 0), cf_call_text(call, "currency")) ||
        !check_references(call))
        return;
    if (off_session && (!now || cf_call_text(call, "payment_method") == NULL)) {
        cf_call_refuse(call, 400, "parameter_missing", now ? "payment_method" : "confirm",
                       "off_session needs confirm=true and a payment method.");
        return;
    }
    struct cf_json *intent = cf_call_make(call, call->account, "payment_intent", "pi");
    char secret[160];
    snprintf(secret, sizeof secret, "%s_secret_%s", cf_json_text_at(intent, "id"),
             cf_json_text_at(intent, "id") + 6);
    cf_json_set_text(intent, "client_secret", secret);
    cf_call_take(
        call, intent,
        "amount currency customer payment_method_types capture_method confirmation_method "
        "setup_future_usage transfer_group on_behalf_of description statement_descriptor "
        "statement_descriptor_suffix receipt_email automatic_payment_methods shipping metadata");
    cf_call_index(call, call->account, intent);
    if (!take_payment_method(call, intent))
        return;
    cf_call_emit(call, call->account, "payment_intent.created", intent);
    if (now && cf_json_text_at(intent, "payment_method") == NULL) {
        cf_call_refuse(call, 400, "parameter_missing", "payment_method",
                       "You cannot confirm this PaymentIntent because it's missing a payment "
                       "method.");
        return;
    }
    if (now)
        confirm(call, intent, off_session);
    if (call->status == 0)
        cf_call_answer(call, intent);
}

void cf_sandbox_payment_intent_list(struct cf_call *call)
{
    cf_call_answer_list(call, "payment_intent");
}

void cf_sandbox_payment_intent_get(struct cf_call *call)
{
    const struct cf_json *intent = cf_call_fetch(call, "payment_intent", call->id, "intent");
    if (intent != NULL)
        cf_call_answer(call, intent);
}

void cf_sandbox_payment_intent_update(struct cf_call *call)
{
    struct cf_json *intent = cf_call_edit(call, "payment_intent", call->id, "intent");
    if (intent == NULL)
        return;
    bool open = is_status(intent, "requires_payment_method") ||
                is_status(intent, "requires_confirmation") || is_status(intent, "requires_action");
    bool money = cf_json_get(call->params, "amount") != NULL ||
                 cf_json_get(call->params, "currency") != NULL ||
                 cf_json_get(call->params, "payment_method") != NULL;
    if (money && !open) {
        refuse_state(call, intent, "updated");
        return;
    }
    const char *currency = cf_call_text(call, "currency");
    if (money && !check_charge(
                     call, cf_call_integer(call, "amount", cf_json_integer_at(intent, "amount", 0)),
                     currency != NULL ? currency : cf_json_text_at(intent, "currency")))
        return;
    if (!check_references(call))
        return;
    cf_call_take(call, intent,
                 "amount currency customer capture_method setup_future_usage transfer_group "
                 "description statement_descriptor statement_descriptor_suffix receipt_email "
                 "shipping metadata");
    if (take_payment_method(call, intent))
        cf_call_answer(call, intent);
}

void cf_sandbox_payment_intent_confirm(struct cf_call *call)
{
    struct cf_json *intent = cf_call_edit(call, "payment_intent", call->id, "intent");
    if (intent == NULL)
        return;
    bool off_session = cf_json_kind(cf_json_at(call->params, "off_session")) == CF_JSON_TEXT ||
                       cf_call_is_true(call, "off_session");
    if (!is_status(intent, "requires_payment_method") &&
        !is_status(intent, "requires_confirmation") && !is_status(intent, "requires_action")) {
        refuse_state(call, intent, "confirmed");
        return;
    }
    if (!take_payment_method(call, intent))
        return;
    if (cf_json_text_at(intent, "payment_method") == NULL) {
        cf_call_refuse(call, 400, "payment_intent_unexpected_state", "payment_method",
                       "You cannot confirm this PaymentIntent because it's missing a payment "
                       "method.");
        return;
    }
    cf_call_take(call, intent, "capture_method setup_future_usage receipt_email");
    confirm(call, intent, off_session);
    if (call->status == 0)
        cf_call_answer(call, intent);
}

void cf_sandbox_payment_intent_capture(struct cf_call *call)
{
    struct cf_json *intent = cf_call_edit(call, "payment_intent", call->id, "intent");
    if (intent == NULL)
        return;
    if (!is_status(intent, "requires_capture")) {
        refuse_state(call, intent, "captured");
        return;
    }
    int64_t capturable = cf_json_integer_at(intent, "amount_capturable", 0);
    int64_t amount = cf_call_integer(call, "amount_to_capture", capturable);
    if (amount < 1 || amount > capturable) {
        cf_call_refuse(call, 400, amount < 1 ? "parameter_invalid_integer" : "amount_too_large",
                       "amount_to_capture",
                       "The amount could not be captured because it is not within what can be: "
                       "%lld of %lld",
                       (long long)amount, (long long)capturable);
        return;
    }
    struct cf_json *held =
        cf_store_edit(call->store, call->account, cf_json_text_at(intent, "latest_charge"));
    CF_ASSERT(held != NULL);
    cf_call_take(call, intent, "statement_descriptor statement_descriptor_suffix metadata");
    cf_charge_capture(call, held, amount);
    succeed(call, intent, amount);
    cf_call_answer(call, intent);
}

static void cancel(struct cf_call *call, struct cf_json *intent, const char *reason, bool expired)
{
    const char *charge_id = cf_json_text_at(intent, "latest_charge");
    struct cf_json *held = is_status(intent, "requires_capture")
                               ? cf_store_edit(call->store, call->account, charge_id)
                               : NULL;
    if (held != NULL && expired) {
        cf_charge_expire(call, held);
    } else if (held != NULL) {
        cf_json_set_integer(held, "amount_refunded", cf_json_integer_at(held, "amount", 0));
        cf_json_set_bool(held, "refunded", true);
        cf_call_emit(call, call->account, "charge.refunded", held);
    }
    cf_json_set_text(intent, "status", "canceled");
    cf_json_set_text(intent, "cancellation_reason", reason);
    cf_json_set_integer(intent, "canceled_at", call->now);
    cf_json_set_integer(intent, "amount_capturable", 0);
    cf_json_set_null(intent, "next_action");
    cf_call_emit(call, call->account, "payment_intent.canceled", intent);
}

void cf_sandbox_payment_intent_cancel(struct cf_call *call)
{
    struct cf_json *intent = cf_call_edit(call, "payment_intent", call->id, "intent");
    if (intent == NULL)
        return;
    if (is_status(intent, "succeeded") || is_status(intent, "canceled")) {
        refuse_state(call, intent, "canceled");
        return;
    }
    cancel(call, intent, cf_call_text(call, "cancellation_reason"), false);
    cf_call_answer(call, intent);
}

void cf_payment_intent_hold_ends(struct cf_call *call, const char *id)
{
    struct cf_json *intent = cf_store_edit_anywhere(call->store, id, &call->account);
    if (intent != NULL && is_status(intent, "requires_capture"))
        cancel(call, intent, "automatic", true);
}

void cf_sandbox_payment_intent_increment_authorization(struct cf_call *call)
{
    struct cf_json *intent = cf_call_edit(call, "payment_intent", call->id, "intent");
    if (intent == NULL)
        return;
    int64_t amount = cf_call_integer(call, "amount", 0);
    if (!is_status(intent, "requires_capture")) {
        refuse_state(call, intent, "incremented");
        return;
    }
    if (amount <= cf_json_integer_at(intent, "amount", 0)) {
        cf_call_refuse(call, 400, "parameter_invalid_integer", "amount",
                       "The amount must be greater than what is authorized.");
        return;
    }
    if (!cf_call_check_money(call, "amount", amount, cf_json_text_at(intent, "currency")))
        return;
    struct cf_json *held =
        cf_store_edit(call->store, call->account, cf_json_text_at(intent, "latest_charge"));
    CF_ASSERT(held != NULL);
    cf_json_set_integer(held, "amount", amount);
    cf_json_set_integer(intent, "amount", amount);
    cf_json_set_integer(intent, "amount_capturable", amount);
    cf_call_take(call, intent, "description statement_descriptor metadata");
    cf_call_emit(call, call->account, "payment_intent.amount_capturable_updated", intent);
    cf_call_answer(call, intent);
}

void cf_payment_intent_authenticated(struct cf_call *call, struct cf_json *intent, bool succeeded)
{
    const char *id = cf_json_text_at(intent, "payment_method");
    if (!is_status(intent, "requires_action") || id == NULL)
        return;
    const struct cf_json *payment_method = cf_store_find(call->store, call->account, id);
    if (payment_method == NULL)
        return;
    if (succeeded) {
        charge(call, intent, payment_method, false);
        return;
    }
    struct cf_json *error = cf_card_error("payment_intent_authentication_failure", NULL, NULL);
    fail(call, intent, payment_method, error);
    cf_json_destroy(error);
}
