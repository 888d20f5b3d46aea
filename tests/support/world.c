/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns from their beginning to their close, and the model's books. */
#include "tests/support/world.h"

#include "core/journal/account_text.h"
#include "core/time.h"
#include "tests/support/cmocka.h"
#include "tests/support/world_private.h"

#include <stdio.h>

/* -- The model's books ---------------------------------------------------------------------- */

static struct cf_model_balance *balance_of(struct cf_world *world, enum cf_account_kind kind,
                                           const struct cf_id *owner)
{
    struct cf_account account = {.kind = kind, .currency = world->currency};
    if (owner != NULL)
        account.owner = *owner;
    for (int i = 0; i < world->balance_count; i++)
        if (cf_account_equal(&world->balances[i].account, &account))
            return &world->balances[i];
    assert_true(world->balance_count < CF_WORLD_BALANCES_MAX);
    struct cf_model_balance *balance = &world->balances[world->balance_count++];
    *balance = (struct cf_model_balance){.account = account};
    return balance;
}

void cf_world_move(struct cf_world *world, enum cf_account_kind debit,
                   const struct cf_id *debit_owner, enum cf_account_kind credit,
                   const struct cf_id *credit_owner, int64_t minor)
{
    assert_true(minor >= 0);
    balance_of(world, debit, debit_owner)->minor += minor;
    balance_of(world, credit, credit_owner)->minor -= minor;
}

int64_t cf_world_owed(const struct cf_world *world, enum cf_account_kind kind,
                      const struct cf_id *owner)
{
    for (int i = 0; i < world->balance_count; i++) {
        const struct cf_account *account = &world->balances[i].account;
        if (account->kind == kind && cf_id_equal(account->owner, *owner))
            return -world->balances[i].minor;
    }
    return 0;
}

int64_t cf_world_payable(const struct cf_world *world)
{
    int64_t payable = cf_world_owed(world, CF_ACCOUNT_PAYABLE, &world->creator) - world->spoken_for;
    return payable > 0 ? payable : 0;
}

static void count_balance(void *context, const struct cf_account *account, int64_t minor)
{
    (void)account;
    (void)minor;
    ++*(int *)context;
}

void cf_world_check_balances(const struct cf_world *world)
{
    int in_model = 0;
    int in_book = 0;
    for (int i = 0; i < world->balance_count; i++) {
        const struct cf_account *account = &world->balances[i].account;
        int64_t minor = world->history.book->ops->balance(world->history.book, account);
        char name[CF_ACCOUNT_TEXT_SIZE];
        cf_account_print(account, name);
        if (minor != world->balances[i].minor)
            fail_msg("%s is %lld, and should be %lld", name, (long long)minor,
                     (long long)world->balances[i].minor);
        in_model += minor != 0;
    }
    cf_book_memory_each_balance(world->history.memory, count_balance, &in_book);
    assert_int_equal(in_book, in_model);
}

uint32_t cf_world_number(struct cf_world *world)
{
    return ++world->tokens;
}

struct cf_bytes cf_world_token(struct cf_world *world, const char *prefix, uint32_t number)
{
    static uint32_t next;
    char *text = world->token_text[next++ % 8];
    int size = snprintf(text, sizeof world->token_text[0], "%s_%u", prefix, number);
    return cf_bytes_from(text, (size_t)size);
}

/* -- Beginning ------------------------------------------------------------------------------ */

void cf_world_init(struct cf_world *world, uint64_t seed)
{
    cf_world_init_into(world, seed, NULL, NULL);
}

void cf_world_init_into(struct cf_world *world, uint64_t seed, cf_history_fn *on_event,
                        void *context)
{
    static const enum cf_currency currencies[] = {CF_CURRENCY_EUR, CF_CURRENCY_USD, CF_CURRENCY_JPY,
                                                  CF_CURRENCY_KWD};
    *world = (struct cf_world){.random = {seed}};
    cf_history_init(&world->history);
    world->history.on_event = on_event;
    world->history.context = context;
    world->currency = currencies[cf_random_below(&world->random, 4)];
    world->creator = cf_history_id(&world->history);
    CF_HAPPENS(world, USER_REGISTERED, user_registered, world->creator,
               {CF_BYTES_LITERAL("sealed")}, .terms_version = CF_BYTES_LITERAL("1"));
    CF_HAPPENS(world, USER_IDENTITY_CHECK_STARTED, user_identity_check_started, world->creator,
               cf_world_token(world, "vs", 1));
    CF_HAPPENS(world, USER_IDENTITY_CHECK_PASSED, user_identity_check_passed, world->creator,
               cf_world_token(world, "vs", 1));
    CF_HAPPENS(world, USER_PAYOUT_ACCOUNT_REQUESTED, user_payout_account_requested, world->creator,
               CF_BYTES_LITERAL("DE"), world->currency);
    CF_HAPPENS(world, USER_PAYOUT_ACCOUNT_LINKED, user_payout_account_linked, world->creator,
               cf_world_token(world, "acct", 1));
    CF_HAPPENS(world, USER_PAYOUT_ACCOUNT_UPDATED, user_payout_account_updated, world->creator,
               cf_world_token(world, "acct", 1), true, true, true);
}

void cf_world_clean_up(struct cf_world *world)
{
    cf_history_clean_up(&world->history);
}

static void add_rewards(struct cf_world *world, struct cf_model_campaign *campaign)
{
    for (int i = 0; i < 2; i++) {
        campaign->rewards[i] = cf_history_id(&world->history);
        campaign->limits[i] = (uint32_t)cf_random_between(&world->random, 1, 6);
        CF_HAPPENS(world, CAMPAIGN_REWARD_ADDED, campaign_reward_added, campaign->id,
                   campaign->rewards[i], {CF_BYTES_LITERAL("sealed")}, .minimum = cf_minor(1),
                   .limit = campaign->limits[i], .per_backer_limit = cf_chance(world, 50) ? 3 : 0);
    }
}

static void begin_campaign(struct cf_world *world)
{
    struct cf_model_campaign *campaign = &world->campaigns[world->campaign_count++];
    *campaign = (struct cf_model_campaign){
        .id = cf_history_id(&world->history),
        .model = (enum cf_funding_model)cf_random_between(&world->random, 1, 3),
        .bearer = cf_chance(world, 70) ? CF_BEARER_CREATOR : CF_BEARER_PLATFORM,
        .goal = cf_random_between(&world->random, 1000, 250000),
        .ends_at_us = world->history.now_us + cf_random_between(&world->random, 3, 60) * CF_DAY_US,
        .fee_bps = (uint32_t)cf_random_between(&world->random, 500, 800),
        .reserve_bps = cf_chance(world, 60) ? 500 : 0,
        .tax_bps = cf_chance(world, 30) ? 190 : 0,
        .steps = (uint32_t)cf_random_between(&world->random, 10, 90)};
    CF_HAPPENS(world, CAMPAIGN_DRAFTED, campaign_drafted, campaign->id, world->creator,
               campaign->model, world->currency, cf_minor(campaign->goal),
               {CF_BYTES_LITERAL("sealed")}, cf_world_token(world, "slug", cf_world_number(world)));
    add_rewards(world, campaign);
    CF_HAPPENS(world, CAMPAIGN_SUBMITTED, campaign_submitted, campaign->id);
    if (cf_chance(world, 20)) {
        CF_HAPPENS(world, CAMPAIGN_CHANGES_REQUESTED, campaign_changes_requested, campaign->id);
        CF_HAPPENS(world, CAMPAIGN_SUBMITTED, campaign_submitted, campaign->id);
    }
    CF_HAPPENS(world, CAMPAIGN_APPROVED, campaign_approved, campaign->id, campaign->fee_bps,
               campaign->bearer, campaign->reserve_bps, 60,
               campaign->tax_bps > 0 ? CF_BYTES_LITERAL("DE") : (struct cf_bytes){0},
               campaign->tax_bps);
    if (cf_chance(world, 30))
        CF_HAPPENS(world, CAMPAIGN_SCHEDULED, campaign_scheduled, campaign->id,
                   world->history.now_us + CF_HOUR_US);
    CF_HAPPENS(world, CAMPAIGN_LAUNCHED, campaign_launched, campaign->id, campaign->model,
               world->currency, cf_minor(campaign->goal), campaign->ends_at_us);
}

/* -- Live ----------------------------------------------------------------------------------- */

struct sums {
    int64_t pledged; /* in the memo accounts, or charged and not given back */
    int64_t secured; /* of it, held or charged */
    int64_t charged; /* ever */
};

static struct sums sums_of(const struct cf_world *world, int campaign)
{
    struct sums sums = {0};
    for (int i = 0; i < world->pledge_count; i++) {
        const struct cf_model_pledge *pledge = &world->pledges[i];
        if (pledge->campaign != campaign)
            continue;
        int64_t kept = pledge->charged - pledge->asked_back - pledge->charged_back;
        sums.pledged += pledge->pledged + pledge->held + kept;
        sums.secured += pledge->held + kept;
        sums.charged += pledge->charged;
    }
    return sums;
}

static void check_goals(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    struct sums sums = sums_of(world, index);
    if (!campaign->goal_reached && sums.pledged >= campaign->goal) {
        campaign->goal_reached = true;
        CF_HAPPENS(world, CAMPAIGN_GOAL_REACHED, campaign_goal_reached, campaign->id,
                   cf_minor(sums.pledged));
    }
    if (campaign->model == CF_FUNDING_MODEL_HYBRID && !campaign->goal_certain &&
        sums.secured >= campaign->goal) {
        campaign->goal_certain = true;
        CF_HAPPENS(world, CAMPAIGN_GOAL_CERTAIN, campaign_goal_certain, campaign->id,
                   cf_minor(sums.secured));
    }
}

/* Once in four hundred times. */
static bool is_rare(struct cf_world *world)
{
    return cf_random_below(&world->random, 400) == 0;
}

static void wind_down(struct cf_world *world, struct cf_model_campaign *campaign)
{
    (void)world;
    campaign->phase = CF_MODEL_WINDING_DOWN;
    campaign->steps = 0;
}

static void suspend(struct cf_world *world, struct cf_model_campaign *campaign)
{
    CF_HAPPENS(world, CAMPAIGN_SUSPENDED, campaign_suspended, campaign->id,
               CF_BYTES_LITERAL("complaint"));
    if (cf_chance(world, 60)) {
        CF_HAPPENS(world, CAMPAIGN_RESUMED, campaign_resumed, campaign->id);
        return;
    }
    CF_HAPPENS(world, CAMPAIGN_PURGED, campaign_purged, campaign->id, CF_BYTES_LITERAL("fraud"));
    wind_down(world, campaign);
}

static void cancel_campaign(struct cf_world *world, struct cf_model_campaign *campaign)
{
    CF_HAPPENS(world, CAMPAIGN_CANCELLED, campaign_cancelled, campaign->id);
    wind_down(world, campaign);
}

/* The deadline and its verdict. */
static void end_campaign(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    struct sums sums = sums_of(world, index);
    bool funded = campaign->model == CF_FUNDING_MODEL_AON ? sums.pledged >= campaign->goal
                  : campaign->model == CF_FUNDING_MODEL_KIA
                      ? sums.charged > 0
                      : campaign->goal_certain || sums.secured >= campaign->goal;
    if (world->history.now_us < campaign->ends_at_us)
        world->history.now_us = campaign->ends_at_us;
    CF_HAPPENS(world, CAMPAIGN_ENDED, campaign_ended, campaign->id, cf_minor(sums.pledged),
               cf_minor(sums.secured), cf_minor(sums.charged));
    if (!funded) {
        CF_HAPPENS(world, CAMPAIGN_FAILED, campaign_failed, campaign->id);
        wind_down(world, campaign);
        return;
    }
    CF_HAPPENS(world, CAMPAIGN_FUNDED, campaign_funded, campaign->id,
               campaign->ends_at_us + 7 * CF_DAY_US);
    campaign->phase = CF_MODEL_COLLECTING;
    campaign->steps = (uint32_t)cf_random_between(&world->random, 0, 60);
}

/* A random pledge of the campaign that is open, or charged; or NULL. */
static struct cf_model_pledge *pick(struct cf_world *world, int campaign, bool open)
{
    if (world->pledge_count == 0)
        return NULL;
    int first = (int)cf_random_below(&world->random, (uint64_t)world->pledge_count);
    for (int i = 0; i < world->pledge_count; i++) {
        struct cf_model_pledge *pledge = &world->pledges[(first + i) % world->pledge_count];
        if (pledge->campaign == campaign &&
            (open ? cf_world_is_open(pledge)
                  : pledge->charged > 0 || pledge->state == CF_MODEL_ENDED))
            return pledge;
    }
    return NULL;
}

/* Something happens to a pledge that was charged or has ended. */
static void after_step(struct cf_world *world, int index)
{
    struct cf_model_pledge *pledge = pick(world, index, false);
    if (pledge == NULL)
        return;
    if (cf_chance(world, 20))
        cf_world_void(world, pledge);
    else if (pledge->state == CF_MODEL_ENDED && cf_chance(world, 10))
        cf_world_orphan(world, pledge);
    else if (pledge->charged > 0)
        cf_world_charged_step(world, pledge);
}

static void live_step(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    struct cf_model_pledge *pledge = pick(world, index, true);
    if (campaign->steps == 0) {
        end_campaign(world, index);
    } else if (is_rare(world)) {
        suspend(world, campaign);
    } else if (is_rare(world)) {
        cancel_campaign(world, campaign);
    } else if (cf_chance(world, 35)) {
        cf_world_new_pledge(world, index, false);
    } else if (cf_chance(world, 65) && pledge != NULL) {
        if (campaign->goal_certain)
            cf_world_collect(world, pledge);
        else
            cf_world_pledge_step(world, pledge);
    } else {
        after_step(world, index);
    }
    if (campaign->phase == CF_MODEL_LIVE)
        check_goals(world, index);
}

/* -- Collecting and after ------------------------------------------------------------------- */

static void late_step(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    if (!campaign->late_open && cf_chance(world, 10)) {
        campaign->late_open = true;
        CF_HAPPENS(world, CAMPAIGN_LATE_PLEDGES_OPENED, campaign_late_pledges_opened, campaign->id,
                   world->history.now_us + 30 * CF_DAY_US);
    } else if (campaign->late_open) {
        cf_world_new_pledge(world, index, true);
    }
}

/* Every open pledge of the campaign comes to its end; late ones may stay open. */
static void end_pledges(struct cf_world *world, int index, bool late_too)
{
    for (int i = 0; i < world->pledge_count; i++) {
        struct cf_model_pledge *pledge = &world->pledges[i];
        if (pledge->campaign != index || !cf_world_is_open(pledge) || (pledge->late && !late_too))
            continue;
        if (world->campaigns[index].phase == CF_MODEL_WINDING_DOWN)
            cf_world_release(world, pledge);
        else
            cf_world_give_up(world, pledge);
    }
}

static void record_fees(struct cf_world *world, int index, bool late_too)
{
    for (int i = 0; i < world->pledge_count; i++) {
        struct cf_model_pledge *pledge = &world->pledges[i];
        if (pledge->campaign == index && pledge->charged > 0 && !pledge->fee_known &&
            (late_too || !pledge->late))
            cf_world_record_fee(world, pledge);
    }
}

static void run_slice(struct cf_world *world, int index, enum cf_run run, bool done)
{
    struct cf_id cursor = {{0}};
    if (!done)
        cursor = cf_history_id(&world->history);
    CF_HAPPENS(world, CAMPAIGN_RUN_ADVANCED, campaign_run_advanced, world->campaigns[index].id, run,
               cursor, done);
}

static void collecting_step(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    struct cf_model_pledge *pledge = pick(world, index, true);
    if (campaign->steps > 0) {
        if (is_rare(world))
            suspend(world, campaign);
        else if (is_rare(world))
            cancel_campaign(world, campaign);
        else if (cf_chance(world, 15))
            late_step(world, index);
        else if (pledge != NULL && cf_chance(world, 70))
            cf_world_collect(world, pledge);
        else
            after_step(world, index);
        return;
    }
    run_slice(world, index, CF_RUN_CAPTURE, false);
    run_slice(world, index, CF_RUN_CAPTURE, true);
    end_pledges(world, index, false);
    record_fees(world, index, false);
    run_slice(world, index, CF_RUN_DROP, true);
    cf_world_settle(world, index);
    campaign->steps = (uint32_t)cf_random_between(&world->random, 0, 80);
}

static bool is_unsettled(const struct cf_world *world, int index)
{
    for (int i = 0; i < world->pledge_count; i++)
        if (world->pledges[i].campaign == index && world->pledges[i].charged > 0 &&
            !world->pledges[i].settled)
            return true;
    return false;
}

static void step_payouts(struct cf_world *world, int index, bool finish)
{
    for (int i = 0; i < world->payout_count; i++)
        if (world->payouts[i].campaign == index)
            cf_world_payout_step(world, &world->payouts[i], finish);
}

static void close_campaign(struct cf_world *world, int index);

static void settled_step(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    struct cf_model_pledge *pledge = pick(world, index, true);
    if (campaign->steps == 0)
        close_campaign(world, index);
    else if (is_rare(world))
        cancel_campaign(world, campaign);
    else if (cf_chance(world, 15))
        late_step(world, index);
    else if (cf_chance(world, 20) && pledge != NULL)
        cf_world_pledge_step(world, pledge);
    else if (cf_chance(world, 5) && is_unsettled(world, index))
        cf_world_settle(world, index);
    else if (cf_chance(world, 10))
        cf_world_pay_out(world, index);
    else if (cf_chance(world, 25))
        step_payouts(world, index, false);
    else if (cf_chance(world, 10))
        cf_world_debts(world);
    else if (cf_chance(world, 3))
        cf_world_release_reserve(world, index);
    else
        after_step(world, index);
}

/* -- Closing -------------------------------------------------------------------------------- */

static void end_money(struct cf_world *world, int index)
{
    bool down = world->campaigns[index].phase == CF_MODEL_WINDING_DOWN;
    record_fees(world, index, true);
    for (int i = 0; i < world->pledge_count; i++) {
        struct cf_model_pledge *pledge = &world->pledges[i];
        if (pledge->campaign != index)
            continue;
        if (pledge->available > 0)
            cf_world_make_available(world, pledge);
        if (pledge->state == CF_MODEL_DISPUTED)
            cf_world_end_dispute(world, pledge);
        if (down && pledge->state == CF_MODEL_CHARGED && pledge->charged > pledge->asked_back)
            cf_world_refund(world, pledge, pledge->charged - pledge->asked_back);
        cf_world_void(world, pledge);
    }
    for (int i = 0; i < world->refund_count; i++)
        while (world->pledges[world->refunds[i].pledge].campaign == index &&
               world->refunds[i].state != CF_MODEL_DONE)
            cf_world_refund_step(world, &world->refunds[i], true);
}

static void close_campaign(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    if (campaign->late_open && campaign->phase == CF_MODEL_SETTLED)
        CF_HAPPENS(world, CAMPAIGN_LATE_PLEDGES_CLOSED, campaign_late_pledges_closed, campaign->id);
    campaign->late_open = false;
    end_pledges(world, index, true);
    if (campaign->phase == CF_MODEL_WINDING_DOWN) {
        run_slice(world, index, CF_RUN_RELEASE, true);
        run_slice(world, index, CF_RUN_REFUND, false);
    }
    end_money(world, index);
    if (campaign->phase == CF_MODEL_WINDING_DOWN)
        run_slice(world, index, CF_RUN_REFUND, true);
    else if (is_unsettled(world, index) ||
             cf_world_owed(world, CF_ACCOUNT_ESCROW, &campaign->id) > 0)
        cf_world_settle(world, index);
    if (campaign->phase == CF_MODEL_SETTLED || campaign->reserve > 0)
        cf_world_release_reserve(world, index);
    for (int i = 0; i < 20; i++)
        step_payouts(world, index, true);
    CF_HAPPENS(world, CAMPAIGN_CLOSED, campaign_closed, campaign->id);
    campaign->phase = CF_MODEL_CLOSED;
}

/* -- Time ----------------------------------------------------------------------------------- */

void cf_world_step(struct cf_world *world)
{
    world->history.now_us += cf_random_between(&world->random, 1, 60) * CF_MINUTE_US;
    if (world->campaign_count == 0 ||
        (world->campaign_count < CF_WORLD_CAMPAIGNS_MAX && cf_chance(world, 2))) {
        begin_campaign(world);
        return;
    }
    if (world->refund_count > 0 && cf_chance(world, 15)) {
        int64_t at = (int64_t)cf_random_below(&world->random, (uint64_t)world->refund_count);
        cf_world_refund_step(world, &world->refunds[at], false);
        return;
    }
    int index = (int)cf_random_below(&world->random, (uint64_t)world->campaign_count);
    struct cf_model_campaign *campaign = &world->campaigns[index];
    if (campaign->steps > 0)
        campaign->steps--;
    switch (campaign->phase) {
    case CF_MODEL_LIVE:
        live_step(world, index);
        break;
    case CF_MODEL_COLLECTING:
        collecting_step(world, index);
        break;
    case CF_MODEL_SETTLED:
        settled_step(world, index);
        break;
    case CF_MODEL_WINDING_DOWN:
        close_campaign(world, index);
        break;
    case CF_MODEL_CLOSED:
        break;
    }
}

static bool all_closed(const struct cf_world *world)
{
    for (int i = 0; i < world->campaign_count; i++)
        if (world->campaigns[i].phase != CF_MODEL_CLOSED)
            return false;
    return world->campaign_count > 0;
}

void cf_world_live(struct cf_world *world)
{
    for (int i = 0; i < 20000 && !all_closed(world); i++)
        cf_world_step(world);
    assert_true(all_closed(world));
}
