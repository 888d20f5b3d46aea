/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_DECIDE_POLICY_H
#define CF_COMMANDS_DECIDE_POLICY_H

/*
 * The platform's rules that are numbers, and the questions that deciders ask of campaigns and
 * pledges: pure functions of rows and time. What reactions need too is in core/policy.h.
 */

#include "core/aggregate/campaign.h"
#include "core/aggregate/payout.h"
#include "core/aggregate/pledge.h"
#include "core/policy.h"

/* A failed payment is tried again after a day, later attempts after two. */
#define CF_POLICY_RETRY_FIRST_US CF_DAY_US
#define CF_POLICY_RETRY_NEXT_US (2 * CF_DAY_US)

/* The least that is paid out, in minor units. */
#define CF_POLICY_PAYOUT_MIN_MINOR 100

/* Pledges that one slice of a run looks at: short enough that users behind it do not wait. */
#define CF_POLICY_RUN_SLICE 64

/* The provider charges amounts of this currency that add up to this one, and this one at once. */
bool cf_policy_chargeable(enum cf_currency currency, struct cf_money amount);
bool cf_policy_pledgeable(enum cf_currency currency, struct cf_money amount);

/* It is at least what the provider charges of this currency. */
bool cf_policy_reaches_least(enum cf_currency currency, struct cf_money amount);

/* This campaign takes a pledge of that much: pledgeable, and not below the least unless that was overridden. */
bool cf_policy_takes(const struct cf_campaign *campaign, struct cf_money amount);

/* The provider opens accounts in this country (two capital letters), and pays out in this currency. */
bool cf_policy_country_offered(struct cf_bytes country);
bool cf_policy_paid_out(enum cf_currency currency);

/* The most of an amount that the provider can pay out at once: there is a largest transfer, and some currencies
 * know whole units alone. */
int64_t cf_policy_payable_part(enum cf_currency currency, int64_t amount_minor);

/* What the provider is asked for a pledge that is made now. */
enum cf_payment_mode cf_policy_mode(const struct cf_campaign *campaign, bool late, int64_t now_us);

/* When a payment that failed now, at its so-many-eth attempt, is tried again; 0 where the grace window
 * ends before. */
int64_t cf_policy_retry_at(const struct cf_campaign *campaign, uint32_t attempt, int64_t now_us);

/* Pledged is near enough to the goal that cards are held before the end. */
bool cf_policy_is_near_goal(const struct cf_campaign *campaign);

/* In the last day, and what is pledged would fall below a reached goal without this much. */
bool cf_policy_goal_rests_on(const struct cf_campaign *campaign, int64_t less_minor,
                             int64_t now_us);

/* Its creator may still change what backers get. */
bool cf_campaign_is_open(const struct cf_campaign *campaign);

/* Its creator may still work on it. */
bool cf_campaign_is_open(const struct cf_campaign *campaign);

/* Its creator may still end it. */
bool cf_campaign_is_cancellable(const struct cf_campaign *campaign);

/* The late phase is open now. */
bool cf_campaign_takes_late_pledges(const struct cf_campaign *campaign, int64_t now_us);

/* A payment for this pledge's checkout may begin, or a hold may still count, now. */
bool cf_campaign_takes_payment(const struct cf_campaign *campaign, const struct cf_pledge *pledge,
                               int64_t now_us);

/* Failed, cancelled, purged or closed: its pledges are let go, and money that comes goes back. */
bool cf_campaign_releases(const struct cf_campaign *campaign);

/* Funded: what was captured is, or was, the creator's. */
bool cf_campaign_is_funded(const struct cf_campaign *campaign);

static inline bool cf_pledge_in_checkout(const struct cf_pledge *pledge)
{
    return pledge->state == CF_PLEDGE_CHECKOUT || pledge->state == CF_PLEDGE_REQUIRES_ACTION;
}

/* The provider waits for the backer's authentication, and may still say yes or no. */
static inline bool cf_pledge_awaits_backer(const struct cf_pledge *pledge)
{
    return pledge->state == CF_PLEDGE_REQUIRES_ACTION ||
           (pledge->state == CF_PLEDGE_ERRORED &&
            pledge->decline == CF_DECLINE_AUTHENTICATION_REQUIRED);
}

/* The provider was asked by the saved card, and has not answered. */
static inline bool cf_pledge_is_under_way(const struct cf_pledge *pledge)
{
    return pledge->state == CF_PLEDGE_AUTHORIZING || pledge->state == CF_PLEDGE_REAUTH_DUE ||
           pledge->state == CF_PLEDGE_CAPTURING;
}

/* Pledged, not charged, and nothing under way: its backer may change it. */
static inline bool cf_pledge_is_changeable(const struct cf_pledge *pledge)
{
    return pledge->state == CF_PLEDGE_COMMITTED || pledge->state == CF_PLEDGE_AUTHORIZED ||
           pledge->state == CF_PLEDGE_ERRORED;
}

/* Charged, and no dispute open or lost. */
static inline bool cf_pledge_is_disputable(const struct cf_pledge *pledge)
{
    return pledge->captured_minor > 0 && pledge->state != CF_PLEDGE_DISPUTED &&
           pledge->state != CF_PLEDGE_CHARGED_BACK;
}

/* The bank has the charge that the refund is of, or keeps some of what the refund owes. */
static inline bool cf_refund_is_contested(const struct cf_pledge *pledge,
                                          const struct cf_refund *refund)
{
    if (refund->orphaned)
        return refund->disputed_minor > 0 || refund->lost_minor > 0;
    return pledge->state == CF_PLEDGE_DISPUTED || pledge->twice_back_minor > 0;
}

/* Money came, no dispute is open, and some of it was not asked back. */
static inline bool cf_pledge_holds_money(const struct cf_pledge *pledge)
{
    return cf_pledge_is_disputable(pledge) &&
           pledge->refund_requested_minor < pledge->captured_minor;
}

/* The settlement that this charge is part of has been made. */
static inline bool cf_pledge_is_settled(const struct cf_campaign *campaign,
                                        const struct cf_pledge *pledge)
{
    return pledge->settle_round != 0 && campaign->settled_rounds >= pledge->settle_round;
}

static inline bool cf_payout_had_failed(const struct cf_payout *payout)
{
    return payout->state == CF_PAYOUT_FAILED || payout->failed_before != 0;
}

#endif
