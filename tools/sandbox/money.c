/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Balances and their transactions. A balance is a number named
 * "balance/<account>/<kind>/<currency>", kind pending or available; every change is a balance
 * transaction.
 */
#include "core/base/assert.h"
#include "core/currency.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

#define BALANCE_NAME_SIZE 128
#define AMOUNT_MAX 99999999

static void balance_name(char name[BALANCE_NAME_SIZE], const char *account, const char *kind,
                         const char *currency)
{
    snprintf(name, BALANCE_NAME_SIZE, "balance/%s/%s/%s", account, kind, currency);
}

int64_t cf_call_balance(struct cf_call *call, const char *account, const char *kind,
                        const char *currency)
{
    char name[BALANCE_NAME_SIZE];
    balance_name(name, account, kind, currency);
    return cf_store_number(call->store, name);
}

static void add(struct cf_call *call, const char *account, const char *kind, const char *currency,
                int64_t amount)
{
    char name[BALANCE_NAME_SIZE];
    balance_name(name, account, kind, currency);
    cf_store_number_set(call->store, name, cf_store_number(call->store, name) + amount);
}

bool cf_call_check_money(struct cf_call *call, const char *amount_param, int64_t amount,
                         const char *currency)
{
    enum cf_currency known;
    struct cf_money money;
    int64_t round_trip;
    const char *upper = currency + strcspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (*upper != '\0' || strlen(currency) != 3 ||
        cf_currency_from_letters(cf_bytes_from_text(currency), &known) != CF_OK)
        cf_call_refuse(call, 400, NULL, "currency", "Invalid currency: %s", currency);
    else if (amount < 1)
        cf_call_refuse(call, 400, "parameter_invalid_integer", amount_param,
                       "This value must be greater than or equal to 1.");
    else if (amount > AMOUNT_MAX)
        cf_call_refuse(call, 400, "amount_too_large", amount_param,
                       "Amount must be no more than 999,999.99");
    else if (cf_currency_from_stripe(known, amount, &money) != CF_OK ||
             cf_currency_to_stripe(known, CF_AMOUNT_CHARGE, money, &round_trip) != CF_OK ||
             round_trip != amount)
        cf_call_refuse(call, 400, "invalid_charge_amount_no_decimal_compatible", amount_param,
                       "%s cannot have this amount: %lld", currency, (long long)amount);
    return call->status == 0;
}

static const char *category(const char *type)
{
    if (strcmp(type, "adjustment") == 0)
        return "dispute";
    return strcmp(type, "payment") == 0 ? "charge" : type;
}

struct cf_json *cf_call_book(struct cf_call *call, const char *account, const char *type,
                             const struct cf_json *source, int64_t amount, int64_t fee,
                             int64_t available_on)
{
    const char *currency = cf_json_text_at(source, "currency");
    bool pending = available_on > call->now;
    struct cf_json *transaction = cf_call_make(call, account, "balance_transaction", "txn");
    cf_json_set_text(transaction, "type", type);
    cf_json_set_text(transaction, "reporting_category", category(type));
    cf_json_set_text(transaction, "currency", currency);
    cf_json_set_text(transaction, "source", cf_json_text_at(source, "id"));
    cf_json_set_integer(transaction, "amount", amount);
    cf_json_set_integer(transaction, "fee", fee);
    cf_json_set_integer(transaction, "net", amount - fee);
    cf_json_set_integer(transaction, "available_on", pending ? available_on : call->now);
    cf_json_set_text(transaction, "status", pending ? "pending" : "available");
    if (fee != 0) {
        struct cf_json *detail = cf_json_object();
        bool dispute = strcmp(type, "adjustment") == 0;
        cf_json_set_integer(detail, "amount", fee);
        cf_json_set_null(detail, "application");
        cf_json_set_text(detail, "currency", currency);
        cf_json_set_text(detail, "description", dispute ? "Dispute fee" : "Stripe processing fees");
        cf_json_set_text(detail, "type", "stripe_fee");
        cf_json_append(cf_json_get(transaction, "fee_details"), detail);
    }
    add(call, account, pending ? "pending" : "available", currency, amount - fee);
    if (pending) {
        char what[100];
        snprintf(what, sizeof what, "available %s", cf_json_text_at(transaction, "id"));
        cf_store_due_add(call->store, available_on, what);
    }
    cf_call_index(call, account, transaction);
    return transaction;
}

void cf_transaction_becomes_available(struct cf_call *call, const char *id)
{
    const char *account = NULL;
    struct cf_json *transaction = cf_store_edit_anywhere(call->store, id, &account);
    if (transaction == NULL || !cf_json_is(cf_json_get(transaction, "status"), "pending"))
        return;
    const char *currency = cf_json_text_at(transaction, "currency");
    int64_t net = cf_json_integer_at(transaction, "net", 0);
    cf_json_set_text(transaction, "status", "available");
    add(call, account, "pending", currency, -net);
    add(call, account, "available", currency, net);
    const char *source = cf_json_text_at(transaction, "source");
    const struct cf_json *charge =
        source == NULL ? NULL : cf_store_find(call->store, account, source);
    if (charge != NULL && cf_json_is(cf_json_get(charge, "object"), "charge"))
        cf_call_emit(call, account, "charge.updated", charge);
}

/* The resource. */

struct amounts {
    struct cf_json *list;
    size_t prefix;
};

static void visit_balance(void *context, const char *name, int64_t number)
{
    struct amounts *amounts = context;
    struct cf_json *amount = cf_json_object(), *types = cf_json_object();
    cf_json_set_integer(amount, "amount", number);
    cf_json_set_text(amount, "currency", name + amounts->prefix);
    cf_json_set_integer(types, "card", number);
    cf_json_set(amount, "source_types", types);
    cf_json_append(amounts->list, amount);
}

void cf_sandbox_balance_get(struct cf_call *call)
{
    static const char *const kinds[] = {"available", "pending"};
    struct cf_json *balance = cf_json_object();
    cf_json_set_text(balance, "object", "balance");
    cf_json_set_bool(balance, "livemode", false);
    for (size_t i = 0; i < 2; i++) {
        char prefix[BALANCE_NAME_SIZE];
        balance_name(prefix, call->account, kinds[i], "");
        struct amounts amounts = {.list = cf_json_array(), .prefix = strlen(prefix)};
        cf_store_numbers(call->store, prefix, visit_balance, &amounts);
        cf_json_set(balance, kinds[i], amounts.list);
    }
    cf_call_answer_taken(call, balance);
}

void cf_sandbox_balance_transaction_list(struct cf_call *call)
{
    cf_call_answer_list(call, "balance_transaction");
}

void cf_sandbox_balance_transaction_get(struct cf_call *call)
{
    const struct cf_json *transaction = cf_call_fetch(call, "balance_transaction", call->id, "id");
    if (transaction != NULL)
        cf_call_answer(call, transaction);
}
