/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers move money from the platform's balance to a connected account's, reversals move it
 * back.
 */
#include "core/base/assert.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

/* When the money that a transfer names as its source becomes available; now without one. */
static bool find_available_on(struct cf_call *call, int64_t amount, int64_t *ret_available_on)
{
    const char *source = cf_call_text(call, "source_transaction");
    *ret_available_on = call->now;
    if (source == NULL)
        return true;
    const struct cf_json *charge = cf_call_fetch(call, "charge", source, "source_transaction");
    if (charge == NULL)
        return false;
    const char *id = cf_json_text_at(charge, "balance_transaction");
    const struct cf_json *transaction =
        id == NULL ? NULL : cf_store_find(call->store, call->account, id);
    if (transaction == NULL || amount > cf_json_integer_at(charge, "amount_captured", 0)) {
        cf_call_refuse(call, 400, "transfer_source_balance_parameters_mismatch",
                       "source_transaction", "The charge does not have that much to transfer.");
        return false;
    }
    *ret_available_on = cf_json_integer_at(transaction, "available_on", 0);
    return true;
}

void cf_sandbox_transfer_create(struct cf_call *call)
{
    const char *destination = cf_call_text(call, "destination");
    const char *currency = cf_call_text(call, "currency");
    int64_t amount = cf_call_integer(call, "amount", 0), available_on = 0;
    if (!cf_call_check_money(call, "amount", amount, currency) ||
        !find_available_on(call, amount, &available_on))
        return;
    const struct cf_json *account = cf_store_find(call->store, "", destination);
    if (account == NULL || !cf_json_is(cf_json_get(account, "object"), "account")) {
        cf_call_refuse(call, 400, "resource_missing", "destination", "No such destination: '%s'",
                       destination);
        return;
    }
    if (!cf_json_is(cf_json_at(account, "capabilities.transfers"), "active")) {
        cf_call_refuse(call, 400, "insufficient_capabilities_for_transfer", "destination",
                       "Your destination account needs to have the transfers capability enabled.");
        return;
    }
    bool later = available_on > call->now;
    if (!later && cf_call_balance(call, "", "available", currency) < amount) {
        cf_call_refuse(call, 400, "balance_insufficient", NULL,
                       "You have insufficient available funds in your Stripe account.");
        return;
    }
    struct cf_json *transfer = cf_call_make(call, "", "transfer", "tr");
    char url[120], payment[64];
    const char *id = cf_json_text_at(transfer, "id");
    cf_json_set_integer(transfer, "amount", amount);
    cf_call_take(call, transfer,
                 "currency destination transfer_group source_transaction source_type description "
                 "metadata");
    snprintf(url, sizeof url, "/v1/transfers/%s/reversals", id);
    cf_json_set_text(cf_json_get(transfer, "reversals"), "url", url);
    cf_call_new_id(call, "py", payment);
    cf_json_set_text(transfer, "destination_payment", payment);
    const struct cf_json *out =
        cf_call_book(call, "", "transfer", transfer, -amount, 0, later ? available_on : 0);
    cf_json_set_text(transfer, "balance_transaction", cf_json_text_at(out, "id"));
    cf_call_book(call, destination, "payment", transfer, amount, 0, later ? available_on : 0);
    cf_call_index(call, "", transfer);
    cf_call_emit(call, "", "transfer.created", transfer);
    cf_call_answer(call, transfer);
}

void cf_sandbox_transfer_list(struct cf_call *call)
{
    cf_call_answer_list(call, "transfer");
}

void cf_sandbox_transfer_get(struct cf_call *call)
{
    const struct cf_json *transfer = cf_call_fetch(call, "transfer", call->id, "transfer");
    if (transfer != NULL)
        cf_call_answer(call, transfer);
}

void cf_sandbox_transfer_update(struct cf_call *call)
{
    struct cf_json *transfer = cf_call_edit(call, "transfer", call->id, "transfer");
    if (transfer == NULL)
        return;
    cf_call_take(call, transfer, "description metadata");
    cf_call_emit(call, "", "transfer.updated", transfer);
    cf_call_answer(call, transfer);
}

void cf_sandbox_transfer_reverse(struct cf_call *call)
{
    struct cf_json *transfer = cf_call_edit(call, "transfer", call->id, "id");
    if (transfer == NULL)
        return;
    int64_t left = cf_json_integer_at(transfer, "amount", 0) -
                   cf_json_integer_at(transfer, "amount_reversed", 0);
    int64_t amount = cf_call_integer(call, "amount", left);
    const char *destination = cf_json_text_at(transfer, "destination");
    const char *currency = cf_json_text_at(transfer, "currency");
    if (amount < 1 || amount > left) {
        cf_call_refuse(call, 400, "parameter_invalid_integer", "amount",
                       "Amount to reverse (%lld) is not within what is left (%lld).",
                       (long long)amount, (long long)left);
        return;
    }
    if (cf_call_balance(call, destination, "available", currency) +
            cf_call_balance(call, destination, "pending", currency) <
        amount) {
        cf_call_refuse(call, 400, "balance_insufficient", NULL,
                       "The connected account does not have enough balance to reverse this.");
        return;
    }
    struct cf_json *reversal = cf_call_make(call, "", "transfer_reversal", "trr");
    cf_json_set_integer(reversal, "amount", amount);
    cf_json_set_text(reversal, "currency", currency);
    cf_json_set_text(reversal, "transfer", call->id);
    cf_call_take(call, reversal, "metadata");
    const struct cf_json *back = cf_call_book(call, "", "transfer_refund", reversal, amount, 0, 0);
    cf_json_set_text(reversal, "balance_transaction", cf_json_text_at(back, "id"));
    cf_call_book(call, destination, "payment_refund", reversal, -amount, 0, 0);
    cf_json_set_integer(transfer, "amount_reversed",
                        cf_json_integer_at(transfer, "amount_reversed", 0) + amount);
    cf_json_set_bool(transfer, "reversed", amount == left);
    cf_json_append(cf_json_at(transfer, "reversals.data"), cf_json_copy(reversal));
    cf_call_emit(call, "", "transfer.reversed", transfer);
    cf_call_answer(call, reversal);
}

void cf_sandbox_transfer_reversal_get(struct cf_call *call)
{
    const struct cf_json *reversal = cf_call_fetch(call, "transfer_reversal", call->id, "id");
    if (reversal != NULL)
        cf_call_answer(call, reversal);
}

void cf_sandbox_transfer_reversals(struct cf_call *call)
{
    const struct cf_json *transfer = cf_call_fetch(call, "transfer", call->id, "id");
    if (transfer != NULL)
        cf_call_answer(call, cf_json_get(transfer, "reversals"));
}
