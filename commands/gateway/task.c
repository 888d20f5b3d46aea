/* SPDX-License-Identifier: Apache-2.0 */
/* What the provider's answer means to the ledger. */
#include "commands/gateway/task_answer.h"

#include "eventstore/sodium.h"

#include <stdio.h>

#define HOUR_US (INT64_C(3600) * 1000000)

static void set_money(struct cf_command_input *input, const char *field, struct cf_money money)
{
    cf_command_set_signed(input, field, cf_money_minor(money));
}

/* A card's id with us derives from the provider's, so that it is saved once. */
static struct cf_id card_id_of(const char *payment_method)
{
    struct cf_hash hash;
    struct cf_id id;
    cf_sha256(cf_bytes_from_text(payment_method), &hash);
    memcpy(id.bytes, hash.bytes, CF_ID_SIZE);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x70); /* the form of our other ids */
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

static void add_card(struct cf_task_answer *answer, struct cf_id user_id,
                     const struct cf_port_result *result)
{
    if (cf_id_is_zero(user_id) || result->payment_method[0] == '\0')
        return;
    struct cf_command_input *input = cf_task_answer_add(answer, CF_COMMAND_user_save_card);
    cf_command_set_id(input, "user_id", user_id);
    cf_command_set_id(input, "card_id", card_id_of(result->payment_method));
    cf_task_answer_set(input, "payment_method", result->payment_method);
}

/* News may tell of a charge that is known already, without its fee: then the fee goes by itself. */
static struct cf_command_input *add_fee(struct cf_task_answer *answer, struct cf_id pledge_id,
                                        const struct cf_port_result *result)
{
    struct cf_command_input *input = cf_task_answer_add(answer, CF_COMMAND_pledge_record_fee);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_task_answer_set(input, "charge", result->charge);
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    return input;
}

static void add_taken(struct cf_task_answer *answer, struct cf_id pledge_id,
                      const struct cf_port_result *result, bool is_news)
{
    struct cf_command_input *input = cf_task_answer_add(answer, CF_COMMAND_pledge_record_captured);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_task_answer_set(input, "intent", result->intent);
    cf_task_answer_set(input, "charge", result->charge);
    set_money(input, "amount", result->amount);
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    if (result->balance_transaction[0] == '\0' || result->available_at_us == 0)
        return; /* the fee is news, later */
    if (is_news)
        input = add_fee(answer, pledge_id, result);
    set_money(input, "fee", result->fee);
    cf_task_answer_set(input, "balance_transaction", result->balance_transaction);
    cf_command_set_signed(input, "available_at", result->available_at_us);
    if (!result->funds_available)
        return;
    input = cf_task_answer_add(answer, CF_COMMAND_pledge_record_funds_available);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_task_answer_set(input, "balance_transaction", result->balance_transaction);
    set_money(input, "amount",
              cf_money_of(cf_money_minor(result->amount) - cf_money_minor(result->fee)));
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
}

static void add_held(struct cf_task_answer *answer, struct cf_id pledge_id,
                     const struct cf_port_result *result)
{
    struct cf_command_input *input =
        cf_task_answer_add(answer, CF_COMMAND_pledge_record_authorized);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_task_answer_set(input, "intent", result->intent);
    set_money(input, "amount", result->amount);
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    cf_command_set_signed(input, "capture_before", result->capture_before_us);
}

static void add_named(struct cf_task_answer *answer, enum cf_command_number number,
                      struct cf_id pledge_id, const char *field, const char *name)
{
    struct cf_command_input *input = cf_task_answer_add(answer, number);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_task_answer_set(input, field, name);
}

static void add_failed(struct cf_task_answer *answer, struct cf_id pledge_id,
                       const struct cf_port_result *result)
{
    struct cf_command_input *input =
        cf_task_answer_add(answer, CF_COMMAND_pledge_record_payment_failed);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_command_set_unsigned(input, "decline", (uint64_t)result->decline);
    cf_command_set_unsigned(input, "retryable", result->retryable);
    cf_task_answer_set(input, "intent", result->intent);
}

void cf_task_take_payment(struct cf_id pledge_id, struct cf_id payer,
                          const struct cf_port_result *result, bool is_news,
                          struct cf_task_answer *answer)
{
    switch ((int)result->state) {
    case CF_PORT_STATE_SAVED:
        add_named(answer, CF_COMMAND_pledge_record_committed, pledge_id, "payment_method",
                  result->payment_method);
        add_card(answer, payer, result);
        break;
    case CF_PORT_STATE_HELD:
        add_held(answer, pledge_id, result);
        add_card(answer, payer, result);
        break;
    case CF_PORT_STATE_TAKEN:
        add_taken(answer, pledge_id, result, is_news);
        add_card(answer, payer, result);
        break;
    case CF_PORT_STATE_ACTION:
        add_named(answer, CF_COMMAND_pledge_record_action_required, pledge_id, "intent",
                  result->intent);
        break;
    case CF_PORT_STATE_FAILED:
        add_failed(answer, pledge_id, result);
        break;
    case CF_PORT_STATE_LAPSED:
        add_named(answer, CF_COMMAND_pledge_record_hold_lapsed, pledge_id, "intent",
                  result->intent);
        break;
    case CF_PORT_STATE_CANCELLED:
        add_named(answer, CF_COMMAND_pledge_record_hold_voided, pledge_id, "intent",
                  result->intent);
        break;
    default:
        cf_task_answer_end(answer, CF_TASK_DEFER, "the provider has not decided yet");
        answer->wait_us = HOUR_US;
        break;
    }
}

void cf_task_take_refund(struct cf_id refund_id, const struct cf_port_result *result,
                         struct cf_task_answer *answer)
{
    bool failed = result->state == CF_PORT_STATE_REFUND_FAILED;
    struct cf_command_input *input;
    /* Also when it has failed: the money may have left and come back before we heard of either. */
    if (!failed || result->balance_transaction[0] != '\0') {
        input = cf_task_answer_add(answer, CF_COMMAND_pledge_record_refund_succeeded);
        cf_command_set_id(input, "refund_id", refund_id);
        cf_task_answer_set(input, "refund", result->id);
        set_money(input, "amount", result->amount);
        cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    }
    if (!failed)
        return;
    input = cf_task_answer_add(answer, CF_COMMAND_pledge_record_refund_failed);
    cf_command_set_id(input, "refund_id", refund_id);
    cf_task_answer_set(input, "reason", result->reason[0] == '\0' ? "unknown" : result->reason);
    cf_task_answer_set(input, "refund", result->id);
}

static void take_refund(const struct cf_task *task, const struct cf_port_result *result,
                        struct cf_task_answer *answer)
{
    if (result->state == CF_PORT_STATE_REFUNDED || result->state == CF_PORT_STATE_REFUND_FAILED) {
        cf_task_take_refund(task->subject, result, answer);
    } else if (result->outcome == CF_PORT_REFUSED || result->outcome == CF_PORT_OTHERWISE) {
        struct cf_command_input *input =
            cf_task_answer_add(answer, CF_COMMAND_pledge_record_refund_failed);
        cf_command_set_id(input, "refund_id", task->subject);
        cf_task_answer_set(input, "reason", result->reason);
        cf_task_answer_set(input, "refund", result->id);
    } else {
        cf_task_answer_end(answer, CF_TASK_DEFER, "the refund is pending");
        answer->wait_us = 12 * HOUR_US;
    }
}

static void take_payout(const struct cf_task *task, const struct cf_port_result *result,
                        struct cf_task_answer *answer)
{
    static const struct {
        enum cf_request kind;
        enum cf_command_number done, refused;
        const char *field;
    } rows[] = {
        {CF_REQUEST_TRANSFER, CF_COMMAND_payout_record_initiated, CF_COMMAND_payout_record_refused,
         "transfer"},
        {CF_REQUEST_BANK_PAYOUT, CF_COMMAND_payout_record_sent, CF_COMMAND_payout_record_failed,
         "bank_payout"},
        {CF_REQUEST_TRANSFER_REVERSAL, CF_COMMAND_payout_record_reversed, 0, "reversal"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].kind != task->kind)
            continue;
        bool done = result->outcome == CF_PORT_DONE;
        if (!done && rows[i].refused == 0) {
            cf_task_answer_end(answer, CF_TASK_PARK, result->reason);
            return;
        }
        struct cf_command_input *input =
            cf_task_answer_add(answer, done ? rows[i].done : rows[i].refused);
        cf_command_set_id(input, "payout_id", task->subject);
        cf_task_answer_set(input, done ? rows[i].field : "reason",
                           done ? result->id : result->reason);
    }
}

/* A letter left, or never will. */
static void add_mail(const struct cf_task *task, const char *reason, struct cf_task_answer *answer)
{
    const struct cf_event_user_mail_requested *asked = &task->event.user_mail_requested;
    struct cf_command_input *input =
        cf_task_answer_add(answer, reason == NULL ? CF_COMMAND_user_record_mail_sent
                                                  : CF_COMMAND_user_record_mail_failed);
    cf_command_set_id(input, "user_id", asked->user_id);
    cf_command_set_unsigned(input, "mail", (uint64_t)asked->mail);
    cf_command_set_unsigned(input, "requested_by", task->sequence);
    if (reason != NULL)
        cf_task_answer_set(input, "reason", reason);
}

/* Whose card it is that a payment has brought; nobody's where the card was saved before. */
static struct cf_id keeper_of_card(const struct cf_task *task)
{
    bool saved =
        task->kind == CF_REQUEST_PAYMENT && task->event.pledge_payment_requested.off_session;
    return saved ? (struct cf_id){{0}} : cf_task_payer(task);
}

/* Payments, and what becomes of holds. A hold that is gone is gone, whoever let it go: what counts is
 * what we were about to do with it. */
static void take_hold(const struct cf_task *task, const struct cf_port_result *result,
                      struct cf_task_answer *answer)
{
    bool gone = result->state == CF_PORT_STATE_LAPSED || result->state == CF_PORT_STATE_CANCELLED;
    if (task->kind == CF_REQUEST_PAYMENT && result->outcome == CF_PORT_DECLINED)
        add_failed(answer, task->subject, result);
    else if (task->kind == CF_REQUEST_CAPTURE && gone)
        add_named(answer, CF_COMMAND_pledge_record_hold_lapsed, task->subject, "intent",
                  result->intent);
    else if (task->kind != CF_REQUEST_PAYMENT && gone)
        add_named(answer, CF_COMMAND_pledge_record_hold_voided, task->subject, "intent",
                  result->intent);
    else
        cf_task_take_payment(task->subject, keeper_of_card(task), result, false, answer);
}

/* What the provider has done. */
static void take_done(const struct cf_task *task, const struct cf_port_result *result,
                      struct cf_task_answer *answer)
{
    struct cf_command_input *input;
    switch (task->kind) {
    case CF_REQUEST_CUSTOMER:
        input = cf_task_answer_add(answer, CF_COMMAND_user_link_customer);
        cf_command_set_id(input, "user_id", task->subject);
        cf_task_answer_set(input, "customer", result->id);
        break;
    case CF_REQUEST_ACCOUNT:
        input = cf_task_answer_add(answer, CF_COMMAND_user_link_payout_account);
        cf_command_set_id(input, "user_id", task->subject);
        cf_task_answer_set(input, "account", result->id);
        break;
    case CF_REQUEST_PAYMENT:
    case CF_REQUEST_CAPTURE:
    case CF_REQUEST_VOID_HOLD:
    case CF_REQUEST_VOID_REPLACED:
        take_hold(task, result, answer);
        break;
    case CF_REQUEST_REFUND:
        take_refund(task, result, answer);
        break;
    case CF_REQUEST_TRANSFER:
    case CF_REQUEST_BANK_PAYOUT:
    case CF_REQUEST_TRANSFER_REVERSAL:
        take_payout(task, result, answer);
        break;
    case CF_REQUEST_MAIL:
        add_mail(task, NULL, answer);
        break;
    case CF_REQUEST_PROVIDER_NEWS:
    case CF_REQUEST_NONE:
        CF_UNREACHABLE();
    }
}

/* The provider will never do this. */
static void take_refused(const struct cf_task *task, const struct cf_port_result *result,
                         struct cf_task_answer *answer)
{
    switch (task->kind) {
    case CF_REQUEST_REFUND:
        take_refund(task, result, answer);
        break;
    case CF_REQUEST_TRANSFER:
    case CF_REQUEST_BANK_PAYOUT:
    case CF_REQUEST_TRANSFER_REVERSAL:
        take_payout(task, result, answer);
        break;
    case CF_REQUEST_MAIL:
        add_mail(task, result->reason, answer);
        break;
    case CF_REQUEST_CUSTOMER:
    case CF_REQUEST_ACCOUNT:
    case CF_REQUEST_PAYMENT:
    case CF_REQUEST_CAPTURE:
    case CF_REQUEST_VOID_HOLD:
    case CF_REQUEST_VOID_REPLACED:
    case CF_REQUEST_PROVIDER_NEWS:
    case CF_REQUEST_NONE:
        cf_task_answer_end(answer, CF_TASK_PARK, result->reason);
        break;
    }
}

void cf_task_take(const struct cf_task *task, const struct cf_port_result *result,
                  struct cf_task_answer *ret_answer)
{
    memset(ret_answer, 0, sizeof *ret_answer);
    if (result->amount_odd) {
        cf_task_answer_end(ret_answer, CF_TASK_PARK,
                           "the provider's amount or currency is none of ours");
        return;
    }
    switch (result->outcome) {
    case CF_PORT_DONE:
    case CF_PORT_ACTION_REQUIRED:
    case CF_PORT_DECLINED:
    case CF_PORT_PENDING:
        take_done(task, result, ret_answer);
        break;
    case CF_PORT_OTHERWISE:
        if (task->kind == CF_REQUEST_REFUND) {
            take_refund(task, result, ret_answer);
            break;
        }
        ret_answer->then = CF_TASK_LOOK;
        snprintf(ret_answer->object, sizeof ret_answer->object, "%s", result->intent);
        if (result->intent[0] == '\0')
            cf_task_answer_end(ret_answer, CF_TASK_PARK, result->reason);
        break;
    case CF_PORT_NOT_FUNDED:
        cf_task_answer_end(ret_answer, CF_TASK_DEFER, "the balance does not cover it yet");
        ret_answer->wait_us = 25 * HOUR_US; /* a refusal is kept under its key for a day */
        break;
    case CF_PORT_REFUSED:
        take_refused(task, result, ret_answer);
        break;
    case CF_PORT_UNAVAILABLE:
        cf_task_answer_end(ret_answer, CF_TASK_DEFER,
                           result->reason[0] == '\0' ? "the provider was not reached"
                                                     : result->reason);
        ret_answer->wait_us = result->retry_after_ms * 1000;
        break;
    }
}
