/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/task.h"

#include "core/base/assert.h"
#include "eventstore/sodium.h"

#include <stdio.h>

#define HOUR_US (INT64_C(3600) * 1000000)

/* Asking. */

void cf_task_key(const struct cf_task *task, char ret_key[CF_TASK_KEY_SIZE])
{
    char stream[CF_ID_TEXT_SIZE];
    cf_id_print(task->record.stream_id, stream);
    snprintf(ret_key, CF_TASK_KEY_SIZE, "%s-%u-%s", stream, task->record.stream_version,
             cf_request_name(task->kind));
}

void cf_task_customer_key(struct cf_id user_id, char ret_key[CF_TASK_KEY_SIZE])
{
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(user_id, text);
    snprintf(ret_key, CF_TASK_KEY_SIZE, "%s-customer", text);
}

/* Copies a token to where it ends with a NUL; NULL for an absent one. */
static const char *keep(struct cf_task_request *ask, size_t slot, struct cf_bytes token)
{
    CF_ASSERT(slot < sizeof ask->texts / sizeof ask->texts[0] && token.size < CF_PORT_NAME_SIZE);
    if (token.size == 0)
        return NULL;
    memcpy(ask->texts[slot], token.data, token.size);
    ask->texts[slot][token.size] = '\0';
    return ask->texts[slot];
}

static bool ask_payment(const struct cf_task *task, const char *customer, const char *return_url,
                        struct cf_task_request *ask)
{
    const struct cf_event_pledge_payment_requested *asked = &task->event.pledge_payment_requested;
    struct cf_port_request *request = &ask->request;
    if (task->event.type != CF_EVENT_PLEDGE_PAYMENT_REQUESTED)
        return false;
    request->operation = asked->mode == CF_PAYMENT_MODE_SAVE ? CF_PORT_SAVE_CARD : CF_PORT_PAY;
    request->hold = asked->mode == CF_PAYMENT_MODE_HOLD;
    request->off_session = asked->off_session;
    request->keep_card = !asked->off_session;
    request->pledge_id = asked->pledge_id;
    request->campaign_id = asked->campaign_id;
    request->user_id = asked->backer_id;
    request->currency = asked->currency;
    request->amount = asked->amount;
    request->payment_method = keep(ask, 0, asked->payment_method);
    request->customer = asked->customer.size > 0 ? keep(ask, 1, asked->customer) : customer;
    request->return_url = return_url;
    return true;
}

/* Which hold is to be given back: several events say so. */
static struct cf_bytes intent_to_void(const struct cf_event *event)
{
    switch ((int)event->type) {
    case CF_EVENT_PLEDGE_ABANDONED:
        return event->pledge_abandoned.intent;
    case CF_EVENT_PLEDGE_CANCELLED:
        return event->pledge_cancelled.intent;
    case CF_EVENT_PLEDGE_DROPPED:
        return event->pledge_dropped.intent;
    case CF_EVENT_PLEDGE_RELEASED:
        return event->pledge_released.intent;
    case CF_EVENT_PLEDGE_HOLD_ORPHANED:
        return event->pledge_hold_orphaned.intent;
    case CF_EVENT_PLEDGE_AUTHORIZED:
        return event->pledge_authorized.replaced_intent;
    }
    return (struct cf_bytes){0};
}

static bool ask_refund(const struct cf_task *task, struct cf_task_request *ask)
{
    const struct cf_event *event = &task->event;
    struct cf_port_request *request = &ask->request;
    request->operation = CF_PORT_REFUND;
    request->refund_id = task->subject;
    if (event->type == CF_EVENT_PLEDGE_REFUND_REQUESTED) {
        request->pledge_id = event->pledge_refund_requested.pledge_id;
        request->currency = event->pledge_refund_requested.currency;
        request->amount = event->pledge_refund_requested.amount;
        request->reason = event->pledge_refund_requested.reason;
        request->charge = keep(ask, 0, event->pledge_refund_requested.charge);
    } else if (event->type == CF_EVENT_PLEDGE_REFUND_RETRIED) {
        request->pledge_id = event->pledge_refund_retried.pledge_id;
        request->currency = event->pledge_refund_retried.currency;
        request->amount = event->pledge_refund_retried.amount;
        request->charge = keep(ask, 0, event->pledge_refund_retried.charge);
    } else if (event->type == CF_EVENT_PLEDGE_MONEY_ORPHANED) {
        request->pledge_id = event->pledge_money_orphaned.pledge_id;
        request->currency = event->pledge_money_orphaned.currency;
        request->amount = event->pledge_money_orphaned.amount;
        request->reason = CF_REFUND_REASON_ORPHANED_MONEY;
        request->charge = keep(ask, 0, event->pledge_money_orphaned.charge);
    } else {
        return false;
    }
    return true;
}

static bool ask_transfer(const struct cf_task *task, struct cf_task_request *ask)
{
    const struct cf_event_payout_requested *asked = &task->event.payout_requested;
    if (task->event.type != CF_EVENT_PAYOUT_REQUESTED)
        return false;
    ask->request.operation = CF_PORT_TRANSFER;
    ask->request.payout_id = asked->payout_id;
    ask->request.campaign_id = asked->campaign_id;
    ask->request.currency = asked->currency;
    ask->request.amount = asked->amount;
    ask->request.account = keep(ask, 0, asked->account);
    return true;
}

static bool ask_bank_payout(const struct cf_task *task, struct cf_task_request *ask)
{
    struct cf_port_request *request = &ask->request;
    request->operation = CF_PORT_PAY_OUT;
    request->payout_id = task->subject;
    if (task->event.type == CF_EVENT_PAYOUT_INITIATED) {
        request->currency = task->event.payout_initiated.currency;
        request->amount = task->event.payout_initiated.amount;
        request->account = keep(ask, 0, task->event.payout_initiated.account);
    } else if (task->event.type == CF_EVENT_PAYOUT_RETRIED) {
        request->currency = task->event.payout_retried.currency;
        request->amount = task->event.payout_retried.amount;
        request->account = keep(ask, 0, task->event.payout_retried.account);
    } else {
        return false;
    }
    return true;
}

static bool ask_capture(const struct cf_task *task, struct cf_task_request *ask)
{
    const struct cf_event_pledge_capture_requested *asked = &task->event.pledge_capture_requested;
    if (task->event.type != CF_EVENT_PLEDGE_CAPTURE_REQUESTED)
        return false;
    ask->request.operation = CF_PORT_CAPTURE;
    ask->request.pledge_id = asked->pledge_id;
    ask->request.currency = asked->currency;
    ask->request.amount = asked->amount;
    ask->request.intent = keep(ask, 0, asked->intent);
    return true;
}

static bool ask_reversal(const struct cf_task *task, struct cf_task_request *ask)
{
    const struct cf_event_payout_reversal_requested *asked = &task->event.payout_reversal_requested;
    if (task->event.type != CF_EVENT_PAYOUT_REVERSAL_REQUESTED)
        return false;
    ask->request.operation = CF_PORT_REVERSE;
    ask->request.payout_id = asked->payout_id;
    ask->request.currency = asked->currency;
    ask->request.amount = asked->amount;
    ask->request.transfer = keep(ask, 0, asked->transfer);
    return true;
}

static bool ask_account(const struct cf_task *task, struct cf_task_request *ask)
{
    const struct cf_event_user_payout_account_requested *asked =
        &task->event.user_payout_account_requested;
    if (task->event.type != CF_EVENT_USER_PAYOUT_ACCOUNT_REQUESTED)
        return false;
    ask->request.operation = CF_PORT_MAKE_ACCOUNT;
    ask->request.user_id = asked->user_id;
    ask->request.currency = asked->currency;
    ask->request.country = keep(ask, 0, asked->country);
    return true;
}

static bool ask_void(const struct cf_task *task, struct cf_task_request *ask)
{
    ask->request.operation = CF_PORT_VOID;
    ask->request.pledge_id = task->subject;
    ask->request.intent = keep(ask, 0, intent_to_void(&task->event));
    return ask->request.intent != NULL;
}

bool cf_task_ask(const struct cf_task *task, const char *customer, const char *return_url,
                 int64_t now_us, struct cf_task_request *ret_request)
{
    memset(ret_request, 0, sizeof *ret_request);
    struct cf_port_request *request = &ret_request->request;
    request->asked_at_us = task->record.time_us;
    request->now_us = now_us;
    cf_task_key(task, request->key);
    switch (task->kind) {
    case CF_REQUEST_CUSTOMER:
        request->operation = CF_PORT_MAKE_CUSTOMER;
        request->user_id = task->subject;
        cf_task_customer_key(task->subject, request->key);
        return true;
    case CF_REQUEST_ACCOUNT:
        return ask_account(task, ret_request);
    case CF_REQUEST_PAYMENT:
        return ask_payment(task, customer, return_url, ret_request);
    case CF_REQUEST_CAPTURE:
        return ask_capture(task, ret_request);
    case CF_REQUEST_VOID_HOLD:
    case CF_REQUEST_VOID_REPLACED:
        return ask_void(task, ret_request);
    case CF_REQUEST_REFUND:
        return ask_refund(task, ret_request);
    case CF_REQUEST_TRANSFER:
        return ask_transfer(task, ret_request);
    case CF_REQUEST_BANK_PAYOUT:
        return ask_bank_payout(task, ret_request);
    case CF_REQUEST_TRANSFER_REVERSAL:
        return ask_reversal(task, ret_request);
    case CF_REQUEST_PROVIDER_NEWS:
    case CF_REQUEST_MAIL:
    case CF_REQUEST_NONE:
        return false;
    }
    return false;
}

struct cf_id cf_task_payer(const struct cf_task *task)
{
    bool payment =
        task->kind == CF_REQUEST_PAYMENT && task->event.type == CF_EVENT_PLEDGE_PAYMENT_REQUESTED;
    return payment ? task->event.pledge_payment_requested.backer_id : (struct cf_id){0};
}

/* Taking. */

static struct cf_command_input *add(struct cf_task_answer *answer, enum cf_command_number number)
{
    CF_ASSERT(answer->command_count < CF_TASK_COMMAND_COUNT_MAX);
    struct cf_command_input *input = &answer->commands[answer->command_count++];
    cf_command_input_init(input, number);
    return input;
}

static void set(struct cf_command_input *input, const char *field, const char *text)
{
    if (text[0] != '\0')
        cf_command_set_text(input, field, cf_bytes_from_text(text));
}

static void set_money(struct cf_command_input *input, const char *field, struct cf_money money)
{
    cf_command_set_signed(input, field, cf_money_minor(money));
}

static void give_up(struct cf_task_answer *answer, enum cf_task_then then, const char *reason)
{
    answer->then = then;
    snprintf(answer->reason, sizeof answer->reason, "%s", reason);
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
    struct cf_command_input *input = add(answer, CF_COMMAND_user_save_card);
    cf_command_set_id(input, "user_id", user_id);
    cf_command_set_id(input, "card_id", card_id_of(result->payment_method));
    set(input, "payment_method", result->payment_method);
}

static void add_taken(struct cf_task_answer *answer, struct cf_id pledge_id,
                      const struct cf_port_result *result)
{
    struct cf_command_input *input = add(answer, CF_COMMAND_pledge_record_captured);
    cf_command_set_id(input, "pledge_id", pledge_id);
    set(input, "intent", result->intent);
    set(input, "charge", result->charge);
    set_money(input, "amount", result->amount);
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    if (result->balance_transaction[0] == '\0' || result->available_at_us == 0)
        return; /* the fee is news, later */
    input = add(answer, CF_COMMAND_pledge_record_fee);
    cf_command_set_id(input, "pledge_id", pledge_id);
    set(input, "charge", result->charge);
    set_money(input, "fee", result->fee);
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    set(input, "balance_transaction", result->balance_transaction);
    cf_command_set_signed(input, "available_at", result->available_at_us);
    if (!result->funds_available)
        return;
    input = add(answer, CF_COMMAND_pledge_record_funds_available);
    cf_command_set_id(input, "pledge_id", pledge_id);
    set(input, "balance_transaction", result->balance_transaction);
    set_money(input, "amount",
              cf_money_of(cf_money_minor(result->amount) - cf_money_minor(result->fee)));
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
}

static void add_held(struct cf_task_answer *answer, struct cf_id pledge_id,
                     const struct cf_port_result *result)
{
    struct cf_command_input *input = add(answer, CF_COMMAND_pledge_record_authorized);
    cf_command_set_id(input, "pledge_id", pledge_id);
    set(input, "intent", result->intent);
    set_money(input, "amount", result->amount);
    cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    cf_command_set_signed(input, "capture_before", result->capture_before_us);
}

static void add_named(struct cf_task_answer *answer, enum cf_command_number number,
                      struct cf_id pledge_id, const char *field, const char *name)
{
    struct cf_command_input *input = add(answer, number);
    cf_command_set_id(input, "pledge_id", pledge_id);
    set(input, field, name);
}

static void add_failed(struct cf_task_answer *answer, struct cf_id pledge_id,
                       const struct cf_port_result *result)
{
    struct cf_command_input *input = add(answer, CF_COMMAND_pledge_record_payment_failed);
    cf_command_set_id(input, "pledge_id", pledge_id);
    cf_command_set_unsigned(input, "decline", (uint64_t)result->decline);
    cf_command_set_unsigned(input, "retryable", result->retryable);
    set(input, "intent", result->intent);
}

void cf_task_take_payment(struct cf_id pledge_id, struct cf_id payer,
                          const struct cf_port_result *result, struct cf_task_answer *answer)
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
        add_taken(answer, pledge_id, result);
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
        give_up(answer, CF_TASK_DEFER, "the provider has not decided yet");
        answer->wait_us = HOUR_US;
        break;
    }
}

static void take_refund(const struct cf_task *task, const struct cf_port_result *result,
                        struct cf_task_answer *answer)
{
    if (result->state == CF_PORT_STATE_REFUNDED) {
        struct cf_command_input *input = add(answer, CF_COMMAND_pledge_record_refund_succeeded);
        cf_command_set_id(input, "refund_id", task->subject);
        set(input, "refund", result->id);
        set_money(input, "amount", result->amount);
        cf_command_set_unsigned(input, "currency", (uint64_t)result->currency);
    } else if (result->state == CF_PORT_STATE_REFUND_FAILED || result->outcome == CF_PORT_REFUSED ||
               result->outcome == CF_PORT_OTHERWISE) {
        struct cf_command_input *input = add(answer, CF_COMMAND_pledge_record_refund_failed);
        cf_command_set_id(input, "refund_id", task->subject);
        set(input, "reason", result->reason);
    } else {
        give_up(answer, CF_TASK_DEFER, "the refund is pending");
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
            give_up(answer, CF_TASK_PARK, result->reason);
            return;
        }
        struct cf_command_input *input = add(answer, done ? rows[i].done : rows[i].refused);
        cf_command_set_id(input, "payout_id", task->subject);
        set(input, done ? rows[i].field : "reason", done ? result->id : result->reason);
    }
}

/* A letter left, or never will. */
static void add_mail(const struct cf_task *task, const char *reason, struct cf_task_answer *answer)
{
    const struct cf_event_user_mail_requested *asked = &task->event.user_mail_requested;
    struct cf_command_input *input =
        add(answer,
            reason == NULL ? CF_COMMAND_user_record_mail_sent : CF_COMMAND_user_record_mail_failed);
    cf_command_set_id(input, "user_id", asked->user_id);
    cf_command_set_unsigned(input, "mail", (uint64_t)asked->mail);
    cf_command_set_unsigned(input, "requested_by", task->sequence);
    if (reason != NULL)
        set(input, "reason", reason);
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
        cf_task_take_payment(task->subject, cf_task_payer(task), result, answer);
}

/* What the provider has done. */
static void take_done(const struct cf_task *task, const struct cf_port_result *result,
                      struct cf_task_answer *answer)
{
    struct cf_command_input *input;
    switch (task->kind) {
    case CF_REQUEST_CUSTOMER:
        input = add(answer, CF_COMMAND_user_link_customer);
        cf_command_set_id(input, "user_id", task->subject);
        set(input, "customer", result->id);
        break;
    case CF_REQUEST_ACCOUNT:
        input = add(answer, CF_COMMAND_user_link_payout_account);
        cf_command_set_id(input, "user_id", task->subject);
        set(input, "account", result->id);
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
        give_up(answer, CF_TASK_PARK, result->reason);
        break;
    }
}

void cf_task_take(const struct cf_task *task, const struct cf_port_result *result,
                  struct cf_task_answer *ret_answer)
{
    memset(ret_answer, 0, sizeof *ret_answer);
    if (result->amount_odd) {
        give_up(ret_answer, CF_TASK_PARK, "the provider's amount or currency is none of ours");
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
            give_up(ret_answer, CF_TASK_PARK, result->reason);
        break;
    case CF_PORT_NOT_FUNDED:
        give_up(ret_answer, CF_TASK_DEFER, "the balance does not cover it yet");
        ret_answer->wait_us = 6 * HOUR_US;
        break;
    case CF_PORT_REFUSED:
        take_refused(task, result, ret_answer);
        break;
    case CF_PORT_UNAVAILABLE:
        give_up(ret_answer, CF_TASK_DEFER,
                result->reason[0] == '\0' ? "the provider was not reached" : result->reason);
        ret_answer->wait_us = result->retry_after_ms * 1000;
        break;
    }
}
