/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pledges until their money is taken. Moves follow core/aggregate/pledge_states.def; the log holds
 * no event that its table does not allow, so a handler needs no guard.
 */
#include "projections/funding/items.h"
#include "projections/funding/share.h"

#define CF_ON_MODEL funding
#define CF_READS_FILE "projections/funding/reads.def"
#include "projections/reads.h"

static bool in_checkout(const struct cf_share *share)
{
    return cf_share_in(share, "checkout") || cf_share_in(share, "requires_action");
}

static void set_items(struct cf_fold *fold, struct cf_row_pledge *pledge,
                      const struct cf_items *items)
{
    uint8_t bytes[CF_ITEMS_SIZE_MAX];
    cf_fold_set(fold, &pledge->add_ons, cf_bytes_from(bytes, cf_items_write(items, bytes)));
}

/* -- Checkout ------------------------------------------------------------------------------- */

CF_ON(pledge_checkout_started)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    struct cf_row_pledge *pledge = share.pledge;
    pledge->backer = event->backer_id;
    pledge->reward = event->reward_id;
    pledge->currency = cf_word_of(cf_currency_letters(event->currency));
    pledge->amount = cf_money_minor(event->amount);
    pledge->shipping = cf_money_minor(event->shipping);
    pledge->is_late = event->late;
    pledge->created_at_us = fold->time_us;
    pledge->claim_expires_at_us = event->claim_expires_at;
    pledge->created_at_sequence = fold->sequence;
    set_items(fold, pledge, &event->add_ons);
    cf_fold_set(fold, &pledge->referrer, event->referrer);
    cf_fold_set(fold, &pledge->country, event->country);
    cf_share_move(pledge, "checkout");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_placed)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    struct cf_row_pledge *pledge = share.pledge;
    pledge->backer = event->backer_id;
    pledge->reward = event->reward_id;
    pledge->currency = cf_word_of(cf_currency_letters(event->currency));
    pledge->amount = pledge->promised = cf_money_minor(event->amount);
    pledge->shipping = cf_money_minor(event->shipping);
    pledge->created_at_us = fold->time_us;
    pledge->created_at_sequence = fold->sequence;
    set_items(fold, pledge, &event->add_ons);
    cf_fold_set(fold, &pledge->referrer, event->referrer);
    cf_fold_set(fold, &pledge->country, event->country);
    cf_fold_set(fold, &pledge->payment_method, event->payment_method);
    cf_share_move(pledge, "committed");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_payment_requested)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    cf_fold_set(fold, &share.pledge->payment_method, event->payment_method);
    share.pledge->retry_at_us = 0;
    share.pledge->decline = (struct cf_word){0};
    if (in_checkout(&share))
        cf_share_move(share.pledge, "checkout");
    else
        cf_share_move(share.pledge,
                      event->mode == CF_PAYMENT_MODE_CHARGE ? "capturing" : "authorizing");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_action_required)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, (struct cf_id){0}, &share));
    struct cf_row_pledge *pledge = share.pledge;
    cf_fold_set(fold, &pledge->intent, event->intent);
    if (in_checkout(&share)) {
        cf_share_move(pledge, "requires_action");
    } else if (cf_share_in(&share, "authorizing") && pledge->held > 0) {
        cf_share_move(pledge, "authorized");
    } else {
        pledge->decline = cf_word_of("authentication_required");
        cf_share_move(pledge, "errored");
    }
    return cf_share_end(fold, &share);
}

CF_ON(pledge_committed)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    cf_share_give(fold, &share.pledge->promised, event->amount);
    cf_fold_set(fold, &share.pledge->payment_method, event->payment_method);
    cf_share_move(share.pledge, "committed");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_abandoned)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    share.pledge->ended_at_us = fold->time_us;
    cf_share_move(share.pledge, "abandoned");
    return cf_share_end(fold, &share);
}

/* -- Holding -------------------------------------------------------------------------------- */

CF_ON(pledge_authorized)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    struct cf_row_pledge *pledge = share.pledge;
    cf_share_take(fold, &pledge->promised, event->from_pledged);
    cf_share_take(fold, &pledge->held, event->replaced_amount);
    cf_share_give(fold, &pledge->held, event->amount);
    pledge->capture_before_us = event->capture_before;
    cf_fold_set(fold, &pledge->intent, event->intent);
    cf_share_move(pledge, "authorized");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_payment_failed)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    struct cf_row_pledge *pledge = share.pledge;
    pledge->decline = cf_word_of(cf_decline_name(event->decline));
    pledge->is_retryable = event->retryable;
    cf_share_take(fold, &pledge->held, event->from_authorized);
    cf_share_give(fold, &pledge->promised, event->back_to_pledged);
    if (in_checkout(&share))
        cf_share_move(pledge, "checkout");
    else if (cf_share_in(&share, "authorizing") && pledge->held > 0)
        cf_share_move(pledge, "authorized");
    else
        cf_share_move(pledge, "errored");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_hold_renewal_due)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    cf_share_move(share.pledge, "reauth_due");
    return cf_share_end(fold, &share);
}

CF_ON(pledge_hold_lapsed)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    struct cf_row_pledge *pledge = share.pledge;
    cf_share_take(fold, &pledge->held, event->amount);
    cf_share_give(fold, &pledge->promised, event->amount);
    pledge->capture_before_us = 0;
    if (cf_share_in(&share, "authorizing")) {
        cf_share_move(pledge, "authorizing");
    } else {
        pledge->decline = cf_word_of("hold_lapsed");
        cf_share_move(pledge, "errored");
    }
    return cf_share_end(fold, &share);
}

CF_ON(pledge_grace_retry_scheduled)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, (struct cf_id){0}, &share));
    share.pledge->retry_at_us = event->retry_at;
    return cf_share_end(fold, &share);
}

/* -- What the backer changes ---------------------------------------------------------------- */

CF_ON(pledge_card_replaced)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, (struct cf_id){0}, &share));
    cf_fold_set(fold, &share.pledge->payment_method, event->payment_method);
    return cf_share_end(fold, &share);
}

CF_ON(pledge_amended)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, event->campaign_id, &share));
    struct cf_row_pledge *pledge = share.pledge;
    /* What is added is promised until a hold covers it; what is taken off leaves the hold first. */
    int64_t difference = cf_money_minor(event->amount) - cf_money_minor(event->previous_amount);
    cf_fold_add(fold, &pledge->promised, difference + cf_money_minor(event->from_authorized));
    cf_share_take(fold, &pledge->held, event->from_authorized);
    pledge->amount = cf_money_minor(event->amount);
    pledge->shipping = cf_money_minor(event->shipping);
    pledge->reward = event->reward_id;
    set_items(fold, pledge, &event->add_ons);
    return cf_share_end(fold, &share);
}

CF_ON(pledge_shipping_address_given)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, event->pledge_id, (struct cf_id){0}, &share));
    cf_fold_set(fold, &share.pledge->address, event->address.ciphertext);
    cf_fold_set(fold, &share.pledge->address_key, fold->idempotency_key);
    cf_fold_set(fold, &share.pledge->country, event->country);
    return cf_share_end(fold, &share);
}

/* -- The end without money ------------------------------------------------------------------ */

static enum cf_status end_without_money(struct cf_fold *fold, struct cf_id pledge_id,
                                        struct cf_id campaign_id, struct cf_money from_pledged,
                                        struct cf_money from_authorized, const char *state)
{
    struct cf_share share;
    CF_TRY(cf_share_begin(fold, pledge_id, campaign_id, &share));
    cf_share_take(fold, &share.pledge->promised, from_pledged);
    cf_share_take(fold, &share.pledge->held, from_authorized);
    share.pledge->ended_at_us = fold->time_us;
    share.pledge->retry_at_us = 0;
    cf_share_move(share.pledge, state);
    return cf_share_end(fold, &share);
}

CF_ON(pledge_cancelled)
{
    return end_without_money(fold, event->pledge_id, event->campaign_id, event->from_pledged,
                             event->from_authorized, "cancelled");
}

CF_ON(pledge_dropped)
{
    return end_without_money(fold, event->pledge_id, event->campaign_id, event->from_pledged,
                             event->from_authorized, "dropped");
}

CF_ON(pledge_released)
{
    return end_without_money(fold, event->pledge_id, event->campaign_id, event->from_pledged,
                             event->from_authorized, "released");
}
