/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/timers.h"

#include "core/aggregate/deferred.h"
#include "core/base/assert.h"
#include "core/policy.h"

#include <stdio.h>

/* How long a refused timer waits. */
#define DEFER_US CF_POLICY_LOOK_AGAIN_US

static bool is_skipped(const struct cf_state_timer *timer, const struct cf_state_timer *skipped,
                       size_t skipped_count)
{
    for (size_t i = 0; i < skipped_count; i++) {
        if (timer->timer == skipped[i].timer && cf_id_equal(timer->subject, skipped[i].subject))
            return true;
    }
    return false;
}

/* The command that a due timer stands for, and what its subject is there. */
struct deed {
    enum cf_command_number command;
    const char *subject_field;
    enum cf_run run; /* of campaign_advance_run */
};

static const struct deed deeds[] = {
    [CF_TIMER_CAMPAIGN_START] = {CF_COMMAND_campaign_launch, "campaign_id", CF_RUN_NONE},
    [CF_TIMER_CAMPAIGN_DEADLINE] = {CF_COMMAND_campaign_end, "campaign_id", CF_RUN_NONE},
    [CF_TIMER_AUTHORIZE_RUN] = {CF_COMMAND_campaign_advance_run, "campaign_id", CF_RUN_AUTHORIZE},
    [CF_TIMER_CAPTURE_RUN] = {CF_COMMAND_campaign_advance_run, "campaign_id", CF_RUN_CAPTURE},
    [CF_TIMER_RELEASE_RUN] = {CF_COMMAND_campaign_advance_run, "campaign_id", CF_RUN_RELEASE},
    [CF_TIMER_DROP_RUN] = {CF_COMMAND_campaign_advance_run, "campaign_id", CF_RUN_DROP},
    [CF_TIMER_REFUND_RUN] = {CF_COMMAND_campaign_advance_run, "campaign_id", CF_RUN_REFUND},
    [CF_TIMER_SETTLE] = {CF_COMMAND_campaign_settle, "campaign_id", CF_RUN_NONE},
    [CF_TIMER_RESERVE_RELEASE] = {CF_COMMAND_campaign_release_reserve, "campaign_id", CF_RUN_NONE},
    [CF_TIMER_PAYOUT_DUE] = {CF_COMMAND_payout_request, "campaign_id", CF_RUN_NONE},
    [CF_TIMER_CLAIM_EXPIRY] = {CF_COMMAND_pledge_abandon, "pledge_id", CF_RUN_NONE},
    [CF_TIMER_HOLD_RENEWAL] = {CF_COMMAND_pledge_renew_hold, "pledge_id", CF_RUN_NONE},
    [CF_TIMER_GRACE_RETRY] = {CF_COMMAND_pledge_retry_payment, "pledge_id", CF_RUN_NONE},
    [CF_TIMER_GRACE_REMINDER] = {CF_COMMAND_pledge_remind, "pledge_id", CF_RUN_NONE},
    [CF_TIMER_LATE_PLEDGES_CLOSE] = {CF_COMMAND_campaign_close_late_pledges, "campaign_id",
                                     CF_RUN_NONE},
    [CF_TIMER_CLOSE_CAMPAIGN] = {CF_COMMAND_campaign_close, "campaign_id", CF_RUN_NONE},
    [CF_TIMER_FUNDS_AVAILABLE] = {CF_COMMAND_pledge_free_funds, "pledge_id", CF_RUN_NONE},
};

void cf_timers_command(const struct cf_state_timer *timer, struct cf_command_input *input)
{
    enum cf_request request;
    if (cf_timer_is_retry(timer->timer, &request)) {
        cf_command_input_init(input, CF_COMMAND_request_reopen);
        cf_command_set_id(input, "subject_id", timer->subject);
        cf_command_set_signed(input, "request", request);
        return;
    }
    CF_ASSERT((size_t)timer->timer < sizeof deeds / sizeof deeds[0]);
    const struct deed *deed = &deeds[timer->timer];
    CF_ASSERT(deed->subject_field != NULL);
    cf_command_input_init(input, deed->command);
    cf_command_set_id(input, deed->subject_field, timer->subject);
    if (deed->run != CF_RUN_NONE)
        cf_command_set_signed(input, "run", deed->run);
}

/* The key is unique because the next sequence is: a timer's command is decided once, in the writer. */
static struct cf_reply decide(struct cf_batch *batch, const struct cf_command_input *input)
{
    char key[40];
    struct cf_reply reply;
    int size = snprintf(key, sizeof key, "timer %llu", (unsigned long long)batch->next);
    cf_batch_decide_input(batch, input, CF_ACTOR_SYSTEM, cf_bytes_from(key, (size_t)size), &reply);
    return reply;
}

static void fire(struct cf_batch *batch, const struct cf_state_timer *timer)
{
    struct cf_command_input input;
    cf_timers_command(timer, &input);
    struct cf_reply reply = decide(batch, &input);
    if (reply.kind != CF_REPLY_REFUSED)
        return;
    const struct cf_refusal *why = cf_command_refusal(input.spec, reply.verdict);
    cf_command_input_init(&input, CF_COMMAND_timer_defer);
    cf_command_set_id(&input, "subject_id", timer->subject);
    cf_command_set_signed(&input, "timer", timer->timer);
    cf_command_set_signed(&input, "until", batch->decision.now_us + DEFER_US);
    cf_command_set_text(&input, "reason", cf_bytes_from_text(why->name));
    reply = decide(batch, &input);
    CF_ASSERT(reply.kind != CF_REPLY_REFUSED);
}

size_t cf_timers_fire(struct cf_batch *batch, const struct cf_state_timer *skipped,
                      size_t skipped_count, struct cf_state_timer *reterr_broken)
{
    struct cf_state_timer due[CF_TIMERS_SLICE];
    size_t count = cf_state_timers(batch->state, batch->decision.now_us, due, CF_TIMERS_SLICE);
    size_t fired = 0, began = batch->count;
    for (size_t i = 0; i < count && batch->count - began < CF_TIMERS_RECORDS_MAX; i++) {
        /* An earlier one of this slice may have cleared or moved it. */
        struct cf_book *book = batch->decision.book;
        if (is_skipped(&due[i], skipped, skipped_count) ||
            book->ops->timer(book, &due[i].subject, due[i].timer) != due[i].due_us)
            continue;
        fire(batch, &due[i]);
        if (cf_batch_broken(batch)) {
            *reterr_broken = due[i];
            return fired;
        }
        fired++;
    }
    return fired;
}

int64_t cf_timers_next(struct cf_batch *batch, const struct cf_state_timer *skipped,
                       size_t skipped_count)
{
    struct cf_state_timer first[CF_TIMERS_SKIPPED_MAX + 1];
    CF_ASSERT(skipped_count <= CF_TIMERS_SKIPPED_MAX);
    size_t count = cf_state_timers(batch->state, INT64_MAX, first, skipped_count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!is_skipped(&first[i], skipped, skipped_count))
            return first[i].due_us;
    }
    return INT64_MAX;
}
