/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disputes: the money is withdrawn with a fee when one opens, and comes back when it is won. An
 * inquiry withdraws nothing. Evidence "winning_evidence" wins, "losing_evidence" loses.
 */
#include "core/base/assert.h"
#include "tools/sandbox/sandbox_internal.h"

#define FEE 1500
#define RESPONSE_S (INT64_C(7) * 86400)

void cf_dispute_open(struct cf_call *call, struct cf_json *charge, const char *reason, bool inquiry)
{
    struct cf_json *dispute = cf_call_make(call, call->account, "dispute", "dp");
    int64_t amount = cf_json_integer_at(charge, "amount_captured", 0);
    cf_json_set_integer(dispute, "amount", amount);
    cf_json_set_text(dispute, "currency", cf_json_text_at(charge, "currency"));
    cf_json_set_text(dispute, "charge", cf_json_text_at(charge, "id"));
    cf_json_set_text(dispute, "payment_intent", cf_json_text_at(charge, "payment_intent"));
    cf_json_set_text(dispute, "reason", reason);
    cf_json_set_text(dispute, "status", inquiry ? "warning_needs_response" : "needs_response");
    cf_json_set_bool(dispute, "is_charge_refundable", inquiry);
    cf_json_set_integer(cf_json_get(dispute, "evidence_details"), "due_by", call->now + RESPONSE_S);
    cf_call_index(call, call->account, dispute);
    cf_json_set_bool(charge, "disputed", !inquiry);
    if (!inquiry) {
        const struct cf_json *transaction =
            cf_call_book(call, call->account, "adjustment", dispute, -amount, FEE, 0);
        cf_json_append(cf_json_get(dispute, "balance_transactions"), cf_json_copy(transaction));
    }
    cf_call_emit(call, call->account, "charge.dispute.created", dispute);
    if (!inquiry)
        cf_call_emit(call, call->account, "charge.dispute.funds_withdrawn", dispute);
}

static bool is_open(const struct cf_json *dispute)
{
    const char *status = cf_json_text_at(dispute, "status");
    return strcmp(status, "won") != 0 && strcmp(status, "lost") != 0 &&
           strcmp(status, "warning_closed") != 0;
}

static void end(struct cf_call *call, struct cf_json *dispute, const char *status)
{
    if (cf_json_size(cf_json_get(dispute, "balance_transactions")) == 0)
        status = "warning_closed"; /* nothing was withdrawn */
    cf_json_set_text(dispute, "status", status);
    cf_json_set_bool(dispute, "is_charge_refundable", false);
    if (strcmp(status, "won") == 0) {
        const struct cf_json *transaction =
            cf_call_book(call, call->account, "adjustment", dispute,
                         cf_json_integer_at(dispute, "amount", 0), 0, 0);
        cf_json_append(cf_json_get(dispute, "balance_transactions"), cf_json_copy(transaction));
        struct cf_json *charge =
            cf_store_edit(call->store, call->account, cf_json_text_at(dispute, "charge"));
        CF_ASSERT(charge != NULL);
        cf_json_set_bool(charge, "disputed", false);
        cf_call_emit(call, call->account, "charge.dispute.funds_reinstated", dispute);
    }
    cf_call_emit(call, call->account, "charge.dispute.closed", dispute);
}

void cf_sandbox_dispute_list(struct cf_call *call)
{
    cf_call_answer_list(call, "dispute");
}

void cf_sandbox_dispute_get(struct cf_call *call)
{
    const struct cf_json *dispute = cf_call_fetch(call, "dispute", call->id, "dispute");
    if (dispute != NULL)
        cf_call_answer(call, dispute);
}

void cf_sandbox_dispute_update(struct cf_call *call)
{
    struct cf_json *dispute = cf_call_edit(call, "dispute", call->id, "dispute");
    if (dispute == NULL)
        return;
    if (!is_open(dispute)) {
        cf_call_refuse(call, 400, NULL, NULL, "This dispute is already closed.");
        return;
    }
    struct cf_json *given = cf_json_get(call->params, "evidence"), *value = NULL;
    struct cf_json *details = cf_json_get(dispute, "evidence_details");
    void *iterator = NULL;
    const char *key = NULL;
    while (cf_json_kind(given) == CF_JSON_OBJECT && cf_json_next(given, &iterator, &key, &value)) {
        cf_json_set(cf_json_get(dispute, "evidence"), key, cf_json_copy(value));
        cf_json_set_bool(details, "has_evidence", true);
    }
    cf_call_take(call, dispute, "metadata");
    if (cf_call_is_true(call, "submit")) {
        cf_json_set_integer(details, "submission_count",
                            cf_json_integer_at(details, "submission_count", 0) + 1);
        bool inquiry = cf_json_size(cf_json_get(dispute, "balance_transactions")) == 0;
        cf_json_set_text(dispute, "status", inquiry ? "warning_under_review" : "under_review");
        cf_call_emit(call, call->account, "charge.dispute.updated", dispute);
        const struct cf_json *text = cf_json_at(dispute, "evidence.uncategorized_text");
        if (cf_json_is(text, "winning_evidence"))
            end(call, dispute, "won");
        else if (cf_json_is(text, "losing_evidence"))
            end(call, dispute, "lost");
    }
    cf_call_answer(call, dispute);
}

void cf_sandbox_dispute_close(struct cf_call *call)
{
    struct cf_json *dispute = cf_call_edit(call, "dispute", call->id, "dispute");
    if (dispute == NULL)
        return;
    if (!is_open(dispute)) {
        cf_call_refuse(call, 400, NULL, NULL, "This dispute is already closed.");
        return;
    }
    end(call, dispute, "lost");
    cf_call_answer(call, dispute);
}

/* Controls: a bank opens or ends a dispute. */

void cf_sandbox_control_dispute(struct cf_call *call)
{
    struct cf_json *charge = cf_call_edit(call, "charge", cf_call_text(call, "charge"), "charge");
    const char *reason = cf_call_text(call, "reason");
    if (charge == NULL)
        return;
    if (!cf_json_is_true(cf_json_get(charge, "captured")) ||
        cf_json_is_true(cf_json_get(charge, "disputed"))) {
        cf_call_refuse(call, 400, NULL, "charge", "This charge cannot be disputed.");
        return;
    }
    cf_dispute_open(call, charge, reason == NULL ? "fraudulent" : reason,
                    cf_call_is_true(call, "inquiry"));
    cf_call_answer(call, charge);
}

void cf_sandbox_control_dispute_end(struct cf_call *call)
{
    struct cf_json *dispute = cf_call_edit(call, "dispute", call->id, "dispute");
    if (dispute == NULL)
        return;
    if (!is_open(dispute)) {
        cf_call_refuse(call, 400, NULL, NULL, "This dispute is already closed.");
        return;
    }
    end(call, dispute, cf_call_text(call, "outcome"));
    cf_call_answer(call, dispute);
}
