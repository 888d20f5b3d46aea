/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `operations`. What opens and closes a request follows core/react/react.h.
 */
#define CF_ROW_DEFINE
#include "projections/operations/tables.h"

#define CF_ON_MODEL operations
#define CF_READS_FILE "projections/operations/reads.def"
#include "projections/reads.h"

#include "core/aggregate/book.h"
#include "eventstore/sodium.h"
#include "projections/dispatch.h"

static const struct cf_table *const tables[] = {
    &cf_table_open_request,
    &cf_table_provider_notice,
};

const struct cf_model cf_model_operations = {
    .name = "operations",
    .version = 1,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
};

/* -- Requests ------------------------------------------------------------------------------- */

/* A request that is asked for, again or anew. */
static enum cf_status ask(struct cf_fold *fold, struct cf_id subject, enum cf_request request,
                          struct cf_row_open_request **ret_row)
{
    CF_TRY(cf_row_get_open_request(
        fold, &(struct cf_row_open_request){.subject = subject, .request = request}, ret_row));
    struct cf_row_open_request *row = *ret_row;
    row->name = cf_word_of(cf_request_name(request));
    row->state = cf_word_of("open");
    row->retry_at_us = 0;
    row->changed_at_us = fold->time_us;
    if (row->opened_at_us == 0)
        row->opened_at_us = fold->time_us;
    cf_fold_set(fold, &row->reason, (struct cf_bytes){0});
    return CF_OK;
}

static enum cf_status open_request(struct cf_fold *fold, struct cf_id subject,
                                   enum cf_request request)
{
    struct cf_row_open_request *row = NULL;
    CF_TRY(ask(fold, subject, request, &row));
    row->requested_by = fold->sequence;
    row->waiting = 1;
    return CF_OK;
}

static enum cf_status close_request(struct cf_fold *fold, struct cf_id subject,
                                    enum cf_request request)
{
    return cf_fold_remove(fold, &cf_table_open_request,
                          &(struct cf_row_open_request){.subject = subject, .request = request});
}

/* Holds that are given back wait for one another, so they are counted. */
static enum cf_status open_void(struct cf_fold *fold, struct cf_id pledge, struct cf_bytes intent)
{
    if (intent.size == 0)
        return CF_OK;
    struct cf_row_open_request *row = NULL;
    CF_TRY(ask(fold, pledge, CF_REQUEST_VOID_HOLD, &row));
    row->requested_by = fold->sequence;
    cf_fold_add(fold, &row->waiting, 1);
    return CF_OK;
}

static enum cf_status close_void(struct cf_fold *fold, struct cf_id pledge)
{
    struct cf_row_open_request key = {.subject = pledge, .request = CF_REQUEST_VOID_HOLD};
    const void *there = NULL;
    CF_TRY(cf_fold_find(fold, &cf_table_open_request, &key, &there));
    if (there == NULL)
        return CF_OK;
    if (((const struct cf_row_open_request *)there)->waiting <= 1)
        return cf_fold_remove(fold, &cf_table_open_request, &key);
    struct cf_row_open_request *row = NULL;
    CF_TRY(ask(fold, pledge, CF_REQUEST_VOID_HOLD, &row));
    cf_fold_add(fold, &row->waiting, -1);
    return CF_OK;
}

static enum cf_status close_payment(struct cf_fold *fold, struct cf_id pledge)
{
    return close_request(fold, pledge, CF_REQUEST_PAYMENT);
}

static enum cf_status close_payment_and_capture(struct cf_fold *fold, struct cf_id pledge)
{
    CF_TRY(close_request(fold, pledge, CF_REQUEST_PAYMENT));
    return close_request(fold, pledge, CF_REQUEST_CAPTURE);
}

/* The pledge's end closes what was asked for it, and gives its hold back. */
static enum cf_status end_pledge(struct cf_fold *fold, struct cf_id pledge, struct cf_bytes intent)
{
    CF_TRY(close_payment_and_capture(fold, pledge));
    return open_void(fold, pledge, intent);
}

CF_ON(user_customer_requested)
{
    return open_request(fold, event->user_id, CF_REQUEST_CUSTOMER);
}

CF_ON(user_customer_linked)
{
    return close_request(fold, event->user_id, CF_REQUEST_CUSTOMER);
}

CF_ON(user_payout_account_requested)
{
    return open_request(fold, event->user_id, CF_REQUEST_ACCOUNT);
}

CF_ON(user_payout_account_linked)
{
    return close_request(fold, event->user_id, CF_REQUEST_ACCOUNT);
}

CF_ON(user_mail_requested)
{
    return open_request(fold, cf_id_of_number((uint64_t)fold->sequence), CF_REQUEST_MAIL);
}

CF_ON(user_mail_sent)
{
    return close_request(fold, cf_id_of_number(event->requested_by), CF_REQUEST_MAIL);
}

CF_ON(user_mail_failed)
{
    return close_request(fold, cf_id_of_number(event->requested_by), CF_REQUEST_MAIL);
}

CF_ON(pledge_payment_requested)
{
    return open_request(fold, event->pledge_id, CF_REQUEST_PAYMENT);
}

CF_ON(pledge_action_required)
{
    return close_payment(fold, event->pledge_id);
}

CF_ON(pledge_committed)
{
    return close_payment(fold, event->pledge_id);
}

CF_ON(pledge_authorized)
{
    CF_TRY(close_payment(fold, event->pledge_id));
    return open_void(fold, event->pledge_id, event->replaced_intent);
}

CF_ON(pledge_hold_orphaned)
{
    return open_void(fold, event->pledge_id, event->intent);
}

CF_ON(pledge_hold_voided)
{
    return close_void(fold, event->pledge_id);
}

CF_ON(pledge_payment_failed)
{
    return close_payment_and_capture(fold, event->pledge_id);
}

CF_ON(pledge_capture_requested)
{
    return open_request(fold, event->pledge_id, CF_REQUEST_CAPTURE);
}

CF_ON(pledge_captured)
{
    return close_payment_and_capture(fold, event->pledge_id);
}

CF_ON(pledge_hold_lapsed)
{
    return close_request(fold, event->pledge_id, CF_REQUEST_CAPTURE);
}

CF_ON(pledge_abandoned)
{
    return end_pledge(fold, event->pledge_id, event->intent);
}

CF_ON(pledge_cancelled)
{
    return end_pledge(fold, event->pledge_id, event->intent);
}

CF_ON(pledge_dropped)
{
    return end_pledge(fold, event->pledge_id, event->intent);
}

CF_ON(pledge_released)
{
    return end_pledge(fold, event->pledge_id, event->intent);
}

/* A refund that was made at the provider is not asked for. */
CF_ON(pledge_refund_requested)
{
    if (event->initiator == CF_INITIATOR_PROVIDER)
        return CF_OK;
    return open_request(fold, event->refund_id, CF_REQUEST_REFUND);
}

CF_ON(pledge_money_orphaned)
{
    return open_request(fold, event->refund_id, CF_REQUEST_REFUND);
}

CF_ON(pledge_refund_retried)
{
    return open_request(fold, event->refund_id, CF_REQUEST_REFUND);
}

CF_ON(pledge_refund_succeeded)
{
    return close_request(fold, event->refund_id, CF_REQUEST_REFUND);
}

CF_ON(pledge_refund_failed)
{
    return close_request(fold, event->refund_id, CF_REQUEST_REFUND);
}

CF_ON(pledge_refund_paid_otherwise)
{
    return close_request(fold, event->refund_id, CF_REQUEST_REFUND);
}

CF_ON(payout_requested)
{
    return open_request(fold, event->payout_id, CF_REQUEST_TRANSFER);
}

CF_ON(payout_refused)
{
    return close_request(fold, event->payout_id, CF_REQUEST_TRANSFER);
}

CF_ON(payout_initiated)
{
    CF_TRY(close_request(fold, event->payout_id, CF_REQUEST_TRANSFER));
    return open_request(fold, event->payout_id, CF_REQUEST_BANK_PAYOUT);
}

CF_ON(payout_retried)
{
    return open_request(fold, event->payout_id, CF_REQUEST_BANK_PAYOUT);
}

CF_ON(payout_sent)
{
    return close_request(fold, event->payout_id, CF_REQUEST_BANK_PAYOUT);
}

CF_ON(payout_paid)
{
    return close_request(fold, event->payout_id, CF_REQUEST_BANK_PAYOUT);
}

CF_ON(payout_failed)
{
    return close_request(fold, event->payout_id, CF_REQUEST_BANK_PAYOUT);
}

CF_ON(payout_reversal_requested)
{
    CF_TRY(close_request(fold, event->payout_id, CF_REQUEST_BANK_PAYOUT));
    return open_request(fold, event->payout_id, CF_REQUEST_TRANSFER_REVERSAL);
}

CF_ON(payout_reversed)
{
    CF_TRY(close_request(fold, event->payout_id, CF_REQUEST_BANK_PAYOUT));
    return close_request(fold, event->payout_id, CF_REQUEST_TRANSFER_REVERSAL);
}

/* -- Requests that wait --------------------------------------------------------------------- */

CF_ON(request_deferred)
{
    struct cf_row_open_request *row = NULL;
    CF_TRY(ask(fold, event->subject_id, event->request, &row));
    row->state = cf_word_of("deferred");
    row->requested_by = (int64_t)event->requested_by;
    row->retry_at_us = event->retry_at;
    row->attempt = event->attempt;
    cf_fold_set(fold, &row->reason, event->reason);
    return CF_OK;
}

CF_ON(request_reopened)
{
    struct cf_row_open_request *row = NULL;
    CF_TRY(ask(fold, event->subject_id, event->request, &row));
    row->requested_by = (int64_t)event->requested_by;
    row->attempt = event->attempt;
    return CF_OK;
}

CF_ON(request_parked)
{
    struct cf_row_open_request *row = NULL;
    CF_TRY(ask(fold, event->subject_id, event->request, &row));
    row->state = cf_word_of("parked");
    row->requested_by = (int64_t)event->requested_by;
    cf_fold_set(fold, &row->reason, event->reason);
    return CF_OK;
}

/* -- The provider's own news ---------------------------------------------------------------- */

static enum cf_status get_notice(struct cf_fold *fold, struct cf_bytes name, const char *state,
                                 struct cf_row_provider_notice **ret_notice)
{
    struct cf_hash hash;
    cf_sha256(name, &hash);
    struct cf_row_provider_notice key = {0};
    memcpy(key.notice.bytes, hash.bytes, sizeof key.notice.bytes);
    CF_TRY(cf_row_get_provider_notice(fold, &key, ret_notice));
    cf_fold_set(fold, &(*ret_notice)->name, name);
    (*ret_notice)->state = cf_word_of(state);
    (*ret_notice)->changed_at_us = fold->time_us;
    return CF_OK;
}

CF_ON(provider_event_received)
{
    struct cf_row_provider_notice *notice = NULL;
    CF_TRY(get_notice(fold, event->event, "received", &notice));
    notice->made_at_us = event->created_at;
    notice->received_at_us = fold->time_us;
    cf_fold_set(fold, &notice->type, event->event_type);
    cf_fold_set(fold, &notice->object, event->object);
    cf_fold_set(fold, &notice->object_status, event->object_status);
    return CF_OK;
}

CF_ON(provider_event_settled)
{
    struct cf_row_provider_notice *notice = NULL;
    return get_notice(fold, event->event, "settled", &notice);
}

CF_ON(provider_event_quarantined)
{
    struct cf_row_provider_notice *notice = NULL;
    CF_TRY(get_notice(fold, event->event, "quarantined", &notice));
    cf_fold_set(fold, &notice->reason, event->reason);
    if (event->object.size > 0)
        cf_fold_set(fold, &notice->object, event->object);
    if (event->currency != 0)
        notice->currency = cf_word_of(cf_currency_letters(event->currency));
    notice->amount = cf_money_minor(event->amount);
    return CF_OK;
}
