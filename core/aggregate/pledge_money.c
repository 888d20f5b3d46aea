/* SPDX-License-Identifier: Apache-2.0 */
/* A pledge whose money was taken: fee, refunds, disputes, and money that came too late. */
#include "core/aggregate/evolve_private.h"
#include "core/aggregate/pledge.h"

/* The settlement that the pledge is part of has not been made yet. */
static bool cf_pledge_is_unsettled(const struct cf_pledge_turn *turn)
{
    return turn->campaign->settled_rounds < turn->pledge->settle_round;
}

/* What the pledge brings into its settlement becomes less. */
static void cf_pledge_keep_less(struct cf_pledge_turn *turn, struct cf_money by)
{
    cf_turn_lose(turn->turn, &turn->pledge->kept_minor, by);
    cf_turn_lose(turn->turn, &turn->campaign->unsettled_minor, by);
}

struct cf_money cf_pledge_twice_back(const struct cf_pledge *pledge, struct cf_money amount)
{
    int64_t left =
        pledge->captured_minor - pledge->refund_requested_minor - pledge->charged_back_minor;
    int64_t twice = cf_money_minor(amount) - left;
    return cf_money_of(twice > 0 ? twice : 0);
}

/* Money goes back, some of it a second time, which the platform bears; returns the rest. */
static struct cf_money cf_pledge_goes_back(struct cf_pledge_turn *turn, struct cf_money amount,
                                           struct cf_money from_platform)
{
    struct cf_money twice = cf_pledge_twice_back(turn->pledge, amount);
    int64_t once = cf_money_minor(amount);
    cf_turn_expect(turn->turn, cf_money_compare(from_platform, twice) >= 0,
                   "the platform does not bear what goes back twice");
    cf_turn_gain(turn->turn, &turn->pledge->twice_back_minor, twice);
    cf_turn_lose(turn->turn, &once, twice);
    return cf_money_of(once);
}

/* The state of a charged pledge that is not disputed, by its sums: no order of news matters. */
static enum cf_pledge_state cf_pledge_at_rest(const struct cf_pledge *pledge)
{
    if (pledge->refunds_open > 0)
        return CF_PLEDGE_REFUND_PENDING;
    if (pledge->refunds_failed > 0)
        return CF_PLEDGE_REFUND_FAILED;
    if (pledge->refunded_minor == 0)
        return CF_PLEDGE_CAPTURED;
    return pledge->refunded_minor < pledge->captured_minor ? CF_PLEDGE_PARTIALLY_REFUNDED
                                                           : CF_PLEDGE_REFUNDED;
}

/* As above, unless a dispute or its loss outranks refunds. */
static void cf_pledge_rest(struct cf_pledge_turn *turn)
{
    if (turn->pledge->state != CF_PLEDGE_DISPUTED && turn->pledge->state != CF_PLEDGE_CHARGED_BACK)
        turn->to = cf_pledge_at_rest(turn->pledge);
}

void cf_pledge_on_captured(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_captured *captured = &turn->turn->event->pledge_captured;
    struct cf_pledge *pledge = turn->pledge;
    struct cf_campaign *campaign = turn->campaign;
    cf_turn_expect(turn->turn, cf_money_minor(captured->amount) == pledge->amount_minor,
                   "another amount than the pledge's");
    cf_turn_expect(turn->turn, captured->late == (pledge->late != 0),
                   "late, or not, unlike the pledge");
    cf_pledge_memo_lose(turn, captured->from_pledged, captured->from_authorized);
    cf_turn_expect(turn->turn,
                   pledge->memo_pledged_minor == 0 && pledge->memo_authorized_minor == 0,
                   "a captured pledge leaves something in the memo balances");
    pledge->captured_minor = pledge->amount_minor;
    pledge->kept_minor = pledge->amount_minor;
    pledge->settle_round = campaign->settled_rounds + 1;
    pledge->capture_before_us = 0;
    pledge->decline = CF_DECLINE_NONE;
    pledge->retryable = 0;
    cf_turn_token(turn->turn, &pledge->intent, captured->intent);
    cf_turn_token(turn->turn, &pledge->charge, captured->charge);
    cf_turn_lookup(turn->turn, CF_LOOKUP_INTENT, captured->intent, turn->turn->id);
    cf_turn_lookup(turn->turn, CF_LOOKUP_CHARGE, captured->charge, turn->turn->id);
    cf_turn_gain(turn->turn, &campaign->captured_minor, captured->amount);
    cf_turn_gain(turn->turn, &campaign->unsettled_minor, captured->amount);
    if (captured->late)
        cf_turn_gain(turn->turn, &campaign->late_captured_minor, captured->amount);
    else
        cf_turn_count(turn->turn, &campaign->fees_missing, 1);
    turn->to = CF_PLEDGE_CAPTURED;
}

/* What a charge brought, less its fee, waits to become available. */
static void cf_pledge_pend(struct cf_pledge_turn *turn, struct cf_money gross, struct cf_money fee)
{
    cf_turn_gain(turn->turn, &turn->pledge->pending_minor, gross);
    cf_turn_lose(turn->turn, &turn->pledge->pending_minor,
                 cf_money_smaller(fee, cf_money_of(turn->pledge->pending_minor)));
}

void cf_pledge_on_fee_recorded(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_fee_recorded *recorded = &turn->turn->event->pledge_fee_recorded;
    struct cf_pledge *pledge = turn->pledge;
    const struct cf_money parts[] = {recorded->from_escrow, recorded->from_payable,
                                     recorded->from_receivable, recorded->from_platform};
    cf_turn_parts(turn->turn, recorded->fee, parts, 4);
    cf_turn_gain(turn->turn, &pledge->processor_fee_minor, recorded->fee);
    cf_turn_gain(turn->turn, &turn->campaign->fees_minor, recorded->fee);
    cf_turn_lookup(turn->turn, CF_LOOKUP_BALANCE_TRANSACTION, recorded->balance_transaction,
                   turn->turn->id);
    if (pledge->captured_minor == 0 || pledge->fee_recorded) { /* of money that came too late */
        cf_pledge_pend(turn, cf_money_of(pledge->orphaned_minor), recorded->fee);
        pledge->orphaned_minor = 0;
        if (cf_token_is_empty(&pledge->balance_transaction))
            cf_turn_token(turn->turn, &pledge->balance_transaction, recorded->balance_transaction);
        return;
    }
    pledge->fee_recorded = 1;
    cf_pledge_pend(turn, cf_money_of(pledge->captured_minor), recorded->fee);
    cf_turn_token(turn->turn, &pledge->balance_transaction, recorded->balance_transaction);
    if (!pledge->late)
        cf_turn_count(turn->turn, &turn->campaign->fees_missing, -1);
}

void cf_pledge_on_fee_reimbursed(struct cf_pledge_turn *turn)
{
    cf_turn_gain(turn->turn, &turn->pledge->fee_reimbursed_minor,
                 turn->turn->event->pledge_processor_fee_reimbursed.amount);
    cf_turn_expect(turn->turn,
                   turn->pledge->fee_reimbursed_minor <= turn->pledge->processor_fee_minor,
                   "more of the fee comes back than there was");
}

void cf_pledge_on_funds_available(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_funds_available *available =
        &turn->turn->event->pledge_funds_available;
    cf_turn_gain(turn->turn, &turn->pledge->available_minor, available->amount);
    cf_turn_lose(turn->turn, &turn->pledge->pending_minor,
                 cf_money_smaller(available->amount, cf_money_of(turn->pledge->pending_minor)));
}

/* -- Refunds -------------------------------------------------------------------------------- */

/* The refund of an event, or NULL and a contradiction: it must be this pledge's, and as large. */
static struct cf_refund *cf_pledge_refund(struct cf_pledge_turn *turn,
                                          const struct cf_id *refund_id, struct cf_money amount)
{
    struct cf_refund *refund = cf_book_edit(turn->turn->book, CF_ROW_REFUND, refund_id);
    if (refund == NULL || !cf_id_equal(refund->pledge_id, *turn->turn->id) ||
        refund->amount_minor != cf_money_minor(amount)) {
        cf_turn_wrong(turn->turn, "there is no such refund of this pledge");
        return NULL;
    }
    return refund;
}

/* What is owed for orphaned money, or NULL and a contradiction. */
static struct cf_refund *cf_pledge_orphan(struct cf_pledge_turn *turn,
                                          const struct cf_id *refund_id)
{
    struct cf_refund *refund = cf_book_edit(turn->turn->book, CF_ROW_REFUND, refund_id);
    if (refund == NULL || !cf_id_equal(refund->pledge_id, *turn->turn->id) || !refund->orphaned) {
        cf_turn_wrong(turn->turn, "there is no such orphaned money of this pledge");
        return NULL;
    }
    return refund;
}

/* Moves a refund from one state to another, and the counts with it. */
static void cf_refund_move(struct cf_pledge_turn *turn, struct cf_refund *refund,
                           enum cf_refund_state to)
{
    static const uint8_t open[] = {[CF_REFUND_REQUESTED] = 1, [CF_REFUND_COVERED] = 0};
    static const uint8_t failed[] = {[CF_REFUND_FAILED] = 1, [CF_REFUND_COVERED] = 0};
    static const uint8_t left[] = {
        [CF_REFUND_SUCCEEDED] = 1, [CF_REFUND_PAID_OTHERWISE] = 1, [CF_REFUND_COVERED] = 0};
    int from = refund->state;
    struct cf_pledge *pledge = turn->pledge;
    cf_turn_count(turn->turn, &turn->campaign->refunds_open,
                  open[to] + failed[to] - open[from] - failed[from]);
    if (!refund->orphaned) {
        cf_turn_count(turn->turn, &pledge->refunds_open, open[to] - open[from]);
        cf_turn_count(turn->turn, &pledge->refunds_failed, failed[to] - failed[from]);
        if (left[to] > left[from])
            cf_turn_gain(turn->turn, &pledge->refunded_minor, cf_money_of(refund->amount_minor));
        else if (left[to] < left[from])
            cf_turn_lose(turn->turn, &pledge->refunded_minor, cf_money_of(refund->amount_minor));
        cf_pledge_rest(turn);
    }
    refund->state = (uint8_t)to;
}

static struct cf_refund *cf_refund_begin(struct cf_pledge_turn *turn, const struct cf_id *refund_id,
                                         struct cf_money amount, struct cf_bytes charge,
                                         enum cf_refund_reason reason, bool orphaned)
{
    struct cf_refund *refund = cf_book_make(turn->turn->book, CF_ROW_REFUND, refund_id);
    if (refund->state != CF_REFUND_NONE)
        cf_turn_wrong(turn->turn, "there is such a refund already");
    refund->pledge_id = *turn->turn->id;
    refund->amount_minor = cf_money_minor(amount);
    cf_turn_token(turn->turn, &refund->charge, charge);
    refund->reason = (uint8_t)reason;
    refund->orphaned = orphaned;
    refund->attempt = 1;
    if (!orphaned) {
        refund->previous = turn->pledge->newest_refund;
        turn->pledge->newest_refund = *refund_id;
    }
    return refund;
}

void cf_pledge_on_refund_requested(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_refund_requested *requested =
        &turn->turn->event->pledge_refund_requested;
    struct cf_pledge *pledge = turn->pledge;
    struct cf_money once = cf_pledge_goes_back(turn, requested->amount, requested->from_platform);
    struct cf_money twice = cf_money_of(cf_money_minor(requested->amount) - cf_money_minor(once));
    cf_turn_gain(turn->turn, &pledge->refund_requested_minor, requested->amount);
    /* As if it had been known when the dispute was lost. */
    cf_turn_lose(turn->turn, &pledge->charged_back_minor, twice);
    cf_turn_lose(turn->turn, &turn->campaign->charged_back_minor, twice);
    cf_turn_expect(turn->turn, pledge->refund_requested_minor <= pledge->captured_minor,
                   "more is asked back than was captured");
    cf_turn_gain(turn->turn, &turn->campaign->refunded_minor, requested->amount);
    cf_turn_lose(turn->turn, &turn->campaign->reserve_minor, requested->from_reserve);
    if (cf_pledge_is_unsettled(turn)) {
        cf_pledge_keep_less(turn, once);
    } else {
        cf_turn_gain(turn->turn, &pledge->refunded_settled_minor, requested->amount);
        cf_turn_gain(turn->turn, &pledge->fee_returned_minor, requested->from_platform_fee);
    }
    cf_refund_move(turn,
                   cf_refund_begin(turn, &requested->refund_id, requested->amount,
                                   requested->charge, requested->reason, false),
                   CF_REFUND_REQUESTED);
}

void cf_pledge_on_refund_succeeded(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_refund_succeeded *succeeded =
        &turn->turn->event->pledge_refund_succeeded;
    struct cf_refund *refund = cf_pledge_refund(turn, &succeeded->refund_id, succeeded->amount);
    if (refund == NULL)
        return;
    cf_turn_expect(turn->turn,
                   refund->state == CF_REFUND_REQUESTED || refund->state == CF_REFUND_FAILED,
                   "the refund has left already");
    cf_turn_token(turn->turn, &refund->refund, succeeded->refund);
    cf_turn_lookup(turn->turn, CF_LOOKUP_REFUND, succeeded->refund, &succeeded->refund_id);
    cf_refund_move(turn, refund, CF_REFUND_SUCCEEDED);
}

void cf_pledge_on_refund_failed(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_refund_failed *failed = &turn->turn->event->pledge_refund_failed;
    struct cf_refund *refund = cf_pledge_refund(turn, &failed->refund_id, failed->amount);
    if (refund == NULL)
        return;
    cf_turn_expect(turn->turn,
                   refund->state == CF_REFUND_REQUESTED || refund->state == CF_REFUND_SUCCEEDED,
                   "the refund is neither under way nor has it left");
    cf_turn_expect(turn->turn, failed->returned == (refund->state == CF_REFUND_SUCCEEDED),
                   "money comes back that had not left, or the other way round");
    cf_refund_move(turn, refund, CF_REFUND_FAILED);
}

void cf_pledge_on_refund_retried(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_refund_retried *retried =
        &turn->turn->event->pledge_refund_retried;
    struct cf_refund *refund = cf_pledge_refund(turn, &retried->refund_id, retried->amount);
    if (refund == NULL)
        return;
    cf_turn_expect(turn->turn, refund->state == CF_REFUND_FAILED, "the refund has not failed");
    refund->attempt = retried->attempt;
    cf_turn_token(turn->turn, &refund->refund, (struct cf_bytes){0});
    cf_refund_move(turn, refund, CF_REFUND_REQUESTED);
}

void cf_pledge_on_refund_paid_otherwise(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_refund_paid_otherwise *paid =
        &turn->turn->event->pledge_refund_paid_otherwise;
    struct cf_refund *refund = cf_pledge_refund(turn, &paid->refund_id, paid->amount);
    if (refund == NULL)
        return;
    cf_turn_expect(turn->turn, refund->state == CF_REFUND_FAILED, "the refund has not failed");
    cf_refund_move(turn, refund, CF_REFUND_PAID_OTHERWISE);
}

void cf_pledge_on_money_orphaned(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_money_orphaned *orphaned =
        &turn->turn->event->pledge_money_orphaned;
    cf_turn_lookup(turn->turn, CF_LOOKUP_INTENT, orphaned->intent, turn->turn->id);
    cf_turn_gain(turn->turn, &turn->pledge->orphaned_minor, orphaned->amount);
    cf_turn_lookup(turn->turn, CF_LOOKUP_CHARGE, orphaned->charge, turn->turn->id);
    cf_turn_lookup(turn->turn, CF_LOOKUP_ORPHAN, orphaned->charge, &orphaned->refund_id);
    cf_refund_move(turn,
                   cf_refund_begin(turn, &orphaned->refund_id, orphaned->amount, orphaned->charge,
                                   CF_REFUND_REASON_ORPHANED_MONEY, true),
                   CF_REFUND_REQUESTED);
}

/* -- Disputes ------------------------------------------------------------------------------- */

void cf_pledge_on_dispute_warned(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_dispute_warned *warned = &turn->turn->event->pledge_dispute_warned;
    turn->pledge->warned = 1;
    cf_turn_lookup(turn->turn, CF_LOOKUP_DISPUTE, warned->reference, turn->turn->id);
}

static void cf_pledge_count_dispute(struct cf_pledge_turn *turn, int by)
{
    struct cf_campaign *campaign = turn->campaign;
    struct cf_creator *creator =
        cf_turn_creator(turn->turn, &campaign->creator_id, (enum cf_currency)campaign->currency);
    cf_turn_count(turn->turn, &campaign->disputes_open, by);
    cf_turn_count(turn->turn, &creator->open_disputes, by);
}

void cf_pledge_on_disputed(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_disputed *disputed = &turn->turn->event->pledge_disputed;
    struct cf_pledge *pledge = turn->pledge;
    pledge->disputed_minor = cf_money_minor(disputed->amount);
    cf_turn_expect(turn->turn, pledge->disputed_minor <= pledge->captured_minor,
                   "more is disputed than was captured");
    cf_turn_gain(turn->turn, &pledge->dispute_hold_minor, disputed->hold_from_payable);
    cf_turn_gain(turn->turn, &pledge->dispute_hold_minor, disputed->hold_from_reserve);
    cf_turn_gain(turn->turn, &pledge->dispute_hold_minor, disputed->hold_from_receivable);
    cf_turn_lose(turn->turn, &turn->campaign->reserve_minor, disputed->hold_from_reserve);
    cf_turn_token(turn->turn, &pledge->dispute, disputed->dispute);
    cf_turn_lookup(turn->turn, CF_LOOKUP_DISPUTE, disputed->dispute, turn->turn->id);
    cf_turn_lookup(turn->turn, CF_LOOKUP_BALANCE_TRANSACTION, disputed->balance_transaction,
                   turn->turn->id);
    cf_pledge_count_dispute(turn, 1);
    turn->to = CF_PLEDGE_DISPUTED;
}

void cf_pledge_on_dispute_won(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_dispute_won *won = &turn->turn->event->pledge_dispute_won;
    struct cf_pledge *pledge = turn->pledge;
    cf_turn_expect(turn->turn,
                   pledge->disputed_minor == cf_money_minor(won->amount) &&
                       pledge->dispute_hold_minor == cf_money_minor(won->hold_released),
                   "another amount than the dispute's or its hold's");
    pledge->disputed_minor = 0;
    pledge->dispute_hold_minor = 0;
    cf_turn_lookup(turn->turn, CF_LOOKUP_BALANCE_TRANSACTION, won->balance_transaction,
                   turn->turn->id);
    cf_pledge_count_dispute(turn, -1);
    turn->to = cf_pledge_at_rest(pledge);
}

void cf_pledge_on_dispute_lost(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_dispute_lost *lost = &turn->turn->event->pledge_dispute_lost;
    struct cf_pledge *pledge = turn->pledge;
    cf_turn_expect(turn->turn,
                   pledge->disputed_minor == cf_money_minor(lost->amount) &&
                       pledge->dispute_hold_minor == cf_money_minor(lost->from_hold),
                   "another amount than the dispute's or its hold's");
    pledge->disputed_minor = 0;
    pledge->dispute_hold_minor = 0;
    struct cf_money once = cf_pledge_goes_back(turn, lost->amount, lost->from_platform);
    cf_turn_gain(turn->turn, &pledge->charged_back_minor, once);
    cf_turn_gain(turn->turn, &turn->campaign->charged_back_minor, once);
    cf_turn_lose(turn->turn, &turn->campaign->reserve_minor, lost->from_reserve);
    if (cf_pledge_is_unsettled(turn))
        cf_pledge_keep_less(turn, once);
    else
        cf_turn_gain(turn->turn, &pledge->fee_returned_minor, lost->from_platform_fee);
    cf_pledge_count_dispute(turn, -1);
    turn->to = CF_PLEDGE_CHARGED_BACK;
}

/* -- Disputes of money that is not the pledge's own ------------------------------------------ */

void cf_pledge_on_orphan_disputed(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_orphan_disputed *disputed =
        &turn->turn->event->pledge_orphan_disputed;
    struct cf_refund *refund = cf_pledge_orphan(turn, &disputed->refund_id);
    if (refund == NULL)
        return;
    cf_turn_expect(turn->turn, refund->disputed_minor == 0, "the charge is disputed already");
    cf_turn_gain(turn->turn, &refund->disputed_minor, disputed->amount);
    cf_turn_token(turn->turn, &refund->dispute, disputed->dispute);
    cf_turn_lookup(turn->turn, CF_LOOKUP_DISPUTE, disputed->dispute, turn->turn->id);
    cf_turn_lookup(turn->turn, CF_LOOKUP_BALANCE_TRANSACTION, disputed->balance_transaction,
                   turn->turn->id);
    cf_turn_count(turn->turn, &turn->campaign->disputes_open, 1);
}

void cf_pledge_on_orphan_dispute_won(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_orphan_dispute_won *won =
        &turn->turn->event->pledge_orphan_dispute_won;
    struct cf_refund *refund = cf_pledge_orphan(turn, &won->refund_id);
    if (refund == NULL)
        return;
    cf_turn_lose(turn->turn, &refund->disputed_minor, won->amount);
    cf_turn_lookup(turn->turn, CF_LOOKUP_BALANCE_TRANSACTION, won->balance_transaction,
                   turn->turn->id);
    cf_turn_count(turn->turn, &turn->campaign->disputes_open, -1);
}

void cf_pledge_on_orphan_dispute_lost(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_orphan_dispute_lost *lost =
        &turn->turn->event->pledge_orphan_dispute_lost;
    struct cf_refund *refund = cf_pledge_orphan(turn, &lost->refund_id);
    if (refund == NULL)
        return;
    cf_turn_lose(turn->turn, &refund->disputed_minor, lost->amount);
    cf_turn_gain(turn->turn, &refund->lost_minor, lost->amount);
    cf_turn_count(turn->turn, &turn->campaign->disputes_open, -1);
}

/* What the platform lost by a dispute is set off against what it owes for the same charge. */
void cf_pledge_on_refund_covered(struct cf_pledge_turn *turn)
{
    const struct cf_event_pledge_refund_covered *covered =
        &turn->turn->event->pledge_refund_covered;
    struct cf_refund *refund = cf_pledge_refund(turn, &covered->refund_id, covered->amount);
    if (refund == NULL)
        return;
    cf_turn_expect(turn->turn, refund->state == CF_REFUND_FAILED, "the refund has not failed");
    cf_turn_lose(turn->turn,
                 refund->orphaned ? &refund->lost_minor : &turn->pledge->twice_back_minor,
                 covered->amount);
    cf_refund_move(turn, refund, CF_REFUND_COVERED);
}
