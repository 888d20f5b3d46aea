/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices: which object to look at, and what its state means. Some states mean something only for the
 * notice that tells of a change to them; a table says which types we follow.
 */
#include "commands/gateway/task_answer.h"

#include <stdio.h>

/* Types of notices that we look into, by how they begin. Others are recorded, and that is all. */
static const char *const followed[] = {
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.processing",
    "setup_intent.succeeded",
    "setup_intent.setup_failed",
    "charge.captured",
    "charge.succeeded",
    "charge.updated",
    "charge.refund.updated",
    "charge.dispute.",
    "refund.",
    "radar.early_fraud_warning.created",
    "account.updated",
    "payout.",
};

static bool text_is(struct cf_bytes text, const char *wanted)
{
    return cf_bytes_equal(text, cf_bytes_from_text(wanted));
}

static bool is_followed(struct cf_bytes type)
{
    for (size_t i = 0; i < sizeof followed / sizeof followed[0]; i++) {
        size_t size = strlen(followed[i]);
        bool family = followed[i][size - 1] == '.';
        if (type.size >= size && memcmp(type.data, followed[i], size) == 0 &&
            (family || type.size == size))
            return true;
    }
    return false;
}

static const char *keep(struct cf_task_request *ask, size_t slot, struct cf_bytes token)
{
    if (token.size == 0 || token.size >= CF_PORT_NAME_SIZE)
        return NULL;
    memcpy(ask->texts[slot], token.data, token.size);
    return ask->texts[slot];
}

bool cf_task_ask_news(const struct cf_task *task, struct cf_task_request *ret_request)
{
    const struct cf_event_provider_event_received *notice = &task->event.provider_event_received;
    CF_ASSERT(task->event.type == CF_EVENT_PROVIDER_EVENT_RECEIVED);
    memset(ret_request, 0, sizeof *ret_request);
    struct cf_port_request *request = &ret_request->request;
    request->operation = CF_PORT_LOOK;
    /* A warning is no object of its own: the notice itself is all there is. */
    bool warning = text_is(notice->event_type, "radar.early_fraud_warning.created");
    request->object = keep(ret_request, 0, warning ? notice->event : notice->object);
    request->account = keep(ret_request, 1, notice->account);
    return is_followed(notice->event_type) && request->object != NULL;
}

void cf_task_subject_of_key(struct cf_bytes request_key, struct cf_task_subject *subject)
{
    static const struct {
        enum cf_request kind;
        size_t offset;
    } rows[] = {
        {CF_REQUEST_PAYMENT, offsetof(struct cf_task_subject, pledge_id)},
        {CF_REQUEST_CAPTURE, offsetof(struct cf_task_subject, pledge_id)},
        {CF_REQUEST_REFUND, offsetof(struct cf_task_subject, pledge_id)},
        {CF_REQUEST_TRANSFER, offsetof(struct cf_task_subject, payout_id)},
        {CF_REQUEST_BANK_PAYOUT, offsetof(struct cf_task_subject, payout_id)},
        {CF_REQUEST_ACCOUNT, offsetof(struct cf_task_subject, user_id)},
    };
    const size_t uuid = CF_ID_TEXT_SIZE - 1;
    struct cf_id stream;
    if (request_key.size <= uuid ||
        cf_id_parse(cf_bytes_from(request_key.data, uuid), &stream) != CF_OK)
        return;
    size_t dash = request_key.size;
    while (dash > uuid && request_key.data[dash - 1] != '-')
        dash--;
    struct cf_bytes kind = cf_bytes_from(request_key.data + dash, request_key.size - dash);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cf_id *id = (struct cf_id *)(void *)((char *)subject + rows[i].offset);
        if (text_is(kind, cf_request_name(rows[i].kind)) && cf_id_is_zero(*id))
            *id = stream;
    }
}

static void set_amount(struct cf_command_input *input, const struct cf_port_result *result)
{
    cf_command_set_signed(input, "amount", cf_money_minor(result->amount));
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
}

static void take_refund(const struct cf_port_result *result, const struct cf_task_subject *subject,
                        struct cf_task_answer *answer)
{
    bool ours = !cf_id_is_zero(subject->refund_id);
    if (ours)
        cf_task_take_refund(subject->refund_id, result, answer);
    if (result->state == CF_PORT_STATE_REFUND_FAILED || (ours && cf_id_is_zero(subject->pledge_id)))
        return;
    /* Also behind one of ours: the provider may have made it twice, and then the other one is as good as foreign. */
    struct cf_command_input *input =
        cf_task_answer_add(answer, CF_COMMAND_pledge_record_foreign_refund);
    cf_command_set_id(input, "pledge_id", subject->pledge_id);
    cf_task_answer_set(input, "refund", result->id);
    cf_task_answer_set(input, "charge", result->charge);
    set_amount(input, result);
}

static void take_dispute(const struct cf_port_result *result, struct cf_id pledge_id,
                         struct cf_task_answer *answer)
{
    struct cf_command_input *input;
    if (result->state == CF_PORT_STATE_WARNED) {
        input = cf_task_answer_add(answer, CF_COMMAND_pledge_record_dispute_warned);
        cf_command_set_id(input, "pledge_id", pledge_id);
        cf_task_answer_set(input, "reference", result->id);
        cf_command_set_unsigned(input, "stage", (uint64_t)result->stage);
        return;
    }
    /* Also when it has ended, in case that is the first we hear of it. */
    input = cf_task_answer_add(answer, CF_COMMAND_pledge_record_disputed);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_task_answer_set(input, "dispute", result->id);
    cf_task_answer_set(input, "charge", result->charge);
    set_amount(input, result);
    if (!cf_money_is_zero(result->fee))
        cf_command_set_signed(input, "fee", cf_money_minor(result->fee));
    cf_task_answer_set(input, "balance_transaction", result->balance_transaction);
    if (result->state == CF_PORT_STATE_DISPUTED)
        return;
    bool won = result->state == CF_PORT_STATE_DISPUTE_WON;
    input = cf_task_answer_add(answer, won ? CF_COMMAND_pledge_record_dispute_won
                                           : CF_COMMAND_pledge_record_dispute_lost);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_task_answer_set(input, "dispute", result->id);
    cf_task_answer_set(input, "charge", result->charge);
    if (won) {
        cf_task_answer_set(input, "balance_transaction", result->reinstated_by);
        if (cf_money_minor(result->fee_returned) > 0)
            cf_command_set_signed(input, "fee_returned", cf_money_minor(result->fee_returned));
    }
}

static void take_payout(const struct cf_port_result *result, struct cf_id payout_id,
                        struct cf_task_answer *answer)
{
    struct cf_command_input *input = cf_task_answer_add(
        answer, result->state == CF_PORT_STATE_PAID   ? CF_COMMAND_payout_record_paid
                : result->state == CF_PORT_STATE_SENT ? CF_COMMAND_payout_record_sent
                                                      : CF_COMMAND_payout_record_failed);
    cf_command_set_id(input, "payout_id", payout_id);
    cf_task_answer_set(input, "bank_payout", result->id);
    if (result->state == CF_PORT_STATE_PAYOUT_FAILED)
        cf_task_answer_set(input, "reason", result->reason[0] == '\0' ? "unknown" : result->reason);
}

static void take_account(const struct cf_port_result *result, struct cf_id user_id,
                         struct cf_task_answer *answer)
{
    struct cf_command_input *input =
        cf_task_answer_add(answer, CF_COMMAND_user_update_payout_account);
    cf_command_set_id(input, "user_id", user_id);
    cf_task_answer_set(input, "account", result->id);
    cf_command_set_unsigned(input, "charges_enabled", result->charges_enabled);
    cf_command_set_unsigned(input, "payouts_enabled", result->payouts_enabled);
    cf_command_set_unsigned(input, "details_submitted", result->details_submitted);
    cf_task_answer_set(input, "disabled_reason", result->disabled_reason);
}

/* By what the object is now. */
static void take_state(const struct cf_port_result *result, const struct cf_task_subject *subject,
                       struct cf_task_answer *answer)
{
    switch (result->state) {
    case CF_PORT_STATE_SAVED:
    case CF_PORT_STATE_HELD:
    case CF_PORT_STATE_TAKEN:
    case CF_PORT_STATE_LAPSED:
    case CF_PORT_STATE_CANCELLED:
        cf_task_take_payment(subject->pledge_id, subject->user_id, result, true, answer);
        break;
    case CF_PORT_STATE_FAILED:
        cf_task_take_payment(subject->pledge_id, (struct cf_id){0}, result, true, answer);
        break;
    case CF_PORT_STATE_REFUNDED:
    case CF_PORT_STATE_REFUND_FAILED:
        take_refund(result, subject, answer);
        break;
    case CF_PORT_STATE_WARNED:
    case CF_PORT_STATE_DISPUTED:
    case CF_PORT_STATE_DISPUTE_WON:
    case CF_PORT_STATE_DISPUTE_LOST:
        take_dispute(result, subject->pledge_id, answer);
        break;
    case CF_PORT_STATE_SENT:
    case CF_PORT_STATE_PAID:
    case CF_PORT_STATE_PAYOUT_FAILED:
        take_payout(result, subject->payout_id, answer);
        break;
    case CF_PORT_STATE_ACCOUNT:
        take_account(result, subject->user_id, answer);
        break;
    case CF_PORT_STATE_NONE:
    case CF_PORT_STATE_OPEN:
    case CF_PORT_STATE_ACTION:
    case CF_PORT_STATE_MOVED:
    case CF_PORT_STATE_REVERSED:
        break; /* nothing to say about our things yet */
    }
}

/* Whose thing this is, as the state's kind needs it. */
static bool is_ours(const struct cf_port_result *result, const struct cf_task_subject *subject)
{
    switch (result->state) {
    case CF_PORT_STATE_REFUNDED:
    case CF_PORT_STATE_REFUND_FAILED:
        return !cf_id_is_zero(subject->refund_id) || !cf_id_is_zero(subject->pledge_id);
    case CF_PORT_STATE_SENT:
    case CF_PORT_STATE_PAID:
    case CF_PORT_STATE_PAYOUT_FAILED:
        return !cf_id_is_zero(subject->payout_id);
    case CF_PORT_STATE_ACCOUNT:
        return !cf_id_is_zero(subject->user_id);
    case CF_PORT_STATE_NONE:
    case CF_PORT_STATE_OPEN:
    case CF_PORT_STATE_ACTION:
    case CF_PORT_STATE_MOVED:
    case CF_PORT_STATE_REVERSED:
        return true;
    case CF_PORT_STATE_SAVED:
    case CF_PORT_STATE_HELD:
    case CF_PORT_STATE_TAKEN:
    case CF_PORT_STATE_LAPSED:
    case CF_PORT_STATE_CANCELLED:
    case CF_PORT_STATE_FAILED:
    case CF_PORT_STATE_WARNED:
    case CF_PORT_STATE_DISPUTED:
    case CF_PORT_STATE_DISPUTE_WON:
    case CF_PORT_STATE_DISPUTE_LOST:
        return !cf_id_is_zero(subject->pledge_id);
    }
    CF_UNREACHABLE();
}

/* Disputes and refunds name a charge, which may be one of ours that we have not heard of. */
static bool is_about_a_charge(const struct cf_port_result *result)
{
    return result->state == CF_PORT_STATE_REFUNDED ||
           result->state == CF_PORT_STATE_REFUND_FAILED || result->state == CF_PORT_STATE_WARNED ||
           result->state == CF_PORT_STATE_DISPUTED || result->state == CF_PORT_STATE_DISPUTE_WON ||
           result->state == CF_PORT_STATE_DISPUTE_LOST;
}

void cf_task_take_news(const struct cf_task *task, const struct cf_port_result *result,
                       const struct cf_task_subject *subject, struct cf_task_answer *ret_answer)
{
    CF_ASSERT(task->event.type == CF_EVENT_PROVIDER_EVENT_RECEIVED);
    memset(ret_answer, 0, sizeof *ret_answer);
    if (result->outcome == CF_PORT_UNAVAILABLE) {
        ret_answer->then = CF_TASK_DEFER;
        ret_answer->wait_us = result->retry_after_ms * 1000;
        snprintf(ret_answer->reason, sizeof ret_answer->reason, "%s", result->reason);
    } else if (result->outcome != CF_PORT_DONE) {
        cf_task_answer_end(ret_answer, CF_TASK_QUARANTINE, "the provider does not know the object");
    } else if (!is_ours(result, subject)) {
        cf_task_answer_end(ret_answer, CF_TASK_QUARANTINE, "the object is none of ours");
        if (is_about_a_charge(result))
            ret_answer->then = CF_TASK_AWAIT;
    } else if (result->amount_odd) {
        cf_task_answer_end(ret_answer, CF_TASK_QUARANTINE,
                           "the amount or currency is none of ours");
    } else {
        take_state(result, subject, ret_answer);
    }
}

bool cf_task_is_early(const char *command, const char *verdict)
{
    static const char *const rows[][2] = {
        {"pledge_record_disputed", "CHARGE_UNKNOWN"},
        {"pledge_record_foreign_refund", "CHARGE_UNKNOWN"},
        {"pledge_record_foreign_refund", "DISPUTED"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i][0], command) == 0 && strcmp(rows[i][1], verdict) == 0)
            return true;
    return false;
}

bool cf_task_is_contradiction(const char *command, const char *verdict)
{
    static const char *const verdicts[] = {
        "AMOUNT_MISMATCH", "CURRENCY_MISMATCH", "PLEDGE_UNKNOWN",
        "REFUND_UNKNOWN",  "PAYOUT_UNKNOWN",    "USER_UNKNOWN",
        "ACCOUNT_UNKNOWN", "ACCOUNT_TAKEN",     "CUSTOMER_TAKEN"};
    if (strcmp(command, "user_save_card") == 0)
        return false; /* whoever paid may have gone since, and nothing else hangs on the card */
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (strcmp(verdicts[i], verdict) == 0)
            return true;
    }
    return false;
}
