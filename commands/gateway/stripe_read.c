/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers are read by the object they hold, so that the answer to a request, an object looked at
 * later and one inside an error all go the same way.
 */
#include "commands/gateway/stripe_form.h"
#include "core/base/assert.h"
#include "core/json_value.h"

#include <stdio.h>

static void take(const struct cf_json *json, const char *path, char *ret_text, size_t size)
{
    const char *text = cf_json_text_at(json, path);
    if (text != NULL && strlen(text) < size)
        memcpy(ret_text, text, strlen(text) + 1);
}
#define TAKE(json, path, member) take((json), (path), (member), sizeof(member))

/* The member's id, whether it is expanded or not. */
static void take_reference(const struct cf_json *json, const char *key, char *ret_text)
{
    const struct cf_json *member = cf_json_get(json, key);
    if (cf_json_kind(member) == CF_JSON_OBJECT)
        take(member, "id", ret_text, CF_PORT_NAME_SIZE);
    else
        take(json, key, ret_text, CF_PORT_NAME_SIZE);
}

static void take_id(const struct cf_json *json, const char *path, struct cf_id *ret_id)
{
    const char *text = cf_json_text_at(json, path);
    struct cf_id id;
    if (text != NULL && cf_id_parse(cf_bytes_from_text(text), &id) == CF_OK)
        *ret_id = id;
}

static void take_currency(const struct cf_json *json, struct cf_port_result *result)
{
    const char *letters = cf_json_text_at(json, "currency");
    enum cf_currency currency;
    if (letters != NULL &&
        cf_currency_from_letters(cf_bytes_from_text(letters), &currency) == CF_OK)
        result->currency = currency;
}

/* An amount that our units cannot hold is odd, and nothing is done with it. */
static struct cf_money money_at(const struct cf_json *json, const char *path,
                                struct cf_port_result *result)
{
    struct cf_money money = cf_money_of(0);
    int64_t amount = cf_json_integer_at(json, path, 0);
    if (result->currency == CF_CURRENCY_NONE ||
        cf_currency_from_stripe(result->currency, amount, &money) != CF_OK)
        result->amount_odd = true;
    return money;
}

static void read_balance_transaction(const struct cf_json *json, struct cf_port_result *result)
{
    if (cf_json_kind(json) != CF_JSON_OBJECT)
        return;
    enum cf_currency settled_in = CF_CURRENCY_NONE;
    const char *letters = cf_json_text_at(json, "currency");
    TAKE(json, "id", result->balance_transaction);
    result->fee = money_at(json, "fee", result);
    /* Converted to another currency: none of the ledger's accounts takes that. */
    if (letters == NULL ||
        cf_currency_from_letters(cf_bytes_from_text(letters), &settled_in) != CF_OK ||
        settled_in != result->currency)
        result->amount_odd = true;
    result->available_at_us = cf_json_integer_at(json, "available_on", 0) * 1000000;
    result->funds_available = cf_json_is(cf_json_get(json, "status"), "available");
}

/* A decline's code in our words, and whether the same card may do better later. */
static void read_decline(const struct cf_json *error, struct cf_port_result *result)
{
    static const struct {
        const char *code;
        enum cf_decline decline;
        bool retryable;
    } declines[] = {
        {"insufficient_funds", CF_DECLINE_INSUFFICIENT_FUNDS, true},
        {"expired_card", CF_DECLINE_EXPIRED_CARD, false},
        {"authentication_required", CF_DECLINE_AUTHENTICATION_REQUIRED, false},
        {"payment_intent_authentication_failure", CF_DECLINE_AUTHENTICATION_REQUIRED, false},
        {"setup_intent_authentication_failure", CF_DECLINE_AUTHENTICATION_REQUIRED, false},
        {"incorrect_cvc", CF_DECLINE_INCORRECT_CVC, false},
        {"processing_error", CF_DECLINE_PROCESSING_ERROR, true},
        {"fraudulent", CF_DECLINE_FRAUDULENT, false},
        {"lost_card", CF_DECLINE_LOST_OR_STOLEN, false},
        {"stolen_card", CF_DECLINE_LOST_OR_STOLEN, false},
        {"pickup_card", CF_DECLINE_LOST_OR_STOLEN, false},
        {"card_velocity_exceeded", CF_DECLINE_CARD_DECLINED, true},
        {"generic_decline", CF_DECLINE_CARD_DECLINED, true},
        {"card_declined", CF_DECLINE_CARD_DECLINED, true},
    };
    const char *code = cf_json_text_at(error, "decline_code");
    if (code == NULL)
        code = cf_json_text_at(error, "code");
    result->decline = CF_DECLINE_OTHER;
    for (size_t i = 0; code != NULL && i < sizeof declines / sizeof declines[0]; i++) {
        if (strcmp(declines[i].code, code) == 0) {
            result->decline = declines[i].decline;
            result->retryable = declines[i].retryable;
            break;
        }
    }
    snprintf(result->reason, sizeof result->reason, "%s", code == NULL ? "declined" : code);
}

static void read_charge(const struct cf_json *json, struct cf_port_result *result)
{
    TAKE(json, "id", result->charge);
    take_reference(json, "payment_intent", result->intent);
    take_reference(json, "payment_method", result->payment_method);
    result->capture_before_us =
        cf_json_integer_at(json, "payment_method_details.card.capture_before", 0) * 1000000;
    take_reference(json, "balance_transaction", result->balance_transaction);
    read_balance_transaction(cf_json_get(json, "balance_transaction"), result);
}

static void read_payment_intent(const struct cf_json *json, struct cf_port_result *result)
{
    static const struct {
        const char *status;
        enum cf_port_state state;
    } states[] = {
        {"requires_payment_method", CF_PORT_STATE_FAILED},
        {"requires_confirmation", CF_PORT_STATE_OPEN},
        {"requires_action", CF_PORT_STATE_ACTION},
        {"processing", CF_PORT_STATE_OPEN},
        {"requires_capture", CF_PORT_STATE_HELD},
        {"succeeded", CF_PORT_STATE_TAKEN},
        {"canceled", CF_PORT_STATE_CANCELLED},
    };
    const char *status = cf_json_text_at(json, "status");
    for (size_t i = 0; status != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].status, status) == 0)
            result->state = states[i].state;
    }
    const char *why = cf_json_text_at(json, "cancellation_reason");
    if (result->state == CF_PORT_STATE_CANCELLED && why != NULL &&
        (strcmp(why, "automatic") == 0 || strcmp(why, "expired") == 0))
        result->state = CF_PORT_STATE_LAPSED;
    TAKE(json, "id", result->intent);
    take_reference(json, "payment_method", result->payment_method);
    TAKE(json, "next_action.redirect_to_url.url", result->action_url);
    take_reference(json, "latest_charge", result->charge);
    if (cf_json_kind(cf_json_get(json, "latest_charge")) == CF_JSON_OBJECT)
        read_charge(cf_json_get(json, "latest_charge"), result);
    result->amount =
        money_at(json, result->state == CF_PORT_STATE_TAKEN ? "amount_received" : "amount", result);
    if (cf_json_kind(cf_json_get(json, "last_payment_error")) == CF_JSON_OBJECT)
        read_decline(cf_json_get(json, "last_payment_error"), result);
}

static void read_setup_intent(const struct cf_json *json, struct cf_port_result *result)
{
    const struct cf_json *status = cf_json_get(json, "status");
    result->state = cf_json_is(status, "succeeded")                 ? CF_PORT_STATE_SAVED
                    : cf_json_is(status, "requires_action")         ? CF_PORT_STATE_ACTION
                    : cf_json_is(status, "canceled")                ? CF_PORT_STATE_CANCELLED
                    : cf_json_is(status, "requires_payment_method") ? CF_PORT_STATE_FAILED
                                                                    : CF_PORT_STATE_OPEN;
    TAKE(json, "id", result->intent);
    TAKE(json, "next_action.redirect_to_url.url", result->action_url);
    take_reference(json, "payment_method", result->payment_method);
    if (cf_json_kind(cf_json_get(json, "last_setup_error")) == CF_JSON_OBJECT)
        read_decline(cf_json_get(json, "last_setup_error"), result);
}

static void read_refund(const struct cf_json *json, struct cf_port_result *result)
{
    const struct cf_json *status = cf_json_get(json, "status");
    result->state = cf_json_is(status, "succeeded") ? CF_PORT_STATE_REFUNDED
                    : cf_json_is(status, "failed") || cf_json_is(status, "canceled")
                        ? CF_PORT_STATE_REFUND_FAILED
                        : CF_PORT_STATE_OPEN;
    take_reference(json, "charge", result->charge);
    take_reference(json, "payment_intent", result->intent);
    take_reference(json, "balance_transaction", result->balance_transaction);
    TAKE(json, "failure_reason", result->reason);
    result->amount = money_at(json, "amount", result);
}

static void read_dispute(const struct cf_json *json, struct cf_port_result *result)
{
    const char *status = cf_json_text_at(json, "status");
    if (status == NULL)
        return;
    result->state = strncmp(status, "warning_", 8) == 0 ? CF_PORT_STATE_WARNED
                    : strcmp(status, "won") == 0        ? CF_PORT_STATE_DISPUTE_WON
                    : strcmp(status, "lost") == 0       ? CF_PORT_STATE_DISPUTE_LOST
                                                        : CF_PORT_STATE_DISPUTED;
    result->stage = CF_DISPUTE_STAGE_INQUIRY;
    take_reference(json, "charge", result->charge);
    take_reference(json, "payment_intent", result->intent);
    result->amount = money_at(json, "amount", result);
    /* The first transaction withdraws; when the dispute is won a second one brings the money back.
     */
    read_balance_transaction(cf_json_at(json, "balance_transactions.0"), result);
    const struct cf_json *second = cf_json_at(json, "balance_transactions.1");
    if (second != NULL) {
        TAKE(second, "id", result->reinstated_by);
        result->fee_returned = cf_money_of(-cf_money_minor(money_at(second, "fee", result)));
    }
}

static void read_payout(const struct cf_json *json, struct cf_port_result *result)
{
    const struct cf_json *status = cf_json_get(json, "status");
    result->state = cf_json_is(status, "paid") ? CF_PORT_STATE_PAID
                    : cf_json_is(status, "failed") || cf_json_is(status, "canceled")
                        ? CF_PORT_STATE_PAYOUT_FAILED
                        : CF_PORT_STATE_SENT;
    result->amount = money_at(json, "amount", result);
    TAKE(json, "failure_code", result->reason);
}

static void read_account(const struct cf_json *json, struct cf_port_result *result)
{
    result->state = CF_PORT_STATE_ACCOUNT;
    result->charges_enabled = cf_json_is_true(cf_json_get(json, "charges_enabled"));
    result->payouts_enabled = cf_json_is_true(cf_json_get(json, "payouts_enabled"));
    result->details_submitted = cf_json_is_true(cf_json_get(json, "details_submitted"));
    TAKE(json, "requirements.disabled_reason", result->disabled_reason);
}

/* An event speaks of an object that cannot be looked at by itself. */
static void read_warning(const struct cf_json *json, struct cf_port_result *result)
{
    const struct cf_json *warning = cf_json_at(json, "data.object");
    if (!cf_json_is(cf_json_get(warning, "object"), "radar.early_fraud_warning"))
        return;
    TAKE(warning, "id", result->id);
    result->state = CF_PORT_STATE_WARNED;
    result->stage = CF_DISPUTE_STAGE_EARLY_FRAUD_WARNING;
    take_reference(warning, "charge", result->charge);
    take_reference(warning, "payment_intent", result->intent);
}

/* Whatever object this is. */
static void read_object(const struct cf_json *json, struct cf_port_result *result)
{
    const char *type = cf_json_text_at(json, "object");
    if (type == NULL)
        return;
    TAKE(json, "id", result->id);
    take_currency(json, result);
    take_reference(json, "customer", result->customer);
    take_id(json, "metadata.user_id", &result->user_id);
    take_id(json, "metadata.pledge_id", &result->pledge_id);
    take_id(json, "metadata.refund_id", &result->refund_id);
    take_id(json, "metadata.payout_id", &result->payout_id);
    TAKE(json, "metadata.request_key", result->request_key);
    if (strcmp(type, "payment_intent") == 0) {
        read_payment_intent(json, result);
    } else if (strcmp(type, "setup_intent") == 0) {
        read_setup_intent(json, result);
    } else if (strcmp(type, "charge") == 0) {
        read_charge(json, result);
        result->state = cf_json_is_true(cf_json_get(json, "captured")) ? CF_PORT_STATE_TAKEN
                                                                       : CF_PORT_STATE_OPEN;
        result->amount = money_at(json, "amount_captured", result);
    } else if (strcmp(type, "refund") == 0) {
        read_refund(json, result);
    } else if (strcmp(type, "dispute") == 0) {
        read_dispute(json, result);
    } else if (strcmp(type, "payout") == 0) {
        read_payout(json, result);
    } else if (strcmp(type, "account") == 0) {
        read_account(json, result);
    } else if (strcmp(type, "event") == 0) {
        read_warning(json, result);
    } else if (strcmp(type, "transfer") == 0) {
        result->state = cf_json_is_true(cf_json_get(json, "reversed")) ? CF_PORT_STATE_REVERSED
                                                                       : CF_PORT_STATE_MOVED;
        result->amount = money_at(json, "amount", result);
    } else if (strcmp(type, "transfer_reversal") == 0) {
        result->state = CF_PORT_STATE_REVERSED;
        result->amount = money_at(json, "amount", result);
    }
}

/* How an object's state answers what was asked. */
static enum cf_port_outcome outcome_of(enum cf_port_operation operation, enum cf_port_state state)
{
    bool pay = operation == CF_PORT_PAY || operation == CF_PORT_SAVE_CARD;
    if (pay && state == CF_PORT_STATE_ACTION)
        return CF_PORT_ACTION_REQUIRED;
    if (pay && state == CF_PORT_STATE_FAILED)
        return CF_PORT_DECLINED;
    if ((pay || operation == CF_PORT_REFUND) && state == CF_PORT_STATE_OPEN)
        return CF_PORT_PENDING;
    return CF_PORT_DONE;
}

static void read_error(const struct cf_json *error, long http_status, struct cf_port_result *result)
{
    const char *code = cf_json_text_at(error, "code");
    const char *message = cf_json_text_at(error, "message");
    snprintf(result->reason, sizeof result->reason, "%s%s%s", code == NULL ? "" : code,
             code == NULL ? "" : ": ", message == NULL ? "no message" : message);
    const struct cf_json *intent = cf_json_get(error, "payment_intent");
    if (intent == NULL)
        intent = cf_json_get(error, "setup_intent");
    if (http_status == 402 || cf_json_is(cf_json_get(error, "type"), "card_error")) {
        result->outcome = CF_PORT_DECLINED;
        read_object(intent, result);
        TAKE(error, "charge", result->charge);
        read_decline(error, result);
        return;
    }
    if (http_status == 429 || (code != NULL && strcmp(code, "rate_limit") == 0) ||
        http_status == 409 || http_status >= 500 ||
        cf_json_is(cf_json_get(error, "type"),
                   "idempotency_error")) { /* until the key is forgotten */
        result->outcome = CF_PORT_UNAVAILABLE;
        return;
    }
    result->outcome = CF_PORT_REFUSED;
    if (code != NULL && strcmp(code, "amount_too_small") == 0) {
        /* Whoever pays can change that, and nobody else has to look. */
        result->outcome = CF_PORT_DECLINED;
        result->decline = CF_DECLINE_OTHER;
    } else if (code != NULL && strcmp(code, "balance_insufficient") == 0) {
        result->outcome = CF_PORT_NOT_FUNDED;
    } else if (code != NULL && (strcmp(code, "payment_intent_unexpected_state") == 0 ||
                                strcmp(code, "charge_already_refunded") == 0 ||
                                strcmp(code, "charge_disputed") == 0)) {
        result->outcome = CF_PORT_OTHERWISE;
        read_object(intent, result);
    }
}

void cf_stripe_read(enum cf_port_operation operation, long http_status, struct cf_bytes body,
                    struct cf_port_result *ret_result)
{
    struct cf_port_result result = {.outcome = CF_PORT_UNAVAILABLE};
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    if (cf_json_parse(body, &json, NULL) != CF_OK) {
        snprintf(result.reason, sizeof result.reason, "HTTP %ld without JSON", http_status);
    } else if (http_status == 200) {
        read_object(json, &result);
        result.outcome = outcome_of(operation, result.state);
    } else {
        read_error(cf_json_get(json, "error"), http_status, &result);
    }
    *ret_result = result;
}

bool cf_stripe_find(struct cf_bytes list, const char *key, struct cf_buf *ret_body)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    if (cf_json_parse(list, &json, NULL) != CF_OK)
        return false;
    const struct cf_json *data = cf_json_get(json, "data");
    for (size_t i = 0; i < cf_json_size(data); i++) {
        const struct cf_json *object = cf_json_item(data, i);
        if (cf_json_is(cf_json_at(object, "metadata.request_key"), key))
            return cf_json_print(object, ret_body) == CF_OK;
    }
    return false;
}

enum cf_status cf_stripe_read_end(struct cf_bytes list, char ret_after[CF_PORT_NAME_SIZE])
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    CF_TRY(cf_json_parse(list, &json, NULL));
    const struct cf_json *data = cf_json_get(json, "data");
    if (cf_json_kind(data) != CF_JSON_ARRAY)
        return CF_CORRUPT;
    ret_after[0] = '\0';
    if (!cf_json_is_true(cf_json_get(json, "has_more")))
        return CF_OK;
    size_t count = cf_json_size(data);
    const char *last = count == 0 ? NULL : cf_json_text_at(cf_json_item(data, count - 1), "id");
    if (last == NULL || strlen(last) >= CF_PORT_NAME_SIZE)
        return CF_CORRUPT;
    memcpy(ret_after, last, strlen(last) + 1);
    return CF_OK;
}
