/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `payouts`. States follow core/aggregate/payout_states.def.
 */
#define CF_ROW_DEFINE
#include "projections/payouts/tables.h"

#define CF_ON_MODEL payouts
#define CF_READS_FILE "projections/payouts/reads.def"
#include "projections/reads.h"

#include "projections/dispatch.h"

static const struct cf_table *const tables[] = {&cf_table_payout};

const struct cf_model cf_model_payouts = {
    .name = "payouts",
    .version = 1,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
};

/* The payout of an event, in its new state. */
static enum cf_status move(struct cf_fold *fold, struct cf_id id, const char *state,
                           struct cf_row_payout **ret_payout)
{
    CF_TRY(cf_row_get_payout(fold, &(struct cf_row_payout){.payout = id}, ret_payout));
    (*ret_payout)->state = cf_word_of(state);
    return CF_OK;
}

CF_ON(payout_requested)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "requested", &payout));
    payout->campaign = event->campaign_id;
    payout->creator = event->creator_id;
    payout->currency = cf_word_of(cf_currency_letters(event->currency));
    payout->amount = cf_money_minor(event->amount);
    payout->attempt = 1;
    payout->requested_at_us = fold->time_us;
    payout->requested_at_sequence = fold->sequence;
    cf_fold_set(fold, &payout->account, event->account);
    return CF_OK;
}

CF_ON(payout_initiated)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "initiated", &payout));
    cf_fold_set(fold, &payout->transfer, event->transfer);
    return CF_OK;
}

CF_ON(payout_refused)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "refused", &payout));
    cf_fold_set(fold, &payout->reason, event->reason);
    return CF_OK;
}

CF_ON(payout_sent)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "sent", &payout));
    cf_fold_set(fold, &payout->bank_payout, event->bank_payout);
    return CF_OK;
}

CF_ON(payout_paid)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "paid", &payout));
    payout->paid_at_us = fold->time_us;
    cf_fold_set(fold, &payout->reason, (struct cf_bytes){0});
    return CF_OK;
}

CF_ON(payout_failed)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "failed", &payout));
    payout->paid_at_us = 0;
    cf_fold_set(fold, &payout->reason, event->reason);
    return CF_OK;
}

CF_ON(payout_retried)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "initiated", &payout));
    payout->attempt = event->attempt;
    return CF_OK;
}

CF_ON(payout_reversal_requested)
{
    struct cf_row_payout *payout = NULL;
    return move(fold, event->payout_id, "reversing", &payout);
}

CF_ON(payout_reversed)
{
    struct cf_row_payout *payout = NULL;
    CF_TRY(move(fold, event->payout_id, "reversed", &payout));
    cf_fold_set(fold, &payout->reversal, event->reversal);
    return CF_OK;
}
