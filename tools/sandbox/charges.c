/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charges: declined, held or captured, and what a card brings with it afterwards.
 */
#include "core/base/assert.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)
#define HOLD_S (7 * DAY_S)
#define HOLD_OFF_SESSION_VISA_S (4 * DAY_S + 18 * 3600)
#define SETTLEMENT_S (2 * DAY_S)
#define DISPUTE_LATER_S (10 * DAY_S)
#define FEE_BASIS_POINTS 290
#define FEE_FIXED 30

/* 2.9 % and 30 cents; nothing fixed where there are no cents. */
static int64_t fee_of(int64_t amount, const char *currency)
{
    static const char zero_decimal[] =
        "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf";
    int64_t fee = (amount * FEE_BASIS_POINTS + 5000) / 10000;
    return strstr(zero_decimal, currency) == NULL ? fee + FEE_FIXED : fee;
}

static struct cf_json *outcome_of(const char *decline)
{
    struct cf_json *outcome = cf_json_object();
    cf_json_set_text(outcome, "network_status",
                     decline == NULL ? "approved_by_network" : "declined_by_network");
    cf_json_set_text(outcome, "reason", decline);
    cf_json_set_text(outcome, "risk_level", "normal");
    cf_json_set_integer(outcome, "risk_score", 20);
    cf_json_set_text(outcome, "seller_message",
                     decline == NULL ? "Payment complete." : "The bank declined the payment.");
    cf_json_set_text(outcome, "type", decline == NULL ? "authorized" : "issuer_declined");
    return outcome;
}

static struct cf_json *details_of(const struct cf_json *payment_method, int64_t capture_before)
{
    static const char *const shown[] = {"brand",    "checks",      "country", "exp_month",
                                        "exp_year", "fingerprint", "funding", "last4"};
    struct cf_json *details = cf_json_object(), *card = cf_json_object();
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        cf_json_set(card, shown[i],
                    cf_json_copy(cf_json_get(cf_json_get(payment_method, "card"), shown[i])));
    cf_json_set_null(card, "installments");
    cf_json_set_null(card, "mandate");
    cf_json_set_text(card, "network", cf_json_text_at(payment_method, "card.brand"));
    cf_json_set_null(card, "three_d_secure");
    cf_json_set_null(card, "wallet");
    if (capture_before != 0)
        cf_json_set_integer(card, "capture_before", capture_before);
    cf_json_set(details, "card", card);
    cf_json_set_text(details, "type", "card");
    return details;
}

static void copy_members(struct cf_json *charge, const struct cf_json *intent)
{
    static const char *const same[] = {"amount",
                                       "currency",
                                       "customer",
                                       "description",
                                       "metadata",
                                       "on_behalf_of",
                                       "receipt_email",
                                       "shipping",
                                       "transfer_group",
                                       "statement_descriptor",
                                       "statement_descriptor_suffix"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        cf_json_set(charge, same[i], cf_json_copy(cf_json_get(intent, same[i])));
}

struct cf_json *cf_charge_make(struct cf_call *call, struct cf_json *intent,
                               const struct cf_json *payment_method, bool off_session, bool capture,
                               struct cf_json **ret_error)
{
    const struct cf_card *card = cf_payment_method_card(payment_method);
    bool authenticate = off_session && card->authentication == CF_CARD_AUTH_ALWAYS;
    bool decline = authenticate || card->outcome == CF_CARD_DECLINES ||
                   card->outcome == CF_CARD_DECLINES_LATER ||
                   (card->outcome == CF_CARD_DECLINES_ONCE &&
                    cf_json_text_at(intent, "latest_charge") == NULL);
    const char *code = authenticate ? "authentication_required" : card->code;
    const char *decline_code = authenticate ? "authentication_required" : card->decline_code;

    struct cf_json *charge = cf_call_make(call, call->account, "charge", "ch");
    const char *id = cf_json_text_at(charge, "id");
    copy_members(charge, intent);
    cf_json_set_text(charge, "payment_intent", cf_json_text_at(intent, "id"));
    cf_json_set_text(charge, "payment_method", cf_json_text_at(payment_method, "id"));
    cf_json_set(charge, "billing_details",
                cf_json_copy(cf_json_get(payment_method, "billing_details")));
    cf_json_set_text(intent, "latest_charge", id);
    cf_call_index(call, call->account, charge);
    int64_t hold_s =
        off_session && strcmp(card->brand, "visa") == 0 ? HOLD_OFF_SESSION_VISA_S : HOLD_S;
    bool hold = !decline && !capture;
    cf_json_set(charge, "payment_method_details",
                details_of(payment_method, hold ? call->now + hold_s : 0));
    if (decline) {
        *ret_error = cf_card_error(code, decline_code, id);
        cf_json_set(charge, "outcome", outcome_of(decline_code == NULL ? code : decline_code));
        cf_json_set_text(charge, "status", "failed");
        cf_json_set_text(charge, "failure_code", code);
        cf_json_set_text(charge, "failure_message", cf_json_text_at(*ret_error, "message"));
        cf_call_emit(call, call->account, "charge.failed", charge);
        return charge;
    }
    cf_json_set(charge, "outcome", outcome_of(NULL));
    cf_json_set_bool(charge, "paid", true);
    if (hold) {
        char what[80];
        snprintf(what, sizeof what, "hold %s", cf_json_text_at(intent, "id"));
        cf_store_due_add(call->store, call->now + hold_s, what);
        cf_call_emit(call, call->account, "charge.succeeded", charge);
    } else {
        cf_charge_capture(call, charge, cf_json_integer_at(charge, "amount", 0));
    }
    return charge;
}

/* What comes of it, by the card's number. */
static void bring_sequel(struct cf_call *call, struct cf_json *charge)
{
    const char *number = cf_json_text_at(charge, "payment_method_details.card.fingerprint");
    char what[80];
    switch (cf_card_by_number(number + 2)->sequel) {
    case CF_CARD_DISPUTE_FRAUD:
        cf_dispute_open(call, charge, "fraudulent", false);
        break;
    case CF_CARD_DISPUTE_NOT_RECEIVED:
        cf_dispute_open(call, charge, "product_not_received", false);
        break;
    case CF_CARD_INQUIRY:
        cf_dispute_open(call, charge, "product_not_received", true);
        break;
    case CF_CARD_DISPUTE_LATER:
        snprintf(what, sizeof what, "dispute %s", cf_json_text_at(charge, "id"));
        cf_store_due_add(call->store, call->now + DISPUTE_LATER_S, what);
        break;
    case CF_CARD_FRAUD_WARNING: {
        struct cf_json *warning = cf_json_object();
        char id[64];
        cf_call_new_id(call, "issfr", id);
        cf_json_set_text(warning, "id", id);
        cf_json_set_text(warning, "object", "radar.early_fraud_warning");
        cf_json_set_bool(warning, "actionable", true);
        cf_json_set_text(warning, "charge", cf_json_text_at(charge, "id"));
        cf_json_set_integer(warning, "created", call->now);
        cf_json_set_text(warning, "fraud_type", "misc");
        cf_json_set_bool(warning, "livemode", false);
        cf_json_set_text(warning, "payment_intent", cf_json_text_at(charge, "payment_intent"));
        cf_call_emit(call, call->account, "radar.early_fraud_warning.created", warning);
        cf_json_destroy(warning);
        break;
    }
    case CF_CARD_QUIET:
    case CF_CARD_AVAILABLE_AT_ONCE:
    case CF_CARD_REFUND_FAILS:
    case CF_CARD_REFUND_PENDS:
        break;
    }
}

void cf_charge_capture(struct cf_call *call, struct cf_json *charge, int64_t amount)
{
    int64_t authorized = cf_json_integer_at(charge, "amount", 0);
    const char *currency = cf_json_text_at(charge, "currency");
    const char *number = cf_json_text_at(charge, "payment_method_details.card.fingerprint");
    bool was_held = cf_json_at(charge, "payment_method_details.card.capture_before") != NULL;
    bool at_once = cf_card_by_number(number + 2)->sequel == CF_CARD_AVAILABLE_AT_ONCE;
    CF_ASSERT(amount > 0 && amount <= authorized);
    cf_json_set_bool(charge, "captured", true);
    cf_json_set_integer(charge, "amount_captured", amount);
    const struct cf_json *transaction =
        cf_call_book(call, call->account, "charge", charge, amount, fee_of(amount, currency),
                     at_once ? call->now : call->now + SETTLEMENT_S);
    cf_json_set_text(charge, "balance_transaction", cf_json_text_at(transaction, "id"));
    /* What was held and is not taken goes back, which shows as refunded. */
    cf_json_set_integer(charge, "amount_refunded", authorized - amount);
    cf_call_emit(call, call->account, was_held ? "charge.captured" : "charge.succeeded", charge);
    bring_sequel(call, charge);
}

void cf_charge_expire(struct cf_call *call, struct cf_json *charge)
{
    cf_json_set_integer(charge, "amount_refunded", cf_json_integer_at(charge, "amount", 0));
    cf_json_set_bool(charge, "refunded", true);
    cf_call_emit(call, call->account, "charge.expired", charge);
}

void cf_charge_brings_dispute(struct cf_call *call, const char *id)
{
    struct cf_json *charge = cf_store_edit_anywhere(call->store, id, &call->account);
    if (charge != NULL && !cf_json_is_true(cf_json_get(charge, "disputed")) &&
        !cf_json_is_true(cf_json_get(charge, "refunded")))
        cf_dispute_open(call, charge, "fraudulent", false);
}

/* The resource. */

void cf_sandbox_charge_list(struct cf_call *call)
{
    cf_call_answer_list(call, "charge");
}

void cf_sandbox_charge_get(struct cf_call *call)
{
    const struct cf_json *charge = cf_call_fetch(call, "charge", call->id, "id");
    if (charge != NULL)
        cf_call_answer(call, charge);
}

void cf_sandbox_charge_update(struct cf_call *call)
{
    struct cf_json *charge = cf_call_edit(call, "charge", call->id, "id");
    if (charge == NULL)
        return;
    cf_call_take(call, charge, "description receipt_email transfer_group metadata");
    cf_call_emit(call, call->account, "charge.updated", charge);
    cf_call_answer(call, charge);
}
