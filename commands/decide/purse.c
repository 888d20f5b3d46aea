/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose money it is: an amount taken from escrow, from what is payable, from the reserve, and at
 * last from the creator's debt. No account goes below zero here; this is where the limits hold.
 */
#include "commands/decide/decide.h"

#include "core/aggregate/settlement.h"

void cf_purse_open(const struct cf_decision *decision, struct cf_id campaign_id,
                   int64_t amount_minor, struct cf_purse *ret_purse)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, campaign_id);
    enum cf_currency currency = campaign->currency;
    struct cf_id creator_id = campaign->creator_id;
    *ret_purse = (struct cf_purse){
        .rest = amount_minor,
        .escrow_left = -cf_decision_balance(decision, CF_ACCOUNT_ESCROW, currency, campaign_id),
        .payable_left = cf_decision_payable(decision, creator_id, currency),
        .reserve_left = campaign->reserve_minor,
    };
}

static void take(struct cf_purse *purse, int64_t *part, int64_t *left)
{
    int64_t taken = purse->rest < *left ? purse->rest : *left;
    *part += taken;
    *left -= taken;
    purse->rest -= taken;
}

void cf_purse_take_escrow(struct cf_purse *purse)
{
    take(purse, &purse->escrow, &purse->escrow_left);
}

void cf_purse_take_payable(struct cf_purse *purse)
{
    take(purse, &purse->payable, &purse->payable_left);
}

void cf_purse_take_reserve(struct cf_purse *purse)
{
    take(purse, &purse->reserve, &purse->reserve_left);
}

void cf_purse_take_receivable(struct cf_purse *purse)
{
    purse->receivable += purse->rest;
    purse->rest = 0;
}

/* -- Refunds and debts ------------------------------------------------------------------------- */

int64_t cf_decision_fee_back(const struct cf_decision *decision, struct cf_id pledge_id,
                             int64_t amount_minor)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, pledge_id);
    const struct cf_settlement *settlement = cf_settlement_find(decision->book, pledge);
    if (settlement == NULL)
        return 0;
    return cf_money_minor(
        cf_settlement_fee_back(settlement, &pledge_id, pledge, cf_money_of(amount_minor)));
}

void cf_decide_refund(struct cf_decision *decision, struct cf_id pledge_id, struct cf_id refund_id,
                      int64_t amount_minor, enum cf_refund_reason reason,
                      enum cf_initiator initiator)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, pledge_id);
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    int64_t twice_minor = cf_money_minor(cf_pledge_twice_back(pledge, cf_money_of(amount_minor)));
    int64_t fee_minor = cf_decision_fee_back(decision, pledge_id, amount_minor - twice_minor);
    struct cf_purse purse;
    cf_purse_open(decision, pledge->campaign_id, amount_minor - twice_minor - fee_minor, &purse);
    if (!cf_pledge_is_settled(campaign, pledge))
        cf_purse_take_escrow(&purse);
    cf_purse_take_payable(&purse);
    cf_purse_take_reserve(&purse);
    cf_purse_take_receivable(&purse);
    CF_EMIT(decision, pledge_refund_requested, .pledge_id = pledge_id,
            .campaign_id = pledge->campaign_id, .creator_id = campaign->creator_id,
            .refund_id = refund_id, .currency = pledge->currency,
            .amount = cf_money_of(amount_minor), .reason = reason, .initiator = initiator,
            .charge = cf_token_bytes(&pledge->charge), .from_escrow = cf_money_of(purse.escrow),
            .from_platform_fee = cf_money_of(fee_minor), .from_payable = cf_money_of(purse.payable),
            .from_reserve = cf_money_of(purse.reserve),
            .from_receivable = cf_money_of(purse.receivable),
            .from_platform = cf_money_of(twice_minor));
}

void cf_decide_covered(struct cf_decision *decision, struct cf_id refund_id)
{
    const struct cf_refund *refund = cf_decision_refund(decision, refund_id);
    const struct cf_pledge *pledge = cf_decision_pledge(decision, refund->pledge_id);
    int64_t lost_minor = refund->orphaned ? refund->lost_minor : pledge->twice_back_minor;
    if (refund->state == CF_REFUND_FAILED && lost_minor >= refund->amount_minor)
        CF_EMIT(decision, pledge_refund_covered, .pledge_id = refund->pledge_id,
                .campaign_id = pledge->campaign_id, .refund_id = refund_id,
                .currency = pledge->currency, .amount = cf_money_of(refund->amount_minor));
}

void cf_decide_netting(struct cf_decision *decision, struct cf_id creator_id,
                       enum cf_currency currency)
{
    int64_t owed = cf_decision_balance(decision, CF_ACCOUNT_RECEIVABLE, currency, creator_id);
    int64_t payable = cf_decision_payable(decision, creator_id, currency);
    int64_t netted = owed < payable ? owed : payable;
    if (netted > 0)
        CF_EMIT(decision, user_balance_netted, .user_id = creator_id, .currency = currency,
                .amount = cf_money_of(netted));
}

void cf_decide_fee(struct cf_decision *decision, const struct cf_decide_fee *fee)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, fee->pledge_id);
    if (pledge == NULL)
        return; /* the event before this one could not be folded; the batch begins again */
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    bool ours = cf_bytes_equal(cf_token_bytes(&pledge->charge), fee->charge);
    struct cf_purse purse;
    cf_purse_open(decision, pledge->campaign_id, cf_money_minor(fee->amount), &purse);
    if (ours && campaign->processor_fee_bearer == CF_BEARER_CREATOR) {
        cf_purse_take_escrow(&purse);
        cf_purse_take_payable(&purse);
        cf_purse_take_receivable(&purse);
    }
    CF_EMIT(decision, pledge_fee_recorded, .pledge_id = fee->pledge_id,
            .campaign_id = pledge->campaign_id, .creator_id = campaign->creator_id,
            .currency = pledge->currency, .fee = fee->amount,
            .balance_transaction = fee->balance_transaction, .available_at = fee->available_at,
            .from_escrow = cf_money_of(purse.escrow), .from_payable = cf_money_of(purse.payable),
            .from_receivable = cf_money_of(purse.receivable),
            .from_platform = cf_money_of(purse.rest));
}
