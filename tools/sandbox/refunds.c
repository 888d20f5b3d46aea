/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refunds: most succeed at once; some cards make them wait or fail. What the balance does not
 * cover waits, too.
 */
#include "core/base/assert.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

#define MOVES_ON_S INT64_C(86400)

static enum cf_card_sequel sequel_of(const struct cf_json *charge)
{
    return cf_card_by_number(cf_json_text_at(charge, "payment_method_details.card.fingerprint") + 2)
        ->sequel;
}

/* Takes the money out of the balance and notes it on the charge. */
static void pay(struct cf_call *call, struct cf_json *refund, struct cf_json *charge)
{
    int64_t amount = cf_json_integer_at(refund, "amount", 0);
    int64_t refunded = cf_json_integer_at(charge, "amount_refunded", 0) + amount;
    const struct cf_json *transaction =
        cf_call_book(call, call->account, "refund", refund, -amount, 0, 0);
    cf_json_set_text(refund, "balance_transaction", cf_json_text_at(transaction, "id"));
    cf_json_set_integer(charge, "amount_refunded", refunded);
    cf_json_set_bool(charge, "refunded", refunded == cf_json_integer_at(charge, "amount", 0));
}

static bool is_covered(struct cf_call *call, const char *currency, int64_t amount)
{
    return cf_call_balance(call, call->account, "available", currency) +
               cf_call_balance(call, call->account, "pending", currency) >=
           amount;
}

/* The charge that the parameters mean; refuses and returns NULL where there is none to refund. */
static struct cf_json *charge_of(struct cf_call *call)
{
    const char *charge_id = cf_call_text(call, "charge");
    const char *intent_id = cf_call_text(call, "payment_intent");
    if (charge_id == NULL && intent_id == NULL) {
        cf_call_refuse(call, 400, "parameter_missing", "charge",
                       "One of the following params should be provided: payment_intent, charge.");
        return NULL;
    }
    if (intent_id != NULL) {
        const struct cf_json *intent =
            cf_call_fetch(call, "payment_intent", intent_id, "payment_intent");
        if (intent == NULL)
            return NULL;
        charge_id = cf_json_text_at(intent, "latest_charge");
        if (charge_id == NULL) {
            cf_call_refuse(call, 400, "charge_not_refundable", "payment_intent",
                           "This PaymentIntent does not have a successful charge to refund.");
            return NULL;
        }
    }
    struct cf_json *charge = cf_call_edit(call, "charge", charge_id, "charge");
    if (charge == NULL)
        return NULL;
    if (!cf_json_is_true(cf_json_get(charge, "captured")))
        cf_call_refuse(call, 400, "charge_not_refundable", NULL, "Charge %s has not been captured.",
                       charge_id);
    else if (cf_json_is_true(cf_json_get(charge, "disputed")))
        cf_call_refuse(call, 400, "charge_disputed", NULL,
                       "Charge %s has been charged back; cannot issue a refund.", charge_id);
    else if (cf_json_is_true(cf_json_get(charge, "refunded")))
        cf_call_refuse(call, 400, "charge_already_refunded", NULL,
                       "Charge %s has already been refunded.", charge_id);
    return call->status == 0 ? charge : NULL;
}

/* What waiting refunds of this charge have already spoken for. */
static bool visit_waiting(void *context, const char *id)
{
    struct {
        struct cf_call *call;
        int64_t sum;
    } *waiting = context;
    const struct cf_json *refund = cf_store_find(waiting->call->store, waiting->call->account, id);
    if (cf_json_is(cf_json_get(refund, "status"), "pending") &&
        cf_json_text_at(refund, "balance_transaction") == NULL)
        waiting->sum += cf_json_integer_at(refund, "amount", 0);
    return true;
}

void cf_sandbox_refund_create(struct cf_call *call)
{
    struct cf_json *charge = charge_of(call);
    if (charge == NULL)
        return;
    char list[200], what[80];
    struct {
        struct cf_call *call;
        int64_t sum;
    } waiting = {.call = call};
    snprintf(list, sizeof list, "refund/charge=%s@%s", cf_json_text_at(charge, "id"),
             call->account);
    cf_store_walk(call->store, list, NULL, true, visit_waiting, &waiting);
    int64_t left = cf_json_integer_at(charge, "amount", 0) -
                   cf_json_integer_at(charge, "amount_refunded", 0) - waiting.sum;
    int64_t amount = cf_call_integer(call, "amount", left);
    if (amount < 1 || amount > left) {
        cf_call_refuse(call, 400, amount < 1 ? "parameter_invalid_integer" : "amount_too_large",
                       "amount", "Refund amount (%lld) is not within the unrefunded amount (%lld)",
                       (long long)amount, (long long)left);
        return;
    }
    struct cf_json *refund = cf_call_make(call, call->account, "refund", "re");
    const char *currency = cf_json_text_at(charge, "currency");
    cf_json_set_integer(refund, "amount", amount);
    cf_json_set_text(refund, "currency", currency);
    cf_json_set_text(refund, "charge", cf_json_text_at(charge, "id"));
    cf_json_set_text(refund, "payment_intent", cf_json_text_at(charge, "payment_intent"));
    cf_call_take(call, refund, "reason metadata");
    cf_call_index(call, call->account, refund);
    enum cf_card_sequel sequel = sequel_of(charge);
    bool covered = is_covered(call, currency, amount);
    if (covered)
        pay(call, refund, charge);
    bool pends = !covered || sequel == CF_CARD_REFUND_PENDS;
    cf_json_set_text(refund, "status", pends ? "pending" : "succeeded");
    if (pends || sequel == CF_CARD_REFUND_FAILS) { /* it fails after it had succeeded */
        snprintf(what, sizeof what, "refund %s", cf_json_text_at(refund, "id"));
        cf_store_due_add(call->store, call->now + MOVES_ON_S, what);
    }
    cf_call_emit(call, call->account, "refund.created", refund);
    if (covered)
        cf_call_emit(call, call->account, "charge.refunded", charge);
    cf_call_answer(call, refund);
}

void cf_refund_moves_on(struct cf_call *call, const char *id)
{
    struct cf_json *refund = cf_store_edit_anywhere(call->store, id, &call->account);
    if (refund == NULL || cf_json_is(cf_json_get(refund, "status"), "canceled"))
        return;
    struct cf_json *charge =
        cf_store_edit(call->store, call->account, cf_json_text_at(refund, "charge"));
    CF_ASSERT(charge != NULL);
    int64_t amount = cf_json_integer_at(refund, "amount", 0);
    if (cf_json_text_at(refund, "balance_transaction") == NULL) {
        if (!is_covered(call, cf_json_text_at(refund, "currency"), amount)) {
            char what[80];
            snprintf(what, sizeof what, "refund %s", id);
            cf_store_due_add(call->store, call->now + MOVES_ON_S, what);
            return;
        }
        pay(call, refund, charge);
    }
    if (sequel_of(charge) == CF_CARD_REFUND_FAILS) {
        const struct cf_json *transaction =
            cf_call_book(call, call->account, "refund_failure", refund, amount, 0, 0);
        cf_json_set_text(refund, "status", "failed");
        cf_json_set_text(refund, "failure_reason", "expired_or_canceled_card");
        cf_json_set_text(refund, "failure_balance_transaction", cf_json_text_at(transaction, "id"));
        cf_json_set_integer(charge, "amount_refunded",
                            cf_json_integer_at(charge, "amount_refunded", 0) - amount);
        cf_json_set_bool(charge, "refunded", false);
        cf_call_emit(call, call->account, "refund.failed", refund);
    } else {
        cf_json_set_text(refund, "status", "succeeded");
        cf_call_emit(call, call->account, "refund.updated", refund);
    }
    cf_call_emit(call, call->account, "charge.refund.updated", refund);
}

void cf_sandbox_refund_list(struct cf_call *call)
{
    cf_call_answer_list(call, "refund");
}

void cf_sandbox_refund_get(struct cf_call *call)
{
    const struct cf_json *refund = cf_call_fetch(call, "refund", call->id, "id");
    if (refund != NULL)
        cf_call_answer(call, refund);
}

void cf_sandbox_refund_update(struct cf_call *call)
{
    struct cf_json *refund = cf_call_edit(call, "refund", call->id, "id");
    if (refund == NULL)
        return;
    cf_call_take(call, refund, "metadata");
    cf_call_emit(call, call->account, "refund.updated", refund);
    cf_call_answer(call, refund);
}
