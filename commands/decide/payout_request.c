/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the provider for the transfer of what is payable to the creator's account: by the creator
 * or finance, or by time. Without an amount it is all of it; without an id one is derived. What is more than the
 * largest transfer leaves in several payouts.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME payout_request
#define CF_COMMAND_NEW_ID 2
#define CF_COMMAND_FIELDS(F)      \
    F(1, id,         campaign_id) \
    F(2, opt_id,     payout_id)   \
    F(3, opt_amount, amount)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(2, NOT_PERMITTED, 403, "Only its creator, finance or time asks for it.")                     \
    V(3, PAYOUT_EXISTS, 409, "There is a payout with this id.")                                    \
    V(4, NOT_SETTLED, 409, "The campaign is not settled.")                                         \
    V(5, CREATOR_SUSPENDED, 409, "The creator is suspended.")                                      \
    V(6, IDENTITY_NOT_ESTABLISHED, 409, "Who the creator is has not been established.")            \
    V(7, PAYOUTS_NOT_ENABLED, 409, "The provider does not pay out to this account.")               \
    V(8, DISPUTE_OPEN, 409, "A dispute is open.")                                                  \
    V(9, BELOW_MINIMUM, 409, "Too little is payable.")                                             \
    V(10, MORE_THAN_PAYABLE, 409, "Less than that is payable.")                                    \
    V(11, AMOUNT_NOT_PAYABLE, 422, "The provider does not pay out such an amount.")                \
    V(12, FUNDS_PENDING, 409, "The money is not available at the provider yet.")
/* clang-format on */
#include "commands/decide/define.h"

/* Payouts of one decision: 63 million of most currencies. */
#define PAYOUTS_MAX 63

static bool has_dispute(const struct cf_decision *decision, const struct cf_campaign *campaign)
{
    const struct cf_creator *creator =
        cf_decision_creator(decision, campaign->creator_id, campaign->currency);
    return creator != NULL && creator->open_disputes > 0;
}

/* What of an amount the provider pays out, in as many payouts as that takes, and no more than fit a decision. */
static int64_t in_parts(enum cf_currency currency, int64_t amount)
{
    int64_t sum = 0, part;
    for (int i = 0; i < PAYOUTS_MAX; i++) {
        part = cf_policy_payable_part(currency, amount - sum);
        if (part < CF_POLICY_PAYOUT_MIN_MINOR)
            break;
        sum += part;
    }
    return sum;
}

static void request(struct cf_decision *decision, struct cf_id campaign_id, struct cf_id payout_id,
                    int64_t amount)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, campaign_id);
    if (campaign == NULL)
        return; /* the event before this one could not be folded; the batch begins again */
    const struct cf_user *creator = cf_decision_user(decision, campaign->creator_id);
    CF_EMIT(decision, payout_requested, .payout_id = payout_id, .campaign_id = campaign_id,
            .creator_id = campaign->creator_id, .currency = campaign->currency,
            .amount = cf_money_of(amount), .account = cf_token_bytes(&creator->account));
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM) &&
        !cf_actor_is_active(decision, campaign->creator_id) &&
        !cf_actor_has_role(decision, CF_ROLE_FINANCE))
        return NOT_PERMITTED;
    if (cf_decision_payout(decision, input->payout_id) != NULL)
        return PAYOUT_EXISTS;
    if (campaign->state != CF_CAMPAIGN_SETTLED && campaign->state != CF_CAMPAIGN_CLOSED)
        return NOT_SETTLED;
    const struct cf_user *creator = cf_decision_user(decision, campaign->creator_id);
    if (creator->state == CF_USER_SUSPENDED)
        return CREATOR_SUSPENDED;
    if (creator->identity != CF_IDENTITY_PASSED)
        return IDENTITY_NOT_ESTABLISHED;
    if (cf_token_is_empty(&creator->account) || !creator->payouts_enabled)
        return PAYOUTS_NOT_ENABLED;
    if (has_dispute(decision, campaign))
        return DISPUTE_OPEN;
    int64_t payable = cf_decision_payable(decision, campaign->creator_id, campaign->currency);
    int64_t amount = cf_money_is_zero(input->amount) ? in_parts(campaign->currency, payable)
                                                     : cf_money_minor(input->amount);
    if (amount < CF_POLICY_PAYOUT_MIN_MINOR)
        return BELOW_MINIMUM;
    if (amount > payable)
        return MORE_THAN_PAYABLE;
    if (amount != in_parts(campaign->currency, amount))
        return AMOUNT_NOT_PAYABLE;
    if (amount > cf_decision_balance(decision, CF_ACCOUNT_PSP_AVAILABLE, campaign->currency,
                                     (struct cf_id){{0}}))
        return FUNDS_PENDING;
    struct cf_id payout_id = input->payout_id;
    if (cf_id_is_zero(payout_id))
        payout_id = cf_decision_derived_id(decision, cf_id_bytes(&input->campaign_id));
    enum cf_currency currency = campaign->currency;
    while (amount >= CF_POLICY_PAYOUT_MIN_MINOR) {
        int64_t part = cf_policy_payable_part(currency, amount);
        request(decision, input->campaign_id, payout_id, part);
        payout_id = cf_decision_derived_id(decision, cf_id_bytes(&payout_id));
        amount -= part;
    }
    return ACCEPTED;
}
