/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign from draft to closed, with its rewards, stretch goals and settlements. */
#include "core/aggregate/campaign.h"

#include "core/aggregate/evolve_private.h"

struct cf_campaign_turn {
    struct cf_turn *turn;
    struct cf_campaign *campaign;
    enum cf_campaign_state to; /* starts as the present state */
};

typedef void cf_campaign_fn(struct cf_campaign_turn *turn);

/* -- Before anybody can pledge -------------------------------------------------------------- */

static void cf_campaign_on_drafted(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_drafted *drafted = &turn->turn->event->campaign_drafted;
    struct cf_campaign *campaign = turn->campaign;
    campaign->creator_id = drafted->creator_id;
    campaign->created_at_us = turn->turn->record->time_us;
    campaign->model = (uint8_t)drafted->model;
    campaign->currency = (uint16_t)drafted->currency;
    campaign->goal_minor = cf_money_minor(drafted->goal);
    campaign->starts_at_us = drafted->starts_at;
    campaign->ends_at_us = drafted->ends_at;
    cf_turn_token(turn->turn, &campaign->slug, drafted->slug);
    cf_turn_lookup(turn->turn, CF_LOOKUP_SLUG, drafted->slug, turn->turn->id);
    turn->to = CF_CAMPAIGN_DRAFT;
}

static void cf_campaign_on_edited(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_edited *edited = &turn->turn->event->campaign_edited;
    struct cf_campaign *campaign = turn->campaign;
    bool frozen = campaign->launched_at_us != 0;
    bool terms = edited->model != CF_FUNDING_MODEL_NONE || edited->currency != CF_CURRENCY_NONE ||
                 !cf_money_is_zero(edited->goal) || edited->starts_at != 0 || edited->ends_at != 0;
    cf_turn_expect(turn->turn, !frozen || !terms, "a launched campaign's terms are frozen");
    if (edited->model != CF_FUNDING_MODEL_NONE)
        campaign->model = (uint8_t)edited->model;
    if (edited->currency != CF_CURRENCY_NONE)
        campaign->currency = (uint16_t)edited->currency;
    if (!cf_money_is_zero(edited->goal))
        campaign->goal_minor = cf_money_minor(edited->goal);
    if (edited->starts_at != 0)
        campaign->starts_at_us = edited->starts_at;
    if (edited->ends_at != 0)
        campaign->ends_at_us = edited->ends_at;
}

static void cf_campaign_on_submitted(struct cf_campaign_turn *turn)
{
    turn->to = CF_CAMPAIGN_SUBMITTED;
}

static void cf_campaign_on_changes_requested(struct cf_campaign_turn *turn)
{
    turn->to = CF_CAMPAIGN_DRAFT;
}

static void cf_campaign_on_rejected(struct cf_campaign_turn *turn)
{
    turn->to = CF_CAMPAIGN_REJECTED;
}

static void cf_campaign_on_approved(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_approved *approved = &turn->turn->event->campaign_approved;
    struct cf_campaign *campaign = turn->campaign;
    campaign->platform_fee_bps = approved->platform_fee_bps;
    campaign->processor_fee_bearer = (uint8_t)approved->processor_fee_bearer;
    campaign->reserve_bps = approved->reserve_bps;
    campaign->reserve_days = approved->reserve_days;
    campaign->tax_bps = approved->tax_bps;
    struct cf_bytes tax = approved->tax_jurisdiction;
    memset(campaign->tax_jurisdiction, 0, sizeof campaign->tax_jurisdiction);
    if (tax.size > sizeof campaign->tax_jurisdiction)
        cf_turn_wrong(turn->turn, "the tax's jurisdiction is too long a name");
    else if (tax.size > 0)
        memcpy(campaign->tax_jurisdiction, tax.data, tax.size);
    turn->to = CF_CAMPAIGN_APPROVED;
}

static void cf_campaign_on_scheduled(struct cf_campaign_turn *turn)
{
    turn->campaign->starts_at_us = turn->turn->event->campaign_scheduled.starts_at;
    turn->to = CF_CAMPAIGN_SCHEDULED;
}

static void cf_campaign_on_launched(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_launched *launched = &turn->turn->event->campaign_launched;
    struct cf_campaign *campaign = turn->campaign;
    campaign->launched_at_us = turn->turn->record->time_us;
    campaign->model = (uint8_t)launched->model;
    campaign->currency = (uint16_t)launched->currency;
    campaign->goal_minor = cf_money_minor(launched->goal);
    campaign->ends_at_us = launched->ends_at;
    turn->to = CF_CAMPAIGN_LIVE;
}

/* -- Rewards and levels --------------------------------------------------------------------- */

static void cf_campaign_on_reward_added(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_reward_added *added = &turn->turn->event->campaign_reward_added;
    struct cf_reward *reward = cf_book_make(turn->turn->book, CF_ROW_REWARD, &added->reward_id);
    cf_turn_expect(turn->turn, cf_id_is_zero(reward->campaign_id),
                   "there is such a reward already");
    reward->campaign_id = *turn->turn->id;
    reward->minimum_minor = cf_money_minor(added->minimum);
    reward->shipping_minor = cf_money_minor(added->shipping);
    reward->limit = added->limit;
    reward->per_backer_limit = added->per_backer_limit;
    reward->needs_address = added->needs_address;
    cf_turn_count(turn->turn, &turn->campaign->reward_count, 1);
}

/* This campaign's reward, or NULL and a contradiction. */
static struct cf_reward *cf_campaign_reward(struct cf_campaign_turn *turn,
                                            const struct cf_id *reward_id)
{
    struct cf_reward *reward = cf_book_edit(turn->turn->book, CF_ROW_REWARD, reward_id);
    if (reward != NULL && cf_id_equal(reward->campaign_id, *turn->turn->id))
        return reward;
    cf_turn_wrong(turn->turn, "the campaign has no such reward");
    return NULL;
}

static void cf_campaign_on_reward_changed(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_reward_changed *changed =
        &turn->turn->event->campaign_reward_changed;
    struct cf_reward *reward = cf_campaign_reward(turn, &changed->reward_id);
    if (reward == NULL)
        return;
    reward->minimum_minor = cf_money_minor(changed->minimum);
    reward->shipping_minor = cf_money_minor(changed->shipping);
    reward->limit = changed->limit;
    reward->per_backer_limit = changed->per_backer_limit;
    reward->needs_address = changed->needs_address;
    cf_turn_expect(turn->turn, reward->limit == 0 || reward->claimed <= reward->limit,
                   "the limit is below what is claimed");
}

static void cf_campaign_on_reward_withdrawn(struct cf_campaign_turn *turn)
{
    struct cf_reward *reward =
        cf_campaign_reward(turn, &turn->turn->event->campaign_reward_withdrawn.reward_id);
    if (reward != NULL)
        reward->withdrawn = 1;
}

static void cf_campaign_on_stretch_goal_added(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_stretch_goal_added *added =
        &turn->turn->event->campaign_stretch_goal_added;
    struct cf_campaign *campaign = turn->campaign;
    if (added->level != campaign->stretch_count + 1u || added->level > CF_STRETCH_GOALS_MAX) {
        cf_turn_wrong(turn->turn, "the level is not the next one");
        return;
    }
    int64_t below = added->level == 1 ? campaign->goal_minor
                                      : campaign->stretch_minor[campaign->stretch_count - 1];
    cf_turn_expect(turn->turn, cf_money_minor(added->threshold) > below, "levels rise");
    campaign->stretch_minor[campaign->stretch_count] = cf_money_minor(added->threshold);
    campaign->stretch_count++;
}

static void cf_campaign_on_stretch_goal_unlocked(struct cf_campaign_turn *turn)
{
    uint32_t level = turn->turn->event->campaign_stretch_goal_unlocked.level;
    struct cf_campaign *campaign = turn->campaign;
    if (level != campaign->stretch_unlocked + 1u || level > campaign->stretch_count)
        cf_turn_wrong(turn->turn, "the level is not the next one");
    else
        campaign->stretch_unlocked = (uint8_t)level;
}

/* -- While it is live, and the verdict ------------------------------------------------------- */

static void cf_campaign_stop_run(struct cf_campaign *campaign)
{
    campaign->run = CF_RUN_NONE;
    campaign->run_cursor = (struct cf_id){0};
}

static void cf_campaign_on_goal_reached(struct cf_campaign_turn *turn)
{
    cf_turn_expect(turn->turn, turn->campaign->goal_reached == 0, "the goal is reached once");
    turn->campaign->goal_reached = 1;
}

static void cf_campaign_on_goal_certain(struct cf_campaign_turn *turn)
{
    cf_turn_expect(turn->turn, turn->campaign->goal_certain == 0, "the goal is certain once");
    cf_turn_expect(turn->turn, turn->campaign->model == CF_FUNDING_MODEL_HYBRID,
                   "a goal becomes certain in a hybrid campaign alone");
    turn->campaign->goal_certain = 1;
    cf_campaign_stop_run(turn->campaign); /* no need to hold what can be charged */
}

static void cf_campaign_on_ended(struct cf_campaign_turn *turn)
{
    cf_turn_expect(turn->turn, turn->turn->record->time_us >= turn->campaign->ends_at_us,
                   "it ended before its end");
    cf_campaign_stop_run(turn->campaign);
    turn->to = CF_CAMPAIGN_ENDED;
}

static void cf_campaign_on_funded(struct cf_campaign_turn *turn)
{
    turn->campaign->funded = 1;
    turn->campaign->final_collection_at_us = turn->turn->event->campaign_funded.final_collection_at;
    turn->to = CF_CAMPAIGN_COLLECTING;
}

static void cf_campaign_on_failed(struct cf_campaign_turn *turn)
{
    turn->to = CF_CAMPAIGN_FAILED;
}

static void cf_campaign_on_suspended(struct cf_campaign_turn *turn)
{
    turn->campaign->state_before = turn->campaign->state;
    cf_campaign_stop_run(turn->campaign);
    turn->to = CF_CAMPAIGN_SUSPENDED;
}

static void cf_campaign_on_resumed(struct cf_campaign_turn *turn)
{
    turn->to = (enum cf_campaign_state)turn->campaign->state_before;
    turn->campaign->state_before = CF_CAMPAIGN_NONE;
}

static void cf_campaign_on_purged(struct cf_campaign_turn *turn)
{
    cf_campaign_stop_run(turn->campaign);
    turn->campaign->late_until_us = 0;
    turn->to = CF_CAMPAIGN_PURGED;
}

static void cf_campaign_on_cancelled(struct cf_campaign_turn *turn)
{
    cf_campaign_stop_run(turn->campaign);
    turn->campaign->late_until_us = 0;
    turn->to = CF_CAMPAIGN_CANCELLED;
}

/* -- After the verdict ---------------------------------------------------------------------- */

static void cf_campaign_on_late_pledges_opened(struct cf_campaign_turn *turn)
{
    turn->campaign->late_until_us = turn->turn->event->campaign_late_pledges_opened.until;
}

static void cf_campaign_on_late_pledges_closed(struct cf_campaign_turn *turn)
{
    turn->campaign->late_until_us = 0;
}

static void cf_campaign_on_run_advanced(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_run_advanced *advanced =
        &turn->turn->event->campaign_run_advanced;
    struct cf_campaign *campaign = turn->campaign;
    cf_turn_expect(turn->turn, campaign->run == CF_RUN_NONE || campaign->run == advanced->run,
                   "another run is under way");
    if (advanced->done) {
        cf_campaign_stop_run(campaign);
        return;
    }
    cf_turn_expect(turn->turn, cf_id_compare(advanced->cursor, campaign->run_cursor) >= 0,
                   "a run goes forward");
    campaign->run = (uint8_t)advanced->run;
    campaign->run_cursor = advanced->cursor;
}

static void cf_campaign_on_settled(struct cf_campaign_turn *turn)
{
    const struct cf_event_campaign_settled *settled = &turn->turn->event->campaign_settled;
    struct cf_campaign *campaign = turn->campaign;
    cf_turn_expect(turn->turn, settled->round == campaign->settled_rounds + 1,
                   "the round is not the next one");
    const struct cf_money parts[] = {settled->platform_fee, settled->tax, settled->reserve,
                                     settled->payable};
    cf_turn_parts(turn->turn, settled->net, parts, 4);
    cf_turn_expect(turn->turn, cf_money_minor(settled->collected) == campaign->unsettled_minor,
                   "the fee's base is not what was collected");
    struct cf_id round = cf_id_of_number(settled->round);
    struct cf_settlement *settlement =
        cf_book_make_pair(turn->turn->book, CF_ROW_SETTLEMENT, turn->turn->id, &round);
    settlement->collected_minor = cf_money_minor(settled->collected);
    settlement->fee_minor = cf_money_minor(settled->platform_fee);
    settlement->cut_remainder = settled->cut_remainder;
    settlement->cut_pledge_id = settled->cut_pledge_id;
    campaign->unsettled_minor = 0;
    campaign->settled_rounds = settled->round;
    cf_turn_gain(turn->turn, &campaign->reserve_minor, settled->reserve);
    if (settled->reserve_release_at != 0)
        campaign->reserve_release_at_us = settled->reserve_release_at;
    turn->to = CF_CAMPAIGN_SETTLED;
}

static void cf_campaign_on_reserve_released(struct cf_campaign_turn *turn)
{
    cf_turn_lose(turn->turn, &turn->campaign->reserve_minor,
                 turn->turn->event->campaign_reserve_released.amount);
}

static int64_t cf_campaign_balance(struct cf_campaign_turn *turn, enum cf_account_kind kind)
{
    struct cf_account account = {.kind = kind,
                                 .currency = (enum cf_currency)turn->campaign->currency,
                                 .owner = *turn->turn->id};
    return turn->turn->book->ops->balance(turn->turn->book, &account);
}

static void cf_campaign_on_closed(struct cf_campaign_turn *turn)
{
    cf_turn_expect(turn->turn,
                   turn->campaign->pledges_open == 0 && turn->campaign->late_open == 0 &&
                       turn->campaign->refunds_open == 0 && turn->campaign->disputes_open == 0,
                   "something of it is still open");
    cf_turn_expect(turn->turn, cf_campaign_balance(turn, CF_ACCOUNT_ESCROW) == 0,
                   "its escrow is not empty");
    cf_turn_expect(turn->turn,
                   cf_campaign_balance(turn, CF_ACCOUNT_MEMO_PLEDGED) == 0 &&
                       cf_campaign_balance(turn, CF_ACCOUNT_MEMO_AUTHORIZED) == 0,
                   "its memo balances are not empty");
    turn->to = CF_CAMPAIGN_CLOSED;
}

static void cf_campaign_on_policy_overridden(struct cf_campaign_turn *turn)
{
    struct cf_bytes policy = turn->turn->event->campaign_policy_overridden.policy;
    if (cf_bytes_equal(policy, CF_BYTES_LITERAL("duration")))
        turn->campaign->any_duration = 1;
    else if (cf_bytes_equal(policy, CF_BYTES_LITERAL("holds")))
        turn->campaign->no_holds = 1;
    else if (cf_bytes_equal(policy, CF_BYTES_LITERAL("least")))
        turn->campaign->any_amount = 1;
}

/* Recorded; the campaign is as before. */
static void cf_campaign_on_nothing(struct cf_campaign_turn *turn)
{
    (void)turn;
}

#define CF_ON(EVENT, fn) [CF_EVENT_CAMPAIGN_##EVENT - CF_EVENT_CAMPAIGN_DRAFTED] = (fn)

static cf_campaign_fn *const cf_campaign_fns[] = {
    CF_ON(DRAFTED, cf_campaign_on_drafted),
    CF_ON(EDITED, cf_campaign_on_edited),
    CF_ON(LOCATED, cf_campaign_on_nothing),
    CF_ON(MEDIA_SET, cf_campaign_on_nothing),
    CF_ON(SUBMITTED, cf_campaign_on_submitted),
    CF_ON(CHANGES_REQUESTED, cf_campaign_on_changes_requested),
    CF_ON(REJECTED, cf_campaign_on_rejected),
    CF_ON(APPROVED, cf_campaign_on_approved),
    CF_ON(SCHEDULED, cf_campaign_on_scheduled),
    CF_ON(LAUNCHED, cf_campaign_on_launched),
    CF_ON(SUSPENDED, cf_campaign_on_suspended),
    CF_ON(RESUMED, cf_campaign_on_resumed),
    CF_ON(PURGED, cf_campaign_on_purged),
    CF_ON(CANCELLED, cf_campaign_on_cancelled),
    CF_ON(GOAL_REACHED, cf_campaign_on_goal_reached),
    CF_ON(GOAL_CERTAIN, cf_campaign_on_goal_certain),
    CF_ON(STRETCH_GOAL_ADDED, cf_campaign_on_stretch_goal_added),
    CF_ON(STRETCH_GOAL_UNLOCKED, cf_campaign_on_stretch_goal_unlocked),
    CF_ON(REWARD_ADDED, cf_campaign_on_reward_added),
    CF_ON(REWARD_CHANGED, cf_campaign_on_reward_changed),
    CF_ON(REWARD_WITHDRAWN, cf_campaign_on_reward_withdrawn),
    CF_ON(UPDATE_POSTED, cf_campaign_on_nothing),
    CF_ON(ENDED, cf_campaign_on_ended),
    CF_ON(FUNDED, cf_campaign_on_funded),
    CF_ON(FAILED, cf_campaign_on_failed),
    CF_ON(LATE_PLEDGES_OPENED, cf_campaign_on_late_pledges_opened),
    CF_ON(LATE_PLEDGES_CLOSED, cf_campaign_on_late_pledges_closed),
    CF_ON(RUN_ADVANCED, cf_campaign_on_run_advanced),
    CF_ON(SETTLED, cf_campaign_on_settled),
    CF_ON(RESERVE_RELEASED, cf_campaign_on_reserve_released),
    CF_ON(CLOSED, cf_campaign_on_closed),
    CF_ON(POLICY_OVERRIDDEN, cf_campaign_on_policy_overridden),
};

void cf_turn_campaign(struct cf_turn *turn)
{
    bool first = turn->event->type == CF_EVENT_CAMPAIGN_DRAFTED;
    struct cf_campaign *campaign = first ? cf_book_make(turn->book, CF_ROW_CAMPAIGN, turn->id)
                                         : cf_book_edit(turn->book, CF_ROW_CAMPAIGN, turn->id);
    if (campaign == NULL) {
        cf_turn_wrong(turn, "there is no such campaign");
        return;
    }
    enum cf_campaign_state from = (enum cf_campaign_state)campaign->state;
    turn->state_before = cf_campaign_state_name(from);
    cf_turn_version(turn, &campaign->version);
    struct cf_campaign_turn campaign_turn = {turn, campaign, from};
    cf_campaign_fns[turn->event->type - CF_EVENT_CAMPAIGN_DRAFTED](&campaign_turn);
    if (!cf_campaign_may_move(turn->event->type, from, campaign_turn.to)) {
        turn->wrong = "the transition table does not have this move";
        return;
    }
    campaign->state = (uint8_t)campaign_turn.to;
}
