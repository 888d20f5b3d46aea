/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slice of a run over the campaign's pledges, in the order of their ids: authorize, capture,
 * release, drop or refund. The run's timer brings the next slice.
 */
#include "commands/decide/decide.h"
#include "core/base/assert.h"

/* clang-format off */
#define CF_COMMAND_NAME campaign_advance_run
#define CF_COMMAND_FIELDS(F) \
    F(1, id,  campaign_id)   \
    F(2, run, run)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, CAMPAIGN_UNKNOWN, 404, "There is no such campaign.")                                      \
    V(3, NOT_DUE, 409, "The campaign is at another point.")                                        \
    V(4, ANOTHER_RUN, 409, "Another run is under way.")
/* clang-format on */
#include "commands/decide/define.h"

static bool is_due(const struct cf_campaign *campaign, enum cf_run run)
{
    switch (run) {
    case CF_RUN_AUTHORIZE:
        return campaign->state == CF_CAMPAIGN_LIVE;
    case CF_RUN_CAPTURE:
        return campaign->state == CF_CAMPAIGN_COLLECTING ||
               (campaign->state == CF_CAMPAIGN_LIVE && campaign->goal_certain);
    case CF_RUN_DROP:
        return campaign->state == CF_CAMPAIGN_COLLECTING;
    case CF_RUN_RELEASE:
    case CF_RUN_REFUND:
        return campaign->state == CF_CAMPAIGN_FAILED || campaign->state == CF_CAMPAIGN_CANCELLED ||
               campaign->state == CF_CAMPAIGN_PURGED;
    case CF_RUN_NONE:
        break;
    }
    CF_UNREACHABLE();
}

/* Cards are held before the end only where the goal is near; reaching it begins another run. */
static bool is_needed(const struct cf_campaign *campaign, enum cf_run run)
{
    return run != CF_RUN_AUTHORIZE || cf_policy_is_near_goal(campaign);
}

static void charge(struct cf_decision *decision, struct cf_id pledge_id,
                   const struct cf_pledge *pledge)
{
    if (pledge->state == CF_PLEDGE_AUTHORIZED)
        cf_decide_capture(decision, pledge_id);
    else if (pledge->state == CF_PLEDGE_COMMITTED || pledge->state == CF_PLEDGE_ERRORED)
        cf_decide_payment(decision, pledge_id, CF_PAYMENT_MODE_CHARGE,
                          cf_token_bytes(&pledge->payment_method), true);
}

static void release(struct cf_decision *decision, struct cf_id pledge_id,
                    const struct cf_pledge *pledge)
{
    if (!cf_pledge_state_is_terminal(pledge->state) && pledge->captured_minor == 0)
        cf_decide_release(decision, pledge_id);
}

static void give_back(struct cf_decision *decision, struct cf_id pledge_id,
                      const struct cf_pledge *pledge)
{
    if (cf_pledge_holds_money(pledge))
        cf_decide_refund(decision, pledge_id,
                         cf_decision_derived_id(decision, cf_id_bytes(&pledge_id)),
                         pledge->captured_minor - pledge->refund_requested_minor,
                         CF_REFUND_REASON_CAMPAIGN_CANCELLED, CF_INITIATOR_SYSTEM);
}

static void step(struct cf_decision *decision, enum cf_run run, struct cf_id pledge_id)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, pledge_id);
    switch (run) {
    case CF_RUN_AUTHORIZE:
        if (pledge->state == CF_PLEDGE_COMMITTED)
            cf_decide_payment(decision, pledge_id, CF_PAYMENT_MODE_HOLD,
                              cf_token_bytes(&pledge->payment_method), true);
        return;
    case CF_RUN_CAPTURE:
        charge(decision, pledge_id, pledge);
        return;
    case CF_RUN_RELEASE:
        release(decision, pledge_id, pledge);
        return;
    case CF_RUN_DROP:
        if (pledge->state == CF_PLEDGE_ERRORED)
            cf_decide_drop(decision, pledge_id);
        return;
    case CF_RUN_REFUND:
        give_back(decision, pledge_id, pledge);
        return;
    case CF_RUN_NONE:
        break;
    }
    CF_UNREACHABLE();
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, input->campaign_id);
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (campaign == NULL)
        return CAMPAIGN_UNKNOWN;
    if (!is_due(campaign, input->run))
        return NOT_DUE;
    if (campaign->run != CF_RUN_NONE && campaign->run != input->run)
        return ANOTHER_RUN;
    struct cf_id ids[CF_POLICY_RUN_SLICE];
    struct cf_id cursor = campaign->run_cursor;
    size_t count = 0;
    if (is_needed(campaign, input->run))
        count = decision->book->ops->pledges(decision->book, &input->campaign_id, &cursor, ids,
                                             CF_POLICY_RUN_SLICE);
    for (size_t i = 0; i < count; i++) {
        step(decision, input->run, ids[i]);
        cursor = ids[i];
    }
    CF_EMIT(decision, campaign_run_advanced, .campaign_id = input->campaign_id, .run = input->run,
            .cursor = cursor, .done = count < CF_POLICY_RUN_SLICE);
    return ACCEPTED;
}
