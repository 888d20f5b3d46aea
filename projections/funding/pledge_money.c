/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pledges whose money is taken: captures, refunds, disputes.
 */
#include "projections/funding/share.h"

#define CF_ON_MODEL funding
#define CF_READS_FILE "projections/funding/reads.def"
#include "projections/reads.h"

CF_ON(pledge_capture_requested)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    cf_share_move(share.pledge, "capturing");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_captured)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    struct cf_row_pledge *pledge = share.pledge;
    if (cf_id_is_zero(pledge->backer))
        pledge->backer = event->backer_id;
    cf_share_take(fold, &pledge->held, event->from_authorized);
    cf_share_take(fold, &pledge->promised, event->from_pledged);
    cf_share_give(fold, &pledge->captured, event->amount);
    pledge->captured_at_us = fold->time_us;
    pledge->capture_before_us = pledge->retry_at_us = 0;
    cf_fold_set(fold, &pledge->intent, event->intent);
    cf_fold_set(fold, &pledge->charge, event->charge);
    cf_share_move(pledge, "captured");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_fee_recorded)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    cf_share_give(fold, &share.pledge->fee, event->fee);
    return cf_share_end(fold, &share);
}

/* -- Refunds -------------------------------------------------------------------------------- */

/* Where a pledge with captured money stands, its dispute aside. */
static const char *state_at_rest(const struct cf_row_pledge *pledge)
{
    if (pledge->refunds_open > 0)
        return "refund_pending";
    if (pledge->refunds_failed > 0)
        return "refund_failed";
    if (pledge->refunded == 0)
        return "captured";
    return pledge->refunded < pledge->captured ? "partially_refunded" : "refunded";
}

/* A refund of money that was captured moves its pledge; a dispute, or its loss, outranks it. */
static void move_refund(struct cf_fold *fold, struct cf_share *share, struct cf_row_refund *refund,
                        const char *to)
{
    struct cf_row_pledge *pledge = share->pledge;
    struct cf_word from = refund->state, now = cf_word_of(to);
    bool had_left = cf_word_is(&from, "succeeded") || cf_word_is(&from, "paid_otherwise");
    bool has_left = cf_word_is(&now, "succeeded") || cf_word_is(&now, "paid_otherwise");
    refund->state = now;
    refund->ended_at_us = cf_word_is(&now, "requested") ? 0 : fold->time_us;
    if (refund->is_orphaned)
        return;
    cf_fold_add(fold, &pledge->refunds_open,
                cf_word_is(&now, "requested") - cf_word_is(&from, "requested"));
    cf_fold_add(fold, &pledge->refunds_failed,
                cf_word_is(&now, "failed") - cf_word_is(&from, "failed"));
    cf_fold_add(fold, &pledge->refunded, refund->amount * (has_left - had_left));
    if (!cf_share_in(share, "disputed") && !cf_share_in(share, "charged_back"))
        cf_share_move(pledge, state_at_rest(pledge));
}

static enum cf_status get_refund(struct cf_fold *fold, struct cf_id refund,
                                 struct cf_row_refund **ret_refund)
{
    return cf_row_get_refund(fold, &(struct cf_row_refund){.refund = refund}, ret_refund);
}

CF_ON(pledge_refund_requested)
{
    struct cf_row_refund *refund = NULL;
    CF_TRY(get_refund(fold, event->refund_id, &refund));
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    refund->pledge = event->pledge_id;
    refund->campaign = event->campaign_id;
    refund->currency = cf_word_of(cf_currency_letters(event->currency));
    refund->amount = cf_money_minor(event->amount);
    refund->reason = cf_word_of(cf_refund_reason_name(event->reason));
    refund->initiator = cf_word_of(cf_initiator_name(event->initiator));
    refund->attempt = 1;
    refund->requested_at_us = fold->time_us;
    cf_share_give(fold, &share.pledge->refund_requested, event->amount);
    move_refund(fold, &share, refund, "requested");
    return cf_share_end(fold, &share);
}

/* Money for a pledge that had ended is no part of its sums: it is owed back at once. */
CF_ON(pledge_money_orphaned)
{
    struct cf_row_refund *refund = NULL;
    CF_TRY(get_refund(fold, event->refund_id, &refund));
    refund->pledge = event->pledge_id;
    refund->campaign = event->campaign_id;
    refund->currency = cf_word_of(cf_currency_letters(event->currency));
    refund->amount = cf_money_minor(event->amount);
    refund->reason = cf_word_of(cf_refund_reason_name(CF_REFUND_REASON_ORPHANED_MONEY));
    refund->initiator = cf_word_of(cf_initiator_name(CF_INITIATOR_SYSTEM));
    refund->is_orphaned = true;
    refund->attempt = 1;
    refund->requested_at_us = fold->time_us;
    refund->state = cf_word_of("requested");
    return CF_OK;
}

/* The news of one refund that is there. */
static enum cf_status on_refund(struct cf_fold *fold, struct cf_id pledge, struct cf_id campaign,
                                struct cf_id refund_id, const char *to,
                                struct cf_row_refund **ret_refund)
{
    CF_TRY(get_refund(fold, refund_id, ret_refund));
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, pledge, campaign, &share));
    move_refund(fold, &share, *ret_refund, to);
    return cf_share_end(fold, &share);
}

CF_ON(pledge_refund_succeeded)
{
    struct cf_row_refund *refund = NULL;
    CF_TRY(on_refund(fold, event->pledge_id, event->campaign_id, event->refund_id, "succeeded",
                     &refund));
    cf_fold_set(fold, &refund->provider_reference, event->refund);
    return CF_OK;
}

CF_ON(pledge_refund_failed)
{
    struct cf_row_refund *refund = NULL;
    CF_TRY(
        on_refund(fold, event->pledge_id, event->campaign_id, event->refund_id, "failed", &refund));
    cf_fold_set(fold, &refund->failure, event->reason);
    return CF_OK;
}

CF_ON(pledge_refund_retried)
{
    struct cf_row_refund *refund = NULL;
    CF_TRY(on_refund(fold, event->pledge_id, event->campaign_id, event->refund_id, "requested",
                     &refund));
    refund->attempt = event->attempt;
    return CF_OK;
}

CF_ON(pledge_refund_paid_otherwise)
{
    struct cf_row_refund *refund = NULL;
    CF_TRY(on_refund(fold, event->pledge_id, event->campaign_id, event->refund_id, "paid_otherwise",
                     &refund));
    cf_fold_set(fold, &refund->provider_reference, event->reference);
    return CF_OK;
}

/* -- Disputes ------------------------------------------------------------------------------- */

CF_ON(pledge_dispute_warned)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    share.pledge->is_warned = true;
    return cf_share_end(fold, &share);
}

CF_ON(pledge_disputed)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    share.pledge->disputed = cf_money_minor(event->amount);
    cf_share_move(share.pledge, "disputed");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_dispute_won)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    share.pledge->disputed = 0;
    cf_share_move(share.pledge, state_at_rest(share.pledge));
    return cf_share_end(fold, &share);
}

CF_ON(pledge_dispute_lost)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    share.pledge->disputed = 0;
    cf_share_give(fold, &share.pledge->charged_back, event->amount);
    cf_share_move(share.pledge, "charged_back");
    return cf_share_end(fold, &share);
}
