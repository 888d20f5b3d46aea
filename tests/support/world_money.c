/* SPDX-License-Identifier: Apache-2.0 */
/* Pledges whose money was taken: fees, refunds, disputes, and money that came too late. */
#include "core/time.h"
#include "tests/support/cmocka.h"
#include "tests/support/world_private.h"

/* M4, P1. */
void cf_world_captured(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    pledge->intent = pledge->intent != 0 ? pledge->intent : cf_world_number(world);
    CF_HAPPENS(world, PLEDGE_CAPTURED, pledge_captured, pledge->id, campaign->id, pledge->backer,
               world->currency, cf_minor(pledge->amount),
               cf_world_token(world, "pi", pledge->intent),
               cf_world_token(world, "ch", cf_world_number(world)), cf_minor(pledge->held),
               cf_minor(pledge->pledged), pledge->late);
    cf_world_move(world, CF_ACCOUNT_MEMO_CONTRA, NULL, CF_ACCOUNT_MEMO_AUTHORIZED, &campaign->id,
                  pledge->held);
    cf_world_move(world, CF_ACCOUNT_MEMO_CONTRA, NULL, CF_ACCOUNT_MEMO_PLEDGED, &campaign->id,
                  pledge->pledged);
    cf_world_move(world, CF_ACCOUNT_PSP_PENDING, NULL, CF_ACCOUNT_ESCROW, &campaign->id,
                  pledge->amount);
    pledge->held = 0;
    pledge->pledged = 0;
    pledge->charged = pledge->amount;
    pledge->kept = pledge->amount;
    pledge->state = CF_MODEL_CHARGED;
    pledge->round = campaign->rounds + 1;
}

/* Takes an amount from one account after another, the rest from the last. */
struct parts {
    int64_t rest;
};

static int64_t part(struct parts *parts, int64_t there)
{
    int64_t taken = cf_least(parts->rest, there);
    parts->rest -= taken;
    return taken;
}

/* P2 and P2': from escrow while it lasts, then from what is payable, then a debt; or the platform.
 */
static void record_fee(struct cf_world *world, struct cf_model_pledge *pledge, int64_t fee,
                       bool platform, int64_t available_at_us)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    struct parts parts = {fee};
    int64_t from_platform = platform ? part(&parts, fee) : 0;
    int64_t from_escrow = part(&parts, cf_world_owed(world, CF_ACCOUNT_ESCROW, &campaign->id));
    int64_t from_payable = part(&parts, cf_world_payable(world));
    CF_HAPPENS(world, PLEDGE_FEE_RECORDED, pledge_fee_recorded, pledge->id, campaign->id,
               world->creator, world->currency, cf_minor(fee),
               cf_world_token(world, "txn", cf_world_number(world)), available_at_us,
               cf_minor(from_escrow), cf_minor(from_payable), cf_minor(parts.rest),
               cf_minor(from_platform));
    cf_world_move(world, CF_ACCOUNT_PROCESSOR_FEE, NULL, CF_ACCOUNT_PSP_PENDING, NULL,
                  from_platform);
    cf_world_move(world, CF_ACCOUNT_ESCROW, &campaign->id, CF_ACCOUNT_PSP_PENDING, NULL,
                  from_escrow);
    cf_world_move(world, CF_ACCOUNT_PAYABLE, &world->creator, CF_ACCOUNT_PSP_PENDING, NULL,
                  from_payable);
    cf_world_move(world, CF_ACCOUNT_RECEIVABLE, &world->creator, CF_ACCOUNT_PSP_PENDING, NULL,
                  parts.rest);
}

void cf_world_record_fee(struct cf_world *world, struct cf_model_pledge *pledge)
{
    pledge->fee = cf_least(pledge->charged, pledge->charged / 30 + 30);
    pledge->fee_known = true;
    pledge->available = pledge->charged - pledge->fee;
    record_fee(world, pledge, pledge->fee,
               cf_campaign_of(world, pledge)->bearer == CF_BEARER_PLATFORM,
               world->history.now_us + 2 * CF_DAY_US);
}

void cf_world_make_available(struct cf_world *world, struct cf_model_pledge *pledge)
{
    CF_HAPPENS(world, PLEDGE_FUNDS_AVAILABLE, pledge_funds_available, pledge->id,
               cf_campaign_of(world, pledge)->id, world->currency, cf_minor(pledge->available),
               cf_world_token(world, "txn", 1));
    cf_world_move(world, CF_ACCOUNT_PSP_AVAILABLE, NULL, CF_ACCOUNT_PSP_PENDING, NULL,
                  pledge->available);
    pledge->available = 0;
}

static struct cf_model_refund *new_refund(struct cf_world *world, struct cf_model_pledge *pledge,
                                          int64_t amount, bool orphaned)
{
    assert_true(world->refund_count < CF_WORLD_REFUNDS_MAX);
    struct cf_model_refund *refund = &world->refunds[world->refund_count++];
    *refund = (struct cf_model_refund){.id = cf_history_id(&world->history),
                                       .pledge = (int)(pledge - world->pledges),
                                       .amount = amount,
                                       .state = CF_MODEL_ASKED,
                                       .attempt = 1,
                                       .orphaned = orphaned};
    return refund;
}

/* Money, or a hold, for a pledge that has ended. */
void cf_world_orphan(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    uint32_t intent = cf_world_number(world);
    if (pledge->replaced == 0 && cf_chance(world, 50)) {
        CF_HAPPENS(world, PLEDGE_HOLD_ORPHANED, pledge_hold_orphaned, pledge->id, campaign->id,
                   cf_world_token(world, "pi", intent));
        pledge->replaced = intent;
        return;
    }
    if (world->refund_count == CF_WORLD_REFUNDS_MAX)
        return;
    struct cf_model_refund *refund = new_refund(world, pledge, pledge->amount, true);
    CF_HAPPENS(world, PLEDGE_MONEY_ORPHANED, pledge_money_orphaned, pledge->id, campaign->id,
               refund->id, world->currency, cf_minor(refund->amount),
               cf_world_token(world, "pi", intent), cf_world_token(world, "ch", intent));
    cf_world_move(world, CF_ACCOUNT_PSP_PENDING, NULL, CF_ACCOUNT_REFUNDS_PAYABLE, NULL,
                  refund->amount);
    if (pledge->state == CF_MODEL_ENDED && cf_chance(world, 50))
        record_fee(world, pledge, 15, true, 0); /* nobody's but the platform's */
}

/* -- Refunds -------------------------------------------------------------------------------- */

/* What comes back of the platform's fee: the cumulative rule of payments.md section 4. */
static int64_t fee_back(struct cf_model_pledge *pledge, int64_t amount)
{
    if (pledge->kept == 0)
        return 0;
    int64_t due = pledge->fee_part * (pledge->asked_after + amount) / pledge->kept;
    int64_t back = due - pledge->fee_back;
    pledge->asked_after += amount;
    pledge->fee_back = due;
    return back;
}

/* R1 and R1'. */
void cf_world_refund(struct cf_world *world, struct cf_model_pledge *pledge, int64_t amount)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    struct cf_model_refund *refund = new_refund(world, pledge, amount, false);
    struct parts parts = {amount};
    int64_t escrow = 0, fee = 0, payable = 0, reserve = 0;
    if (pledge->settled) {
        fee = part(&parts, fee_back(pledge, amount));
        payable = part(&parts, cf_world_payable(world));
        reserve = part(&parts, campaign->reserve);
    } else {
        escrow = part(&parts, cf_world_owed(world, CF_ACCOUNT_ESCROW, &campaign->id));
        pledge->kept -= amount;
    }
    int64_t platform = parts.rest > 0 && cf_chance(world, 20) ? part(&parts, parts.rest) : 0;
    CF_HAPPENS(world, PLEDGE_REFUND_REQUESTED, pledge_refund_requested, pledge->id, campaign->id,
               world->creator, refund->id, world->currency, cf_minor(amount),
               CF_REFUND_REASON_REQUESTED_BY_BACKER,
               cf_chance(world, 20) ? CF_INITIATOR_PROVIDER : CF_INITIATOR_BACKER,
               cf_world_token(world, "ch", 1), cf_minor(escrow), cf_minor(fee), cf_minor(payable),
               cf_minor(reserve), cf_minor(parts.rest), cf_minor(platform));
    cf_world_move(world, CF_ACCOUNT_ESCROW, &campaign->id, CF_ACCOUNT_REFUNDS_PAYABLE, NULL,
                  escrow);
    cf_world_move(world, CF_ACCOUNT_PLATFORM_FEE, NULL, CF_ACCOUNT_REFUNDS_PAYABLE, NULL, fee);
    cf_world_move(world, CF_ACCOUNT_PAYABLE, &world->creator, CF_ACCOUNT_REFUNDS_PAYABLE, NULL,
                  payable);
    cf_world_move(world, CF_ACCOUNT_RESERVE, &world->creator, CF_ACCOUNT_REFUNDS_PAYABLE, NULL,
                  reserve);
    cf_world_move(world, CF_ACCOUNT_RECEIVABLE, &world->creator, CF_ACCOUNT_REFUNDS_PAYABLE, NULL,
                  parts.rest);
    cf_world_move(world, CF_ACCOUNT_DISPUTE_LOSS, NULL, CF_ACCOUNT_REFUNDS_PAYABLE, NULL, platform);
    campaign->reserve -= reserve;
    world->fees_taken -= fee;
    pledge->asked_back += amount;
}

/* R2. */
static void refund_leaves(struct cf_world *world, struct cf_model_refund *refund)
{
    struct cf_model_pledge *pledge = &world->pledges[refund->pledge];
    CF_HAPPENS(world, PLEDGE_REFUND_SUCCEEDED, pledge_refund_succeeded, pledge->id,
               cf_campaign_of(world, pledge)->id, refund->id, world->currency,
               cf_minor(refund->amount), cf_world_token(world, "re", cf_world_number(world)));
    cf_world_move(world, CF_ACCOUNT_REFUNDS_PAYABLE, NULL, CF_ACCOUNT_PSP_AVAILABLE, NULL,
                  refund->amount);
    refund->state = CF_MODEL_LEFT;
    if (!refund->orphaned)
        pledge->gone += refund->amount;
}

/* R3 where it had left. */
static void refund_fails(struct cf_world *world, struct cf_model_refund *refund)
{
    struct cf_model_pledge *pledge = &world->pledges[refund->pledge];
    bool returned = refund->state == CF_MODEL_LEFT;
    CF_HAPPENS(world, PLEDGE_REFUND_FAILED, pledge_refund_failed, pledge->id,
               cf_campaign_of(world, pledge)->id, refund->id, world->currency,
               cf_minor(refund->amount), CF_BYTES_LITERAL("declined"), returned);
    refund->state = CF_MODEL_FAILED;
    if (!returned)
        return;
    cf_world_move(world, CF_ACCOUNT_PSP_AVAILABLE, NULL, CF_ACCOUNT_REFUNDS_PAYABLE, NULL,
                  refund->amount);
    if (!refund->orphaned)
        pledge->gone -= refund->amount;
}

static void refund_mended(struct cf_world *world, struct cf_model_refund *refund)
{
    struct cf_model_pledge *pledge = &world->pledges[refund->pledge];
    const struct cf_id *campaign = &cf_campaign_of(world, pledge)->id;
    if (cf_chance(world, 50)) {
        CF_HAPPENS(world, PLEDGE_REFUND_RETRIED, pledge_refund_retried, pledge->id, *campaign,
                   refund->id, world->currency, cf_minor(refund->amount),
                   cf_world_token(world, "ch", 1), ++refund->attempt);
        refund->state = CF_MODEL_ASKED;
        return;
    }
    CF_HAPPENS(world, PLEDGE_REFUND_PAID_OTHERWISE, pledge_refund_paid_otherwise, pledge->id,
               *campaign, refund->id, world->currency, cf_minor(refund->amount),
               CF_BYTES_LITERAL("transfer 4711"));
    cf_world_move(world, CF_ACCOUNT_REFUNDS_PAYABLE, NULL, CF_ACCOUNT_BANK, NULL, refund->amount);
    refund->state = CF_MODEL_DONE;
    if (!refund->orphaned)
        pledge->gone += refund->amount;
}

/* D1 and D3, or D4' and what sets it off: no creator has a part in it. */
static void orphan_disputed(struct cf_world *world, struct cf_model_refund *refund)
{
    struct cf_model_pledge *pledge = &world->pledges[refund->pledge];
    const struct cf_id *campaign = &cf_campaign_of(world, pledge)->id;
    struct cf_money amount = cf_minor(refund->amount);
    CF_HAPPENS(world, PLEDGE_ORPHAN_DISPUTED, pledge_orphan_disputed, pledge->id, *campaign,
               refund->id, world->currency, amount, cf_minor(1500), cf_world_token(world, "dp", 1),
               cf_world_token(world, "txn", 1));
    cf_world_move(world, CF_ACCOUNT_DISPUTE_FEE, NULL, CF_ACCOUNT_PSP_AVAILABLE, NULL, 1500);
    if (refund->state != CF_MODEL_FAILED || cf_chance(world, 50)) {
        CF_HAPPENS(world, PLEDGE_ORPHAN_DISPUTE_WON, pledge_orphan_dispute_won, pledge->id,
                   *campaign, refund->id, world->currency, amount, cf_world_token(world, "dp", 1),
                   cf_world_token(world, "txn", 2), cf_minor(1500));
        cf_world_move(world, CF_ACCOUNT_PSP_AVAILABLE, NULL, CF_ACCOUNT_DISPUTE_FEE, NULL, 1500);
        return;
    }
    CF_HAPPENS(world, PLEDGE_ORPHAN_DISPUTE_LOST, pledge_orphan_dispute_lost, pledge->id, *campaign,
               refund->id, world->currency, amount, cf_world_token(world, "dp", 1));
    cf_world_move(world, CF_ACCOUNT_DISPUTE_LOSS, NULL, CF_ACCOUNT_PSP_AVAILABLE, NULL,
                  refund->amount);
    CF_HAPPENS(world, PLEDGE_REFUND_COVERED, pledge_refund_covered, pledge->id, *campaign,
               refund->id, world->currency, amount);
    cf_world_move(world, CF_ACCOUNT_REFUNDS_PAYABLE, NULL, CF_ACCOUNT_DISPUTE_LOSS, NULL,
                  refund->amount);
    refund->state = CF_MODEL_DONE;
}

void cf_world_refund_step(struct cf_world *world, struct cf_model_refund *refund, bool finish)
{
    const struct cf_model_pledge *pledge = &world->pledges[refund->pledge];
    if (refund->orphaned && refund->state <= CF_MODEL_FAILED && cf_chance(world, 20))
        orphan_disputed(world, refund);
    /* What comes back of a wholly refunded pledge that was charged back meanwhile stays away. */
    if (refund->state == CF_MODEL_LEFT && (finish || pledge->state == CF_MODEL_CHARGED_BACK))
        refund->state = CF_MODEL_DONE;
    else if (refund->state == CF_MODEL_LEFT && cf_chance(world, 15))
        refund_fails(world, refund);
    else if (refund->state == CF_MODEL_LEFT)
        refund->state = CF_MODEL_DONE;
    else if (refund->state == CF_MODEL_FAILED)
        refund_mended(world, refund);
    else if (refund->state == CF_MODEL_ASKED && !finish && cf_chance(world, 25))
        refund_fails(world, refund);
    else if (refund->state == CF_MODEL_ASKED)
        refund_leaves(world, refund);
}

/* -- Disputes ------------------------------------------------------------------------------- */

/* D1, D1', D2. The creator's share is held once it is the creator's. */
void cf_world_dispute(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    int64_t amount = pledge->charged - pledge->asked_back;
    int64_t passed_on = cf_chance(world, 50) ? 1500 : 0;
    int64_t share = amount;
    if (pledge->settled)
        share -= pledge->fee_part - pledge->fee_back;
    struct parts parts = {pledge->settled && share > 0 ? share : 0};
    pledge->dispute_hold = parts.rest;
    int64_t payable = part(&parts, cf_world_payable(world));
    int64_t reserve = part(&parts, campaign->reserve);
    CF_HAPPENS(world, PLEDGE_DISPUTED, pledge_disputed, pledge->id, campaign->id, world->creator,
               world->currency, cf_minor(amount), cf_minor(1500),
               cf_world_token(world, "dp", cf_world_number(world)),
               cf_world_token(world, "txn", cf_world_number(world)), cf_minor(passed_on),
               cf_minor(payable), cf_minor(reserve), cf_minor(parts.rest));
    cf_world_move(world, CF_ACCOUNT_PSP_DISPUTED, NULL, CF_ACCOUNT_PSP_AVAILABLE, NULL, amount);
    cf_world_move(world, CF_ACCOUNT_DISPUTE_FEE, NULL, CF_ACCOUNT_PSP_AVAILABLE, NULL, 1500);
    cf_world_move(world, CF_ACCOUNT_RECEIVABLE, &world->creator, CF_ACCOUNT_CREATOR_DISPUTE_FEE,
                  NULL, passed_on);
    cf_world_move(world, CF_ACCOUNT_PAYABLE, &world->creator, CF_ACCOUNT_DISPUTE_HOLD,
                  &world->creator, payable);
    cf_world_move(world, CF_ACCOUNT_RESERVE, &world->creator, CF_ACCOUNT_DISPUTE_HOLD,
                  &world->creator, reserve);
    cf_world_move(world, CF_ACCOUNT_RECEIVABLE, &world->creator, CF_ACCOUNT_DISPUTE_HOLD,
                  &world->creator, parts.rest);
    campaign->reserve -= reserve;
    pledge->disputed = amount;
    pledge->state = CF_MODEL_DISPUTED;
}

/* D3. */
static void win(struct cf_world *world, struct cf_model_pledge *pledge)
{
    int64_t returned = cf_chance(world, 30) ? 1500 : 0;
    CF_HAPPENS(world, PLEDGE_DISPUTE_WON, pledge_dispute_won, pledge->id,
               cf_campaign_of(world, pledge)->id, world->creator, world->currency,
               cf_minor(pledge->disputed), cf_world_token(world, "dp", 1),
               .balance_transaction = cf_world_token(world, "txn", cf_world_number(world)),
               .fee_returned = cf_minor(returned), .hold_released = cf_minor(pledge->dispute_hold));
    cf_world_move(world, CF_ACCOUNT_PSP_AVAILABLE, NULL, CF_ACCOUNT_PSP_DISPUTED, NULL,
                  pledge->disputed);
    cf_world_move(world, CF_ACCOUNT_PSP_AVAILABLE, NULL, CF_ACCOUNT_DISPUTE_FEE, NULL, returned);
    cf_world_move(world, CF_ACCOUNT_DISPUTE_HOLD, &world->creator, CF_ACCOUNT_PAYABLE,
                  &world->creator, pledge->dispute_hold);
    pledge->state = CF_MODEL_CHARGED;
}

/* D4, D4'. */
static void lose(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    struct parts parts = {pledge->disputed};
    int64_t hold = part(&parts, pledge->dispute_hold);
    int64_t fee = 0, escrow = 0, payable = 0, reserve = 0;
    if (pledge->settled) {
        fee = part(&parts, fee_back(pledge, pledge->disputed));
        payable = part(&parts, cf_world_payable(world));
        reserve = part(&parts, campaign->reserve);
    } else {
        escrow = part(&parts, cf_world_owed(world, CF_ACCOUNT_ESCROW, &campaign->id));
        pledge->kept -= pledge->disputed;
    }
    int64_t receivable = cf_chance(world, 50) ? part(&parts, parts.rest) : 0;
    CF_HAPPENS(world, PLEDGE_DISPUTE_LOST, pledge_dispute_lost, pledge->id, campaign->id,
               world->creator, world->currency, cf_minor(pledge->disputed),
               cf_world_token(world, "dp", 1), cf_minor(hold), cf_minor(fee), cf_minor(escrow),
               cf_minor(parts.rest), cf_minor(payable), cf_minor(reserve), cf_minor(receivable));
    cf_world_move(world, CF_ACCOUNT_DISPUTE_HOLD, &world->creator, CF_ACCOUNT_PSP_DISPUTED, NULL,
                  hold);
    cf_world_move(world, CF_ACCOUNT_PLATFORM_FEE, NULL, CF_ACCOUNT_PSP_DISPUTED, NULL, fee);
    cf_world_move(world, CF_ACCOUNT_ESCROW, &campaign->id, CF_ACCOUNT_PSP_DISPUTED, NULL, escrow);
    cf_world_move(world, CF_ACCOUNT_PAYABLE, &world->creator, CF_ACCOUNT_PSP_DISPUTED, NULL,
                  payable);
    cf_world_move(world, CF_ACCOUNT_RESERVE, &world->creator, CF_ACCOUNT_PSP_DISPUTED, NULL,
                  reserve);
    cf_world_move(world, CF_ACCOUNT_RECEIVABLE, &world->creator, CF_ACCOUNT_PSP_DISPUTED, NULL,
                  receivable);
    cf_world_move(world, CF_ACCOUNT_DISPUTE_LOSS, NULL, CF_ACCOUNT_PSP_DISPUTED, NULL, parts.rest);
    campaign->reserve -= reserve;
    world->fees_taken -= fee;
    pledge->charged_back = pledge->disputed;
    pledge->state = CF_MODEL_CHARGED_BACK;
}

void cf_world_end_dispute(struct cf_world *world, struct cf_model_pledge *pledge)
{
    if (cf_chance(world, 50))
        win(world, pledge);
    else
        lose(world, pledge);
    pledge->disputed = 0;
    pledge->dispute_hold = 0;
}

/* R1''. */
static void reimburse(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    int64_t fee = pledge->fee;
    bool escrow = !campaign->settled_once;
    CF_HAPPENS(world, PLEDGE_PROCESSOR_FEE_REIMBURSED, pledge_processor_fee_reimbursed, pledge->id,
               campaign->id, world->creator, world->currency, cf_minor(fee),
               cf_minor(escrow ? fee : 0), cf_minor(escrow ? 0 : fee));
    cf_world_move(world, CF_ACCOUNT_PROCESSOR_FEE, NULL,
                  escrow ? CF_ACCOUNT_ESCROW : CF_ACCOUNT_PAYABLE,
                  escrow ? &campaign->id : &world->creator, fee);
    pledge->fee = 0;
}

/* Something happens to a pledge that was charged. */
void cf_world_charged_step(struct cf_world *world, struct cf_model_pledge *pledge)
{
    struct cf_model_campaign *campaign = cf_campaign_of(world, pledge);
    int64_t left = pledge->charged - pledge->asked_back;
    if (!pledge->fee_known && cf_chance(world, 50)) {
        cf_world_record_fee(world, pledge);
    } else if (pledge->available > 0 && cf_chance(world, 50)) {
        cf_world_make_available(world, pledge);
    } else if (pledge->state == CF_MODEL_DISPUTED) {
        cf_world_end_dispute(world, pledge);
    } else if (pledge->state != CF_MODEL_CHARGED || left == 0) {
        return;
    } else if (cf_chance(world, 20) && world->refund_count < CF_WORLD_REFUNDS_MAX - 40) {
        int64_t amount = cf_chance(world, 40) ? left : cf_random_between(&world->random, 1, left);
        cf_world_refund(world, pledge, amount);
    } else if (cf_chance(world, 8)) {
        CF_HAPPENS(world, PLEDGE_DISPUTE_WARNED, pledge_dispute_warned, pledge->id, campaign->id,
                   cf_world_token(world, "issfr", cf_world_number(world)),
                   CF_DISPUTE_STAGE_EARLY_FRAUD_WARNING);
    } else if (cf_chance(world, 12)) {
        cf_world_dispute(world, pledge);
    } else if (cf_chance(world, 10) && pledge->fee > 0 && pledge->asked_back > 0 &&
               campaign->bearer == CF_BEARER_CREATOR && campaign->phase != CF_MODEL_WINDING_DOWN) {
        reimburse(world, pledge);
    } else if (cf_chance(world, 5)) {
        cf_world_orphan(world, pledge);
    }
}
