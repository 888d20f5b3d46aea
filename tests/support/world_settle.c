/* SPDX-License-Identifier: Apache-2.0 */
/* Settlement, payouts and debts. */
#include "core/time.h"
#include "tests/support/cmocka.h"
#include "tests/support/world_private.h"

/* The pledges of the round in the order of odd units: largest remainder first, then by age. */
struct share {
    int pledge;
    int64_t remainder;
};

static int64_t share_fee(struct cf_world *world, int campaign, int64_t fee, int64_t collected,
                         struct share *ret_cut)
{
    struct share shares[CF_WORLD_PLEDGES_MAX];
    int count = 0;
    int64_t given = 0;
    for (int i = 0; i < world->pledge_count; i++) {
        struct cf_model_pledge *pledge = &world->pledges[i];
        if (pledge->campaign != campaign || pledge->charged == 0 || pledge->settled)
            continue;
        pledge->settled = true;
        if (pledge->kept == 0)
            continue;
        pledge->fee_part = fee * pledge->kept / collected;
        given += pledge->fee_part;
        struct share share = {i, fee * pledge->kept % collected};
        int at = count++;
        for (; at > 0 && shares[at - 1].remainder < share.remainder; at--)
            shares[at] = shares[at - 1];
        shares[at] = share;
    }
    ret_cut->pledge = -1;
    ret_cut->remainder = 0;
    for (int i = 0; given < fee; i++, given++) {
        world->pledges[shares[i].pledge].fee_part++;
        *ret_cut = shares[i];
    }
    return given;
}

/* S1, S2, S3. */
void cf_world_settle(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    int64_t collected = 0;
    for (int i = 0; i < world->pledge_count; i++)
        if (world->pledges[i].campaign == index && !world->pledges[i].settled &&
            world->pledges[i].charged > 0)
            collected += world->pledges[i].kept;
    int64_t net = cf_world_owed(world, CF_ACCOUNT_ESCROW, &campaign->id);
    int64_t fee = cf_least((collected * campaign->fee_bps + 5000) / 10000, net);
    int64_t tax = cf_least((collected * campaign->tax_bps + 5000) / 10000, net - fee);
    int64_t reserve = ((net - fee - tax) * campaign->reserve_bps + 5000) / 10000;
    int64_t payable = net - fee - tax - reserve;
    struct share cut;
    struct cf_id cut_id = {{0}};
    share_fee(world, index, fee, collected, &cut);
    if (cut.pledge >= 0)
        cut_id = world->pledges[cut.pledge].id;
    campaign->rounds++;
    CF_HAPPENS(world, CAMPAIGN_SETTLED, campaign_settled, campaign->id, world->creator,
               world->currency, campaign->rounds, cf_minor(net), cf_minor(fee),
               tax > 0 ? CF_BYTES_LITERAL("DE") : (struct cf_bytes){0}, cf_minor(tax),
               cf_minor(reserve), cf_minor(payable),
               reserve > 0 ? world->history.now_us + 60 * CF_DAY_US : 0, (uint64_t)cut.remainder,
               cut_id, cf_minor(collected));
    cf_world_move(world, CF_ACCOUNT_ESCROW, &campaign->id, CF_ACCOUNT_PLATFORM_FEE, NULL, fee);
    struct cf_id germany = {{'D', 'E'}};
    cf_world_move(world, CF_ACCOUNT_ESCROW, &campaign->id, CF_ACCOUNT_TAX, &germany, tax);
    cf_world_move(world, CF_ACCOUNT_ESCROW, &campaign->id, CF_ACCOUNT_RESERVE, &world->creator,
                  reserve);
    cf_world_move(world, CF_ACCOUNT_ESCROW, &campaign->id, CF_ACCOUNT_PAYABLE, &world->creator,
                  payable);
    campaign->reserve += reserve;
    campaign->settled_once = true;
    campaign->phase = CF_MODEL_SETTLED;
    world->fees_taken += fee;
}

/* S4. */
void cf_world_release_reserve(struct cf_world *world, int index)
{
    struct cf_model_campaign *campaign = &world->campaigns[index];
    if (campaign->reserve == 0)
        return;
    CF_HAPPENS(world, CAMPAIGN_RESERVE_RELEASED, campaign_reserve_released, campaign->id,
               world->creator, world->currency, cf_minor(campaign->reserve));
    cf_world_move(world, CF_ACCOUNT_RESERVE, &world->creator, CF_ACCOUNT_PAYABLE, &world->creator,
                  campaign->reserve);
    campaign->reserve = 0;
}

/* -- Payouts -------------------------------------------------------------------------------- */

void cf_world_pay_out(struct cf_world *world, int campaign)
{
    int64_t payable = cf_world_payable(world);
    if (payable == 0 || world->payout_count == CF_WORLD_PAYOUTS_MAX)
        return;
    for (int i = 0; i < world->pledge_count; i++)
        if (world->pledges[i].state == CF_MODEL_DISPUTED)
            return; /* an open dispute holds payouts */
    struct cf_model_payout *payout = &world->payouts[world->payout_count++];
    *payout = (struct cf_model_payout){
        .id = cf_history_id(&world->history),
        .campaign = campaign,
        .amount = cf_chance(world, 60) ? payable : cf_random_between(&world->random, 1, payable),
        .attempt = 1,
        .state = CF_MODEL_WANTED};
    CF_HAPPENS(world, PAYOUT_REQUESTED, payout_requested, payout->id, world->campaigns[campaign].id,
               world->creator, world->currency, cf_minor(payout->amount),
               cf_world_token(world, "acct", 1));
    world->spoken_for += payout->amount;
}

/* The creator's side of a payout: payable to in transit, or back. */
static void in_transit(struct cf_world *world, int64_t amount, bool back)
{
    cf_world_move(world, back ? CF_ACCOUNT_IN_TRANSIT : CF_ACCOUNT_PAYABLE, &world->creator,
                  back ? CF_ACCOUNT_PAYABLE : CF_ACCOUNT_IN_TRANSIT, &world->creator, amount);
}

/* O1, or a refusal. */
static void transfer(struct cf_world *world, struct cf_model_payout *payout)
{
    world->spoken_for -= payout->amount;
    if (cf_chance(world, 15)) {
        CF_HAPPENS(world, PAYOUT_REFUSED, payout_refused, payout->id, world->creator,
                   world->currency, cf_minor(payout->amount), CF_BYTES_LITERAL("balance"));
        payout->state = CF_MODEL_OVER;
        return;
    }
    CF_HAPPENS(world, PAYOUT_INITIATED, payout_initiated, payout->id, world->creator,
               world->currency, cf_minor(payout->amount), cf_world_token(world, "acct", 1),
               cf_world_token(world, "tr", cf_world_number(world)));
    in_transit(world, payout->amount, false);
    cf_world_move(world, CF_ACCOUNT_CONNECTED, &world->creator, CF_ACCOUNT_PSP_AVAILABLE, NULL,
                  payout->amount);
    payout->state = CF_MODEL_MOVED;
}

/* O2. */
static void paid(struct cf_world *world, struct cf_model_payout *payout)
{
    CF_HAPPENS(world, PAYOUT_PAID, payout_paid, payout->id, world->creator, world->currency,
               cf_minor(payout->amount), cf_world_token(world, "acct", 1));
    cf_world_move(world, CF_ACCOUNT_IN_TRANSIT, &world->creator, CF_ACCOUNT_CONNECTED,
                  &world->creator, payout->amount);
    payout->state = CF_MODEL_PAID;
}

/* O3. */
static void bounce(struct cf_world *world, struct cf_model_payout *payout)
{
    bool was_paid = payout->state == CF_MODEL_PAID;
    CF_HAPPENS(world, PAYOUT_FAILED, payout_failed, payout->id, world->creator, world->currency,
               cf_minor(payout->amount), cf_world_token(world, "acct", 1),
               CF_BYTES_LITERAL("account_closed"), was_paid);
    if (was_paid)
        cf_world_move(world, CF_ACCOUNT_CONNECTED, &world->creator, CF_ACCOUNT_PAYABLE,
                      &world->creator, payout->amount);
    else
        in_transit(world, payout->amount, true);
    payout->state = CF_MODEL_BOUNCED;
}

/* O4. */
static void reverse(struct cf_world *world, struct cf_model_payout *payout)
{
    bool had_failed = payout->state == CF_MODEL_BOUNCED;
    if (cf_chance(world, 70))
        CF_HAPPENS(world, PAYOUT_REVERSAL_REQUESTED, payout_reversal_requested, payout->id,
                   world->creator, world->currency, cf_minor(payout->amount),
                   cf_world_token(world, "tr", 1));
    CF_HAPPENS(world, PAYOUT_REVERSED, payout_reversed, payout->id, world->creator, world->currency,
               cf_minor(payout->amount), cf_world_token(world, "acct", 1),
               cf_world_token(world, "trr", cf_world_number(world)), had_failed);
    if (!had_failed)
        in_transit(world, payout->amount, true);
    cf_world_move(world, CF_ACCOUNT_PSP_AVAILABLE, NULL, CF_ACCOUNT_CONNECTED, &world->creator,
                  payout->amount);
    payout->state = CF_MODEL_OVER;
}

static void retry(struct cf_world *world, struct cf_model_payout *payout)
{
    CF_HAPPENS(world, PAYOUT_RETRIED, payout_retried, payout->id, world->creator, world->currency,
               cf_minor(payout->amount), cf_world_token(world, "acct", 1), ++payout->attempt);
    in_transit(world, payout->amount, false);
    payout->state = CF_MODEL_MOVED;
}

void cf_world_payout_step(struct cf_world *world, struct cf_model_payout *payout, bool finish)
{
    switch (payout->state) {
    case CF_MODEL_WANTED:
        transfer(world, payout);
        break;
    case CF_MODEL_MOVED:
        if (!finish && cf_chance(world, 20)) {
            reverse(world, payout);
        } else if (cf_chance(world, 80)) {
            CF_HAPPENS(world, PAYOUT_SENT, payout_sent, payout->id,
                       cf_world_token(world, "po", cf_world_number(world)));
            payout->state = CF_MODEL_SENT;
        } else {
            bounce(world, payout);
        }
        break;
    case CF_MODEL_SENT:
        if (cf_chance(world, 70))
            paid(world, payout);
        else
            bounce(world, payout);
        break;
    case CF_MODEL_PAID:
        if (!finish && cf_chance(world, 15))
            bounce(world, payout);
        else
            payout->state = CF_MODEL_OVER;
        break;
    case CF_MODEL_BOUNCED: /* what it wants may have been refunded to somebody else meanwhile */
        if (!finish && cf_chance(world, 60) && cf_world_payable(world) >= payout->amount)
            retry(world, payout);
        else
            reverse(world, payout);
        break;
    case CF_MODEL_OVER:
        break;
    }
}

/* -- Debts ---------------------------------------------------------------------------------- */

/* N1, N2, N3, and the platform's own money. */
void cf_world_debts(struct cf_world *world)
{
    int64_t debt = -cf_world_owed(world, CF_ACCOUNT_RECEIVABLE, &world->creator);
    int64_t payable = cf_world_payable(world);
    if (cf_chance(world, 20)) {
        CF_HAPPENS(world, PLATFORM_TOPPED_UP, platform_topped_up, world->currency,
                   cf_minor(100000));
        cf_world_move(world, CF_ACCOUNT_PSP_AVAILABLE, NULL, CF_ACCOUNT_BANK, NULL, 100000);
    }
    if (debt <= 0)
        return;
    int64_t amount = cf_random_between(&world->random, 1, debt);
    if (payable > 0) {
        amount = cf_least(debt, payable);
        CF_HAPPENS(world, USER_BALANCE_NETTED, user_balance_netted, world->creator, world->currency,
                   cf_minor(amount));
        cf_world_move(world, CF_ACCOUNT_PAYABLE, &world->creator, CF_ACCOUNT_RECEIVABLE,
                      &world->creator, amount);
    } else if (cf_chance(world, 70)) {
        bool bank = cf_chance(world, 50);
        CF_HAPPENS(world, USER_DEBT_RECOVERED, user_debt_recovered, world->creator, world->currency,
                   cf_minor(amount), bank ? CF_RECOVERY_BANK : CF_RECOVERY_PROVIDER_BALANCE);
        cf_world_move(world, bank ? CF_ACCOUNT_BANK : CF_ACCOUNT_PSP_AVAILABLE, NULL,
                      CF_ACCOUNT_RECEIVABLE, &world->creator, amount);
    } else {
        CF_HAPPENS(world, USER_DEBT_WRITTEN_OFF, user_debt_written_off, world->creator,
                   world->currency, cf_minor(debt));
        cf_world_move(world, CF_ACCOUNT_BAD_DEBT, NULL, CF_ACCOUNT_RECEIVABLE, &world->creator,
                      debt);
    }
}
