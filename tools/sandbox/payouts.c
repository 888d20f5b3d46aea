/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payouts to a bank: pending → in_transit → paid, two days. A bank account ending in 1116 makes
 * them fail on the way, one ending in 1113 after they were paid.
 */
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)

static void schedule(struct cf_call *call, const struct cf_json *payout, int64_t days)
{
    char what[80];
    snprintf(what, sizeof what, "payout %s", cf_json_text_at(payout, "id"));
    cf_store_due_add(call->store, call->now + days * DAY_S, what);
}

void cf_sandbox_payout_create(struct cf_call *call)
{
    const char *currency = cf_call_text(call, "currency");
    int64_t amount = cf_call_integer(call, "amount", 0);
    if (!cf_call_check_money(call, "amount", amount, currency))
        return;
    const struct cf_json *account =
        call->account[0] == '\0' ? NULL : cf_store_find(call->store, "", call->account);
    if (account != NULL && !cf_json_is_true(cf_json_get(account, "payouts_enabled"))) {
        cf_call_refuse(call, 400, "payouts_not_allowed", NULL,
                       "Cannot create payouts; this account has requirements that are not met.");
        return;
    }
    if (cf_call_balance(call, call->account, "available", currency) < amount) {
        cf_call_refuse(call, 400, "balance_insufficient", NULL,
                       "You have insufficient funds in your Stripe account for this transfer.");
        return;
    }
    struct cf_json *payout = cf_call_make(call, call->account, "payout", "po");
    cf_json_set_integer(payout, "amount", amount);
    cf_json_set_integer(payout, "arrival_date", call->now + 2 * DAY_S);
    const char *bank = cf_json_text_at(account, "external_accounts.data.0.id");
    cf_json_set_text(payout, "destination", bank);
    cf_call_take(call, payout, "currency description method statement_descriptor metadata");
    const struct cf_json *transaction =
        cf_call_book(call, call->account, "payout", payout, -amount, 0, 0);
    cf_json_set_text(payout, "balance_transaction", cf_json_text_at(transaction, "id"));
    schedule(call, payout, 1);
    cf_call_emit(call, call->account, "payout.created", payout);
    cf_call_answer(call, payout);
}

static void fail(struct cf_call *call, struct cf_json *payout, const char *code)
{
    const struct cf_json *transaction = cf_call_book(call, call->account, "payout_failure", payout,
                                                     cf_json_integer_at(payout, "amount", 0), 0, 0);
    cf_json_set_text(payout, "status", "failed");
    cf_json_set_text(payout, "failure_code", code);
    cf_json_set_text(payout, "failure_message", "The bank sent the money back.");
    cf_json_set_text(payout, "failure_balance_transaction", cf_json_text_at(transaction, "id"));
    cf_call_emit(call, call->account, "payout.failed", payout);
}

void cf_payout_moves_on(struct cf_call *call, const char *id)
{
    struct cf_json *payout = cf_store_edit_anywhere(call->store, id, &call->account);
    if (payout == NULL)
        return;
    const struct cf_json *account =
        call->account[0] == '\0' ? NULL : cf_store_find(call->store, "", call->account);
    const char *last4 = cf_json_text_at(account, "external_accounts.data.0.last4");
    const char *status = cf_json_text_at(payout, "status");
    if (last4 == NULL)
        last4 = "";
    if (strcmp(status, "pending") == 0) {
        cf_json_set_text(payout, "status", "in_transit");
        cf_call_emit(call, call->account, "payout.updated", payout);
        schedule(call, payout, 1);
    } else if (strcmp(status, "in_transit") == 0 && strcmp(last4, "1116") == 0) {
        fail(call, payout, "no_account");
    } else if (strcmp(status, "in_transit") == 0) {
        cf_json_set_text(payout, "status", "paid");
        cf_call_emit(call, call->account, "payout.paid", payout);
        if (strcmp(last4, "1113") == 0)
            schedule(call, payout, 2);
    } else if (strcmp(status, "paid") == 0) {
        fail(call, payout, "account_closed");
    }
}

void cf_sandbox_payout_list(struct cf_call *call)
{
    cf_call_answer_list(call, "payout");
}

void cf_sandbox_payout_get(struct cf_call *call)
{
    const struct cf_json *payout = cf_call_fetch(call, "payout", call->id, "payout");
    if (payout != NULL)
        cf_call_answer(call, payout);
}

void cf_sandbox_payout_update(struct cf_call *call)
{
    struct cf_json *payout = cf_call_edit(call, "payout", call->id, "payout");
    if (payout == NULL)
        return;
    cf_call_take(call, payout, "metadata");
    cf_call_emit(call, call->account, "payout.updated", payout);
    cf_call_answer(call, payout);
}

void cf_sandbox_payout_cancel(struct cf_call *call)
{
    struct cf_json *payout = cf_call_edit(call, "payout", call->id, "payout");
    if (payout == NULL)
        return;
    if (!cf_json_is(cf_json_get(payout, "status"), "pending")) {
        cf_call_refuse(call, 400, NULL, NULL,
                       "Payouts can only be canceled while they are pending.");
        return;
    }
    cf_json_set_text(payout, "status", "canceled");
    cf_call_book(call, call->account, "payout_cancel", payout,
                 cf_json_integer_at(payout, "amount", 0), 0, 0);
    cf_call_emit(call, call->account, "payout.canceled", payout);
    cf_call_answer(call, payout);
}
