/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The money is at the provider. Money for a pledge that has ended, or was charged already, is owed
 * back at once: it is never orphaned. An answer that names the balance transaction tells the fee with it;
 * else that comes later (pledge_record_fee).
 */
#include "commands/decide/decide.h"
#include "core/aggregate/states.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_captured
#define CF_COMMAND_FIELDS(F) \
    F(1, id,       pledge_id) \
    F(2, token,    intent)    \
    F(3, token,    charge)    \
    F(4, amount,   amount)    \
    F(5, currency, currency) \
    F(6, opt_amount, fee)     \
    F(7, opt_token, balance_transaction) \
    F(8, opt_time, available_at)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, ALREADY_KNOWN, 409, "This charge is recorded.")                                           \
    V(4, AMOUNT_MISMATCH, 409, "Amount or currency are not ours.")                                 \
    V(5, NOT_EXPECTED, 409, "The pledge does not wait for a charge.")
/* clang-format on */
#include "commands/decide/define.h"

static bool in_vain(const struct cf_campaign *campaign, const struct cf_pledge *pledge)
{
    return cf_pledge_state_is_terminal(pledge->state) || pledge->captured_minor > 0 ||
           cf_campaign_releases(campaign);
}

static void take_fee(struct cf_decision *decision, const struct input *input)
{
    const struct cf_decide_fee fee = {.pledge_id = input->pledge_id,
                                      .charge = input->charge,
                                      .amount = input->fee,
                                      .balance_transaction = input->balance_transaction,
                                      .available_at = input->available_at};
    if (fee.balance_transaction.size > 0 &&
        !cf_decision_knows(decision, CF_LOOKUP_BALANCE_TRANSACTION, fee.balance_transaction))
        cf_decide_fee(decision, &fee);
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (cf_decision_knows(decision, CF_LOOKUP_CHARGE, input->charge))
        return ALREADY_KNOWN;
    if (cf_money_minor(input->amount) != pledge->amount_minor ||
        input->currency != pledge->currency)
        return AMOUNT_MISMATCH;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (in_vain(campaign, pledge)) {
        if (!cf_pledge_state_is_terminal(pledge->state) && pledge->captured_minor == 0)
            cf_decide_release(decision, input->pledge_id);
        CF_EMIT(decision, pledge_money_orphaned, .pledge_id = input->pledge_id,
                .campaign_id = pledge->campaign_id,
                .refund_id = cf_decision_derived_id(decision, input->charge),
                .currency = input->currency, .amount = input->amount, .intent = input->intent,
                .charge = input->charge);
        take_fee(decision, input);
        return ACCEPTED;
    }
    if (pledge->attempt == 0 ||
        !cf_pledge_may_move(CF_EVENT_PLEDGE_CAPTURED, pledge->state, CF_PLEDGE_CAPTURED))
        return NOT_EXPECTED;
    CF_EMIT(decision, pledge_captured, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .backer_id = pledge->backer_id,
            .currency = input->currency, .amount = input->amount, .intent = input->intent,
            .charge = input->charge, .from_authorized = cf_money_of(pledge->memo_authorized_minor),
            .from_pledged = cf_money_of(pledge->memo_pledged_minor), .late = pledge->late);
    take_fee(decision, input);
    cf_decide_mail(decision, pledge->backer_id, CF_MAIL_RECEIPT, input->pledge_id);
    cf_decide_goals(decision, pledge->campaign_id);
    return ACCEPTED;
}
