/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money is owed back, whole or in part: by the backer before the campaign is settled, by its
 * creator or by finance at any time.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_request_refund
#define CF_COMMAND_NEW_ID 2
#define CF_COMMAND_FIELDS(F)       \
    F(1, id,            pledge_id) \
    F(2, id,            refund_id) \
    F(3, amount,        amount)    \
    F(4, refund_reason, reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(2, NOT_PERMITTED, 403, "Only its backer, its creator or finance asks for it.")               \
    V(3, REFUND_EXISTS, 409, "There is a refund with this id.")                                    \
    V(4, DISPUTED, 409, "The bank decides about this money: a dispute is open.")                   \
    V(5, NOT_CHARGED, 409, "Nothing was charged, or all of it went back.")                         \
    V(6, ALREADY_SETTLED, 409, "The campaign is settled: ask its creator.")                        \
    V(7, MORE_THAN_CHARGED, 422, "That is more than is left of the charge.")
/* clang-format on */
#include "commands/decide/define.h"

static enum cf_initiator initiator_of(const struct cf_decision *decision,
                                      const struct cf_pledge *pledge,
                                      const struct cf_campaign *campaign)
{
    if (cf_actor_is_active(decision, pledge->backer_id))
        return CF_INITIATOR_BACKER;
    if (cf_actor_is_active(decision, campaign->creator_id))
        return CF_INITIATOR_CREATOR;
    return cf_actor_has_role(decision, CF_ROLE_FINANCE) ? CF_INITIATOR_FINANCE : CF_INITIATOR_NONE;
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    enum cf_initiator initiator = initiator_of(decision, pledge, campaign);
    if (initiator == CF_INITIATOR_NONE)
        return NOT_PERMITTED;
    if (cf_decision_refund(decision, input->refund_id) != NULL)
        return REFUND_EXISTS;
    if (pledge->state == CF_PLEDGE_DISPUTED)
        return DISPUTED;
    if (!cf_pledge_holds_money(pledge))
        return NOT_CHARGED;
    if (initiator == CF_INITIATOR_BACKER && cf_pledge_is_settled(campaign, pledge))
        return ALREADY_SETTLED;
    if (cf_money_is_zero(input->amount) ||
        cf_money_minor(input->amount) > pledge->captured_minor - pledge->refund_requested_minor)
        return MORE_THAN_CHARGED;
    cf_decide_refund(decision, input->pledge_id, input->refund_id, cf_money_minor(input->amount),
                     input->reason, initiator);
    return ACCEPTED;
}
