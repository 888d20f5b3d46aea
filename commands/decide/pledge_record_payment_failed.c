/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider said no. In checkout the backer tries another card. A committed or held pledge is
 * errored: before the end the backer is asked to mend it; while collecting it is tried again, each
 * wait twice the one before, as long as the grace window lasts and the decline may pass.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME pledge_record_payment_failed
#define CF_COMMAND_FIELDS(F)      \
    F(1, id,        pledge_id)    \
    F(2, decline,   decline)      \
    F(3, bool,      retryable)    \
    F(4, opt_token, intent)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, PLEDGE_UNKNOWN, 404, "There is no such pledge.")                                          \
    V(3, NOT_EXPECTED, 409, "The pledge does not wait for the provider.")
/* clang-format on */
#include "commands/decide/define.h"

static void decide_grace(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    const struct cf_campaign *campaign = cf_decision_campaign(decision, pledge->campaign_id);
    if (campaign->state != CF_CAMPAIGN_COLLECTING)
        return;
    if (decision->now_us >= campaign->final_collection_at_us) {
        cf_decide_drop(decision, input->pledge_id);
        return;
    }
    if (!input->retryable)
        return;
    int64_t retry_at_us = cf_policy_retry_at(campaign, pledge->attempt, decision->now_us);
    if (retry_at_us == 0)
        return;
    CF_EMIT(decision, pledge_grace_retry_scheduled, .pledge_id = input->pledge_id,
            .retry_at = retry_at_us, .attempt = pledge->attempt + 1);
}

/* The pledge ended meanwhile; the request is answered all the same. */
static void note_late(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    CF_EMIT(decision, pledge_payment_failed, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .decline = input->decline, .retryable = input->retryable, .intent = input->intent);
}

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, input->pledge_id);
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (pledge == NULL)
        return PLEDGE_UNKNOWN;
    bool checkout = cf_pledge_in_checkout(pledge);
    if (!cf_decision_awaits(decision, input->pledge_id, CF_REQUEST_PAYMENT) &&
        !cf_decision_awaits(decision, input->pledge_id, CF_REQUEST_CAPTURE) &&
        !cf_pledge_awaits_backer(pledge))
        return NOT_EXPECTED;
    if (cf_pledge_state_is_terminal(pledge->state)) {
        note_late(decision, input);
        return ACCEPTED;
    }
    /* A hold whose capture failed is gone. One that was to be replaced still stands. */
    int64_t held_minor = pledge->state == CF_PLEDGE_CAPTURING ? pledge->memo_authorized_minor : 0;
    CF_EMIT(decision, pledge_payment_failed, .pledge_id = input->pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .decline = input->decline, .retryable = input->retryable, .intent = input->intent,
            .from_authorized = cf_money_of(held_minor), .back_to_pledged = cf_money_of(held_minor));
    if (checkout || pledge->state != CF_PLEDGE_ERRORED)
        return ACCEPTED;
    cf_decide_mail(decision, pledge->backer_id, CF_MAIL_PAYMENT_FAILED, input->pledge_id);
    decide_grace(decision, input);
    return ACCEPTED;
}
