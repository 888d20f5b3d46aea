/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `transactions`: every movement of money at the provider, one row each, from its request
 * to its end.
 */
#define CF_ROW_DEFINE
#include "projections/transactions/tables.h"

#define CF_ON_MODEL transactions
#define CF_READS_FILE "projections/transactions/reads.def"
#include "projections/reads.h"

#include "projections/dispatch.h"

static const struct cf_table *const tables[] = {&cf_table_transaction};

const struct cf_model cf_model_transactions = {
    .name = "transactions",
    .version = 1,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
};

/* Frozen: keys of rows. */
enum kind {
    CHARGE = 1,
    REFUND = 2,
    DISPUTE = 3,
    TRANSFER = 4,
    BANK_PAYOUT = 5,
    REVERSAL = 6,
};

static const char *const type_names[] = {
    [CHARGE] = "charge",     [REFUND] = "refund",           [DISPUTE] = "dispute",
    [TRANSFER] = "transfer", [BANK_PAYOUT] = "bank_payout", [REVERSAL] = "reversal",
};

static const struct cf_id none;

/* The movement of an event, with its new status. */
static enum cf_status move(struct cf_fold *fold, struct cf_id related, enum kind kind,
                           struct cf_id part, const char *status,
                           struct cf_row_transaction **ret_row)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(cf_row_get_transaction(
        fold, &(struct cf_row_transaction){.related = related, .kind = kind, .part = part}, &row));
    if (row->began_at_sequence == 0) {
        row->related_type = cf_word_of(kind >= TRANSFER ? "payout" : "pledge");
        row->type = cf_word_of(type_names[kind]);
        row->began_at_us = fold->time_us;
        row->began_at_sequence = fold->sequence;
    }
    row->status = cf_word_of(status);
    row->changed_at_us = fold->time_us;
    *ret_row = row;
    return CF_OK;
}

static void set_amount(struct cf_row_transaction *row, enum cf_currency currency,
                       struct cf_money amount)
{
    row->currency = cf_word_of(cf_currency_letters(currency));
    row->amount = cf_money_minor(amount);
}

/* -- Pledges -------------------------------------------------------------------------------- */

CF_ON(pledge_captured)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, CHARGE, none, "succeeded", &row));
    row->campaign = event->campaign_id;
    row->person = event->backer_id;
    set_amount(row, event->currency, event->amount);
    cf_fold_set(fold, &row->provider_reference, event->charge);
    return CF_OK;
}

/* Money for a pledge that had ended is a charge of its own, and the refund that it is owed as. */
CF_ON(pledge_money_orphaned)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, CHARGE, event->refund_id, "succeeded", &row));
    row->campaign = event->campaign_id;
    set_amount(row, event->currency, event->amount);
    cf_fold_set(fold, &row->provider_reference, event->charge);
    CF_TRY(move(fold, event->pledge_id, REFUND, event->refund_id, "pending", &row));
    row->campaign = event->campaign_id;
    set_amount(row, event->currency, event->amount);
    return CF_OK;
}

CF_ON(pledge_fee_recorded)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, CHARGE, none, "succeeded", &row));
    cf_fold_add(fold, &row->fee, cf_money_minor(event->fee));
    if (event->available_at != 0)
        row->available_at_us = event->available_at;
    return CF_OK;
}

CF_ON(pledge_funds_available)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, CHARGE, none, "succeeded", &row));
    row->available_at_us = fold->time_us;
    return CF_OK;
}

CF_ON(pledge_refund_requested)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, REFUND, event->refund_id, "pending", &row));
    row->campaign = event->campaign_id;
    set_amount(row, event->currency, event->amount);
    return CF_OK;
}

CF_ON(pledge_refund_succeeded)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, REFUND, event->refund_id, "succeeded", &row));
    cf_fold_set(fold, &row->provider_reference, event->refund);
    return CF_OK;
}

CF_ON(pledge_refund_failed)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, REFUND, event->refund_id, "failed", &row));
    cf_fold_set(fold, &row->reason, event->reason);
    return CF_OK;
}

CF_ON(pledge_refund_retried)
{
    struct cf_row_transaction *row = NULL;
    return move(fold, event->pledge_id, REFUND, event->refund_id, "pending", &row);
}

CF_ON(pledge_refund_paid_otherwise)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, REFUND, event->refund_id, "succeeded", &row));
    cf_fold_set(fold, &row->provider_reference, event->reference);
    return CF_OK;
}

CF_ON(pledge_disputed)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, DISPUTE, none, "pending", &row));
    row->campaign = event->campaign_id;
    row->person = event->creator_id;
    set_amount(row, event->currency, event->amount);
    cf_fold_add(fold, &row->fee, cf_money_minor(event->fee));
    cf_fold_set(fold, &row->provider_reference, event->dispute);
    return CF_OK;
}

CF_ON(pledge_dispute_won)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, DISPUTE, none, "won", &row));
    cf_fold_add(fold, &row->fee, -cf_money_minor(event->fee_returned));
    return CF_OK;
}

CF_ON(pledge_dispute_lost)
{
    struct cf_row_transaction *row = NULL;
    return move(fold, event->pledge_id, DISPUTE, none, "lost", &row);
}

CF_ON(pledge_orphan_disputed)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, DISPUTE, event->refund_id, "pending", &row));
    row->campaign = event->campaign_id;
    set_amount(row, event->currency, event->amount);
    cf_fold_add(fold, &row->fee, cf_money_minor(event->fee));
    cf_fold_set(fold, &row->provider_reference, event->dispute);
    return CF_OK;
}

CF_ON(pledge_orphan_dispute_won)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->pledge_id, DISPUTE, event->refund_id, "won", &row));
    cf_fold_add(fold, &row->fee, -cf_money_minor(event->fee_returned));
    return CF_OK;
}

CF_ON(pledge_orphan_dispute_lost)
{
    struct cf_row_transaction *row = NULL;
    return move(fold, event->pledge_id, DISPUTE, event->refund_id, "lost", &row);
}

/* The bank made it. */
CF_ON(pledge_refund_covered)
{
    struct cf_row_transaction *row = NULL;
    return move(fold, event->pledge_id, REFUND, event->refund_id, "covered", &row);
}

/* -- Payouts -------------------------------------------------------------------------------- */

CF_ON(payout_requested)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->payout_id, TRANSFER, none, "pending", &row));
    row->campaign = event->campaign_id;
    row->person = event->creator_id;
    set_amount(row, event->currency, event->amount);
    return CF_OK;
}

CF_ON(payout_initiated)
{
    struct cf_row_transaction *transfer = NULL, *bank = NULL;
    CF_TRY(move(fold, event->payout_id, TRANSFER, none, "succeeded", &transfer));
    cf_fold_set(fold, &transfer->provider_reference, event->transfer);
    CF_TRY(move(fold, event->payout_id, BANK_PAYOUT, none, "pending", &bank));
    bank->campaign = transfer->campaign;
    bank->person = event->creator_id;
    set_amount(bank, event->currency, event->amount);
    return CF_OK;
}

CF_ON(payout_refused)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->payout_id, TRANSFER, none, "failed", &row));
    cf_fold_set(fold, &row->reason, event->reason);
    return CF_OK;
}

CF_ON(payout_sent)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->payout_id, BANK_PAYOUT, none, "pending", &row));
    cf_fold_set(fold, &row->provider_reference, event->bank_payout);
    return CF_OK;
}

CF_ON(payout_paid)
{
    struct cf_row_transaction *row = NULL;
    return move(fold, event->payout_id, BANK_PAYOUT, none, "succeeded", &row);
}

CF_ON(payout_failed)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->payout_id, BANK_PAYOUT, none, "failed", &row));
    cf_fold_set(fold, &row->reason, event->reason);
    return CF_OK;
}

CF_ON(payout_retried)
{
    struct cf_row_transaction *row = NULL;
    return move(fold, event->payout_id, BANK_PAYOUT, none, "pending", &row);
}

CF_ON(payout_reversal_requested)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->payout_id, REVERSAL, none, "pending", &row));
    row->person = event->creator_id;
    set_amount(row, event->currency, event->amount);
    return CF_OK;
}

CF_ON(payout_reversed)
{
    struct cf_row_transaction *row = NULL;
    CF_TRY(move(fold, event->payout_id, REVERSAL, none, "succeeded", &row));
    cf_fold_set(fold, &row->provider_reference, event->reversal);
    return CF_OK;
}
