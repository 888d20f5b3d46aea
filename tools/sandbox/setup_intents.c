/* SPDX-License-Identifier: Apache-2.0 */
/* Setup intents: a card is saved for later, with the cardholder's consent. */
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

static bool is_status(const struct cf_json *intent, const char *status)
{
    return cf_json_is(cf_json_get(intent, "status"), status);
}

static void fail(struct cf_call *call, struct cf_json *intent, struct cf_json *error)
{
    cf_json_set(intent, "last_setup_error", cf_json_copy(error));
    cf_json_set_text(intent, "status", "requires_payment_method");
    cf_json_set_null(intent, "payment_method");
    cf_json_set_null(intent, "next_action");
    cf_call_emit(call, call->account, "setup_intent.setup_failed", intent);
    cf_json_set(error, "setup_intent", cf_json_copy(intent));
    if (call->status == 0)
        cf_call_refuse_card(call, error);
}

/* The card is saved, unless its bank says no. */
static void save(struct cf_call *call, struct cf_json *intent, const struct cf_json *method)
{
    const struct cf_card *card = cf_payment_method_card(method);
    const char *customer = cf_json_text_at(intent, "customer");
    if (card->outcome == CF_CARD_DECLINES) {
        struct cf_json *error = cf_card_error(card->code, card->decline_code, NULL);
        fail(call, intent, error);
        cf_json_destroy(error);
        return;
    }
    if (customer != NULL && !cf_payment_method_attach(call, method, customer))
        return;
    cf_json_set_text(intent, "status", "succeeded");
    cf_json_set_null(intent, "next_action");
    cf_json_set_null(intent, "last_setup_error");
    cf_call_emit(call, call->account, "setup_intent.succeeded", intent);
}

static void require_action(struct cf_call *call, struct cf_json *intent)
{
    char url[512];
    struct cf_json *action = cf_json_object(), *redirect = cf_json_object();
    snprintf(url, sizeof url, "%s/_sandbox/authenticate/%s?client_secret=%s", call->public_url,
             cf_json_text_at(intent, "id"), cf_json_text_at(intent, "client_secret"));
    cf_json_set_text(redirect, "return_url", cf_call_text(call, "return_url"));
    cf_json_set_text(redirect, "url", url);
    cf_json_set_text(action, "type", "redirect_to_url");
    cf_json_set(action, "redirect_to_url", redirect);
    cf_json_set(intent, "next_action", action);
    cf_json_set_text(intent, "status", "requires_action");
    cf_call_emit(call, call->account, "setup_intent.requires_action", intent);
}

static void confirm(struct cf_call *call, struct cf_json *intent)
{
    const char *id = cf_json_text_at(intent, "payment_method");
    if (id == NULL) {
        cf_call_refuse(
            call, 400, "parameter_missing", "payment_method",
            "You cannot confirm this SetupIntent because it's missing a payment method.");
        return;
    }
    const struct cf_json *method = cf_call_fetch(call, "payment_method", id, "payment_method");
    if (method == NULL)
        return;
    if (cf_payment_method_card(method)->authentication == CF_CARD_AUTH_NEVER)
        save(call, intent, method);
    else
        require_action(call, intent);
}

static bool take_payment_method(struct cf_call *call, struct cf_json *intent)
{
    const char *id = cf_call_text(call, "payment_method");
    if (id == NULL)
        return true;
    const struct cf_json *method = cf_payment_method_resolve(call, id, "payment_method");
    if (method == NULL)
        return false;
    cf_json_set_text(intent, "payment_method", cf_json_text_at(method, "id"));
    cf_json_set_text(intent, "status", "requires_confirmation");
    return true;
}

void cf_sandbox_setup_intent_create(struct cf_call *call)
{
    const char *customer = cf_call_text(call, "customer");
    if (customer != NULL && cf_call_fetch(call, "customer", customer, "customer") == NULL)
        return;
    struct cf_json *intent = cf_call_make(call, call->account, "setup_intent", "seti");
    char secret[160];
    snprintf(secret, sizeof secret, "%s_secret_%s", cf_json_text_at(intent, "id"),
             cf_json_text_at(intent, "id") + 8);
    cf_json_set_text(intent, "client_secret", secret);
    cf_call_take(
        call, intent,
        "automatic_payment_methods customer usage payment_method_types description metadata");
    if (!take_payment_method(call, intent))
        return;
    cf_call_emit(call, call->account, "setup_intent.created", intent);
    if (cf_call_is_true(call, "confirm"))
        confirm(call, intent);
    if (call->status == 0)
        cf_call_answer(call, intent);
}

void cf_sandbox_setup_intent_list(struct cf_call *call)
{
    cf_call_answer_list(call, "setup_intent");
}

void cf_sandbox_setup_intent_update(struct cf_call *call)
{
    const char *customer = cf_call_text(call, "customer");
    struct cf_json *intent = cf_call_edit(call, "setup_intent", call->id, "intent");
    if (intent == NULL ||
        (customer != NULL && cf_call_fetch(call, "customer", customer, "customer") == NULL))
        return;
    cf_call_take(call, intent, "customer payment_method_types description metadata");
    if (take_payment_method(call, intent))
        cf_call_answer(call, intent);
}

void cf_sandbox_setup_intent_get(struct cf_call *call)
{
    const struct cf_json *intent = cf_call_fetch(call, "setup_intent", call->id, "intent");
    if (intent != NULL)
        cf_call_answer(call, intent);
}

void cf_sandbox_setup_intent_confirm(struct cf_call *call)
{
    struct cf_json *intent = cf_call_edit(call, "setup_intent", call->id, "intent");
    if (intent == NULL)
        return;
    if (is_status(intent, "succeeded") || is_status(intent, "canceled")) {
        cf_call_refuse(call, 400, "setup_intent_unexpected_state", NULL,
                       "This SetupIntent cannot be confirmed because it has a status of %s.",
                       cf_json_text_at(intent, "status"));
        return;
    }
    if (take_payment_method(call, intent))
        confirm(call, intent);
    if (call->status == 0)
        cf_call_answer(call, intent);
}

void cf_sandbox_setup_intent_cancel(struct cf_call *call)
{
    struct cf_json *intent = cf_call_edit(call, "setup_intent", call->id, "intent");
    if (intent == NULL)
        return;
    if (is_status(intent, "succeeded") || is_status(intent, "canceled")) {
        cf_call_refuse(call, 400, "setup_intent_unexpected_state", NULL,
                       "This SetupIntent cannot be canceled because it has a status of %s.",
                       cf_json_text_at(intent, "status"));
        return;
    }
    cf_json_set_text(intent, "status", "canceled");
    cf_json_set_text(intent, "cancellation_reason", cf_call_text(call, "cancellation_reason"));
    cf_json_set_null(intent, "next_action");
    cf_call_emit(call, call->account, "setup_intent.canceled", intent);
    cf_call_answer(call, intent);
}

void cf_setup_intent_authenticated(struct cf_call *call, struct cf_json *intent, bool succeeded)
{
    const char *id = cf_json_text_at(intent, "payment_method");
    const struct cf_json *method =
        id == NULL ? NULL : cf_store_find(call->store, call->account, id);
    if (!is_status(intent, "requires_action") || method == NULL)
        return;
    if (succeeded) {
        save(call, intent, method);
        return;
    }
    struct cf_json *error = cf_card_error("setup_intent_authentication_failure", NULL, NULL);
    fail(call, intent, error);
    cf_json_destroy(error);
}
