/* SPDX-License-Identifier: Apache-2.0 */
/* What an asking event wants of the provider. */
#include "commands/gateway/task.h"

#include "core/base/assert.h"

#include <stdio.h>

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

/* The campaign's page, which is told of which pledge it is. */
static void print_return_url(const struct cf_event_pledge_payment_requested *asked,
                             const char *public_url, struct cf_task_request *ask)
{
    char campaign[CF_ID_TEXT_SIZE], pledge[CF_ID_TEXT_SIZE];
    if (public_url == NULL)
        return;
    cf_id_print(asked->campaign_id, campaign);
    cf_id_print(asked->pledge_id, pledge);
    snprintf(ask->return_url, sizeof ask->return_url, "%.300s/campaigns/%s?pledge=%s", public_url,
             campaign, pledge);
    ask->request.return_url = ask->return_url;
}

static bool ask_payment(const struct cf_task *task, const char *customer, const char *public_url,
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
    print_return_url(asked, public_url, ask);
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

bool cf_task_ask(const struct cf_task *task, const char *customer, const char *public_url,
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
        return ask_payment(task, customer, public_url, ret_request);
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
