/* SPDX-License-Identifier: Apache-2.0 */
/* What a campaign's events make due, and when it can be settled or closed. */
#include "core/react/react_private.h"

static enum cf_timer cf_timer_of_run(enum cf_run run)
{
    switch (run) {
    case CF_RUN_AUTHORIZE:
        return CF_TIMER_AUTHORIZE_RUN;
    case CF_RUN_CAPTURE:
        return CF_TIMER_CAPTURE_RUN;
    case CF_RUN_RELEASE:
        return CF_TIMER_RELEASE_RUN;
    case CF_RUN_DROP:
        return CF_TIMER_DROP_RUN;
    case CF_RUN_REFUND:
        return CF_TIMER_REFUND_RUN;
    case CF_RUN_NONE:
        break;
    }
    return CF_TIMER_NONE;
}

static void cf_react_now(struct cf_reaction *reaction, enum cf_timer timer)
{
    cf_react_set(reaction, reaction->id, timer, reaction->record->time_us);
}

static int64_t cf_later(int64_t a_us, int64_t b_us)
{
    return a_us > b_us ? a_us : b_us;
}

void cf_react_progress(struct cf_reaction *reaction, const struct cf_id *campaign_id)
{
    const struct cf_campaign *campaign = cf_book_find(reaction->book, CF_ROW_CAMPAIGN, campaign_id);
    bool collecting = campaign->state == CF_CAMPAIGN_COLLECTING;
    bool ending = campaign->state == CF_CAMPAIGN_FAILED ||
                  campaign->state == CF_CAMPAIGN_CANCELLED || campaign->state == CF_CAMPAIGN_PURGED;
    if ((!collecting && !ending) || campaign->run != CF_RUN_NONE || campaign->pledges_open > 0 ||
        campaign->fees_missing > 0)
        return;
    if (collecting) {
        if (cf_react_timer(reaction, campaign_id, CF_TIMER_CAPTURE_RUN) == 0 &&
            cf_react_timer(reaction, campaign_id, CF_TIMER_SETTLE) == 0)
            cf_react_set(reaction, campaign_id, CF_TIMER_SETTLE, reaction->record->time_us);
        return;
    }
    if (campaign->late_open == 0 && campaign->refunds_open == 0 && campaign->disputes_open == 0 &&
        cf_react_timer(reaction, campaign_id, CF_TIMER_RELEASE_RUN) == 0 &&
        cf_react_timer(reaction, campaign_id, CF_TIMER_REFUND_RUN) == 0 &&
        cf_react_timer(reaction, campaign_id, CF_TIMER_CLOSE_CAMPAIGN) == 0)
        cf_react_set(reaction, campaign_id, CF_TIMER_CLOSE_CAMPAIGN, reaction->record->time_us);
}

/* Nothing is collected any more: open pledges are released, then what was captured goes back. */
static void cf_react_wind_down(struct cf_reaction *reaction, const struct cf_campaign *campaign,
                               bool released)
{
    if (!released && campaign->pledges_open + campaign->late_open > 0)
        cf_react_now(reaction, CF_TIMER_RELEASE_RUN);
    else if (campaign->pledges_captured > 0)
        cf_react_now(reaction, CF_TIMER_REFUND_RUN);
    else
        cf_react_progress(reaction, reaction->id);
}

/* What only makes sense while the campaign takes or collects money. */
static void cf_react_stop(struct cf_reaction *reaction)
{
    cf_react_clear(reaction, reaction->id, CF_TIMER_CAMPAIGN_START);
    cf_react_clear(reaction, reaction->id, CF_TIMER_CAMPAIGN_DEADLINE);
    cf_react_clear(reaction, reaction->id, CF_TIMER_AUTHORIZE_RUN);
    cf_react_clear(reaction, reaction->id, CF_TIMER_CAPTURE_RUN);
    cf_react_clear(reaction, reaction->id, CF_TIMER_DROP_RUN);
    cf_react_clear(reaction, reaction->id, CF_TIMER_SETTLE);
}

static void cf_react_stop_for_good(struct cf_reaction *reaction, const struct cf_campaign *campaign)
{
    cf_react_stop(reaction);
    cf_react_clear(reaction, reaction->id, CF_TIMER_LATE_PLEDGES_CLOSE);
    cf_react_clear(reaction, reaction->id, CF_TIMER_PAYOUT_DUE);
    cf_react_clear(reaction, reaction->id, CF_TIMER_CLOSE_CAMPAIGN);
    cf_react_wind_down(reaction, campaign, false);
}

/* Live, at launch or after a suspension. */
static void cf_react_live(struct cf_reaction *reaction, const struct cf_campaign *campaign)
{
    cf_react_set(reaction, reaction->id, CF_TIMER_CAMPAIGN_DEADLINE, campaign->ends_at_us);
    if (campaign->model == CF_FUNDING_MODEL_AON && !campaign->no_holds)
        cf_react_set(
            reaction, reaction->id, CF_TIMER_AUTHORIZE_RUN,
            cf_later(reaction->record->time_us, cf_policy_authorize_at(campaign->ends_at_us)));
    else if (campaign->goal_certain)
        cf_react_now(reaction, CF_TIMER_CAPTURE_RUN);
    else if (campaign->model == CF_FUNDING_MODEL_HYBRID && campaign->goal_reached)
        cf_react_now(reaction, CF_TIMER_AUTHORIZE_RUN);
}

static void cf_react_collecting(struct cf_reaction *reaction, const struct cf_campaign *campaign)
{
    cf_react_now(reaction, CF_TIMER_CAPTURE_RUN);
    cf_react_set(reaction, reaction->id, CF_TIMER_DROP_RUN,
                 cf_later(reaction->record->time_us, campaign->final_collection_at_us));
}

static void cf_react_on_goal_reached(struct cf_reaction *reaction,
                                     const struct cf_campaign *campaign)
{
    bool inside = !campaign->no_holds &&
                  reaction->record->time_us >= cf_policy_authorize_at(campaign->ends_at_us);
    if (campaign->model == CF_FUNDING_MODEL_HYBRID ||
        (campaign->model == CF_FUNDING_MODEL_AON && inside))
        cf_react_now(reaction, CF_TIMER_AUTHORIZE_RUN);
}

static void cf_react_on_run_advanced(struct cf_reaction *reaction,
                                     const struct cf_campaign *campaign)
{
    const struct cf_event_campaign_run_advanced *advanced = &reaction->event->campaign_run_advanced;
    enum cf_timer timer = cf_timer_of_run(advanced->run);
    if (!advanced->done) {
        cf_react_now(reaction, timer);
        return;
    }
    cf_react_clear(reaction, reaction->id, timer);
    if (advanced->run == CF_RUN_RELEASE)
        cf_react_wind_down(reaction, campaign, true);
    else
        cf_react_progress(reaction, reaction->id);
}

static void cf_react_on_settled(struct cf_reaction *reaction, const struct cf_campaign *campaign)
{
    int64_t payout_at_us =
        cf_later(reaction->record->time_us, campaign->ends_at_us + CF_POLICY_PAYOUT_DELAY_US);
    int64_t close_at_us = cf_later(payout_at_us, campaign->ends_at_us + CF_POLICY_REFUND_WINDOW_US);
    cf_react_stop(reaction);
    cf_react_set(reaction, reaction->id, CF_TIMER_PAYOUT_DUE, payout_at_us);
    if (campaign->reserve_minor > 0) {
        cf_react_set(reaction, reaction->id, CF_TIMER_RESERVE_RELEASE,
                     cf_later(reaction->record->time_us, campaign->reserve_release_at_us));
        close_at_us = cf_later(close_at_us, campaign->reserve_release_at_us);
    }
    cf_react_set(reaction, reaction->id, CF_TIMER_CLOSE_CAMPAIGN, close_at_us);
}

static void cf_react_on_reserve_released(struct cf_reaction *reaction,
                                         const struct cf_campaign *campaign)
{
    cf_react_clear(reaction, reaction->id, CF_TIMER_RESERVE_RELEASE);
    if (campaign->state == CF_CAMPAIGN_SETTLED)
        cf_react_now(reaction, CF_TIMER_PAYOUT_DUE);
}

static void cf_react_on_closed(struct cf_reaction *reaction)
{
    cf_react_stop(reaction);
    cf_react_clear(reaction, reaction->id, CF_TIMER_LATE_PLEDGES_CLOSE);
    cf_react_clear(reaction, reaction->id, CF_TIMER_PAYOUT_DUE);
    cf_react_clear(reaction, reaction->id, CF_TIMER_RESERVE_RELEASE);
    cf_react_clear(reaction, reaction->id, CF_TIMER_CLOSE_CAMPAIGN);
}

/* Events that lead towards money. */
static void cf_react_rise(struct cf_reaction *reaction, const struct cf_campaign *campaign)
{
    enum cf_event_type type = reaction->event->type;
    if (type == CF_EVENT_CAMPAIGN_SCHEDULED) {
        cf_react_set(reaction, reaction->id, CF_TIMER_CAMPAIGN_START, campaign->starts_at_us);
    } else if (type == CF_EVENT_CAMPAIGN_LAUNCHED) {
        cf_react_clear(reaction, reaction->id, CF_TIMER_CAMPAIGN_START);
        cf_react_live(reaction, campaign);
    } else if (type == CF_EVENT_CAMPAIGN_GOAL_REACHED) {
        cf_react_on_goal_reached(reaction, campaign);
    } else if (type == CF_EVENT_CAMPAIGN_GOAL_CERTAIN) {
        cf_react_clear(reaction, reaction->id, CF_TIMER_AUTHORIZE_RUN);
        cf_react_now(reaction, CF_TIMER_CAPTURE_RUN);
    } else if (type == CF_EVENT_CAMPAIGN_SUSPENDED) {
        cf_react_stop(reaction);
    } else if (type == CF_EVENT_CAMPAIGN_RESUMED) {
        if (campaign->state == CF_CAMPAIGN_LIVE)
            cf_react_live(reaction, campaign);
        else
            cf_react_collecting(reaction, campaign);
    }
}

void cf_react_campaign(struct cf_reaction *reaction)
{
    const struct cf_campaign *campaign =
        cf_book_find(reaction->book, CF_ROW_CAMPAIGN, reaction->id);
    enum cf_event_type type = reaction->event->type;
    if (type == CF_EVENT_CAMPAIGN_ENDED) {
        cf_react_stop(reaction);
    } else if (type == CF_EVENT_CAMPAIGN_FUNDED) {
        cf_react_collecting(reaction, campaign);
    } else if (type == CF_EVENT_CAMPAIGN_FAILED || type == CF_EVENT_CAMPAIGN_CANCELLED ||
               type == CF_EVENT_CAMPAIGN_PURGED) {
        cf_react_stop_for_good(reaction, campaign);
    } else if (type == CF_EVENT_CAMPAIGN_LATE_PLEDGES_OPENED) {
        cf_react_set(reaction, reaction->id, CF_TIMER_LATE_PLEDGES_CLOSE, campaign->late_until_us);
    } else if (type == CF_EVENT_CAMPAIGN_LATE_PLEDGES_CLOSED) {
        cf_react_clear(reaction, reaction->id, CF_TIMER_LATE_PLEDGES_CLOSE);
        if (campaign->state == CF_CAMPAIGN_SETTLED && campaign->unsettled_minor > 0)
            cf_react_now(reaction, CF_TIMER_SETTLE);
    } else if (type == CF_EVENT_CAMPAIGN_RUN_ADVANCED) {
        cf_react_on_run_advanced(reaction, campaign);
    } else if (type == CF_EVENT_CAMPAIGN_SETTLED) {
        cf_react_on_settled(reaction, campaign);
    } else if (type == CF_EVENT_CAMPAIGN_RESERVE_RELEASED) {
        cf_react_on_reserve_released(reaction, campaign);
    } else if (type == CF_EVENT_CAMPAIGN_CLOSED) {
        cf_react_on_closed(reaction);
    } else {
        cf_react_rise(reaction, campaign);
    }
}
