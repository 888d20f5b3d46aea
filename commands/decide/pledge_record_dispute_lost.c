/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The money is gone: out of the hold, the platform's fee for it, and before the settlement out of
 * escrow. What had been asked back already, and money that never was the pledge's own, is the
 * platform's loss; where the refund did not leave, the two are set off.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_dispute_lost
#define CF_COMMAND_FIELDS(F)     \
    F(1, id,        pledge_id)   \
    F(2, token,     dispute)     \
    F(3, opt_token, charge)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_DISPUTED, 409, "The pledge is not under this dispute.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide_orphan(struct cf_decision *decision, const struct input *input,
                              struct cf_id refund_id)
{
    const struct cf_refund *refund = cf_decision_refund(decision, refund_id);
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (refund->disputed_minor == 0 || !cf_token_equals(&refund->dispute, input->dispute))
        return NOT_DISPUTED;
    CF_EMIT(decision, pledge_orphan_dispute_lost, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .refund_id = refund_id,
            .currency = pledge->currency, .amount = cf_money_of(refund->disputed_minor),
            .dispute = input->dispute);
    cf_decide_covered(decision, refund_id);
    return ACCEPTED;
}

/* Refunds of the charge that failed are owed no more. */
static void cover_refunds(struct cf_decision *decision, struct cf_id pledge_id)
{
    struct cf_id at = cf_decision_pledge(decision, pledge_id)->newest_refund;
    while (!cf_id_is_zero(at)) {
        cf_decide_covered(decision, at);
        at = cf_decision_refund(decision, at)->previous;
    }
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    struct cf_id refund_id;
    if (cf_decision_orphan(decision, input->charge, &refund_id))
        return decide_orphan(decision, input, refund_id);
    if (pledge->state != CF_PLEDGE_DISPUTED || !cf_token_equals(&pledge->dispute, input->dispute))
        return NOT_DISPUTED;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    bool settled = cf_pledge_is_settled(campaign, pledge);
    int64_t twice =
        cf_money_minor(cf_pledge_twice_back(pledge, cf_money_of(pledge->disputed_minor)));
    int64_t once = pledge->disputed_minor - twice;
    int64_t rest = once - pledge->dispute_hold_minor;
    int64_t fee = settled ? cf_decision_fee_back(decision, input->pledge_id, once) : 0;
    int64_t from_fee = fee < rest ? fee : rest;
    struct cf_purse purse;
    cf_purse_open(decision, pledge->campaign_id, rest - from_fee, &purse);
    if (!settled)
        cf_purse_take_escrow(&purse);
    cf_purse_take_payable(&purse);
    cf_purse_take_reserve(&purse);
    cf_purse_take_receivable(&purse);
    CF_EMIT(decision, pledge_dispute_lost, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .creator_id = campaign->creator_id,
            .currency = pledge->currency, .amount = cf_money_of(pledge->disputed_minor),
            .dispute = input->dispute, .from_hold = cf_money_of(pledge->dispute_hold_minor),
            .from_platform_fee = cf_money_of(from_fee), .from_escrow = cf_money_of(purse.escrow),
            .from_platform = cf_money_of(twice), .from_payable = cf_money_of(purse.payable),
            .from_reserve = cf_money_of(purse.reserve),
            .from_receivable = cf_money_of(purse.receivable));
    cover_refunds(decision, input->pledge_id);
    return ACCEPTED;
}
