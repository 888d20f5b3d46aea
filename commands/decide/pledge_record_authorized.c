/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider holds the money. A hold that comes too late, for a pledge or campaign that has ended,
 * is given back at once. One that comes when money is being collected is captured at once.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_authorized
#define CF_COMMAND_FIELDS(F)       \
    F(1, id,       pledge_id)      \
    F(2, token,    intent)         \
    F(3, amount,   amount)         \
    F(4, currency, currency)       \
    F(5, time,     capture_before)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, ALREADY_KNOWN, 409, "This hold is recorded.")                                             \
    V(4, AMOUNT_MISMATCH, 409, "Amount or currency are not ours.")                                 \
    V(5, NOT_EXPECTED, 409, "The pledge does not wait for a hold.")
/* clang-format on */
#include "commands/decide/define.h"

static bool in_vain(const struct cf_decision *decision, const struct cf_campaign *campaign,
                    const struct cf_pledge *pledge)
{
    return cf_pledge_state_is_terminal(pledge->state) || pledge->captured_minor > 0 ||
           cf_campaign_releases(campaign) ||
           (cf_pledge_in_checkout(pledge) &&
            !cf_campaign_takes_payment(campaign, pledge, decision->now_us));
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    if (cf_token_equals(&pledge->intent, input->intent) && pledge->memo_authorized_minor > 0)
        return ALREADY_KNOWN;
    if (cf_money_minor(input->amount) != pledge->amount_minor ||
        input->currency != pledge->currency)
        return AMOUNT_MISMATCH;
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    bool late = in_vain(decision, campaign, pledge);
    bool waits = cf_pledge_in_checkout(pledge) || pledge->state == CF_PLEDGE_AUTHORIZING ||
                 pledge->state == CF_PLEDGE_ERRORED;
    if (!late && (!waits || pledge->attempt == 0))
        return NOT_EXPECTED;
    if (late) {
        if (!cf_pledge_state_is_terminal(pledge->state) && pledge->captured_minor == 0)
            cf_decide_release(decision, input->pledge_id);
        CF_EMIT(decision, pledge_hold_orphaned, .pledge_id = input->pledge_id,
                .campaign_id = pledge->campaign_id, .intent = input->intent);
        return ACCEPTED;
    }
    bool renewed = pledge->memo_authorized_minor > 0;
    CF_EMIT(decision, pledge_authorized, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = input->currency,
            .amount = input->amount, .intent = input->intent,
            .capture_before = input->capture_before,
            .from_pledged = cf_money_of(pledge->memo_pledged_minor),
            .replaced_amount = cf_money_of(pledge->memo_authorized_minor),
            .replaced_intent = renewed ? cf_token_bytes(&pledge->intent) : (struct cf_bytes){0});
    if (campaign->state == CF_CAMPAIGN_COLLECTING || campaign->goal_certain)
        cf_decide_capture(decision, input->pledge_id);
    cf_decide_goals(decision, pledge->campaign_id);
    return ACCEPTED;
}
