/* SPDX-License-Identifier: Apache-2.0 */
/* The campaign as it would be on the day of its settlement, then the settlement's own split. */
#include "tools/forecast.h"

#include "core/policy.h"

#define CF_PLEDGES_SLICE 256

/* Adds one pledge that may still be captured; counts it where its card is yet to be charged. */
static void cf_forecast_pledge(const struct cf_pledge *pledge, struct cf_forecast *forecast,
                               uint32_t *charges)
{
    switch ((enum cf_pledge_state)pledge->state) {
    case CF_PLEDGE_AUTHORIZED:
    case CF_PLEDGE_REAUTH_DUE:
        forecast->held_minor += pledge->amount_minor;
        forecast->captures++;
        break;
    case CF_PLEDGE_COMMITTED:
    case CF_PLEDGE_AUTHORIZING:
    case CF_PLEDGE_CAPTURING:
    case CF_PLEDGE_ERRORED:
        if (pledge->memo_authorized_minor >= pledge->amount_minor) {
            forecast->held_minor += pledge->amount_minor;
            forecast->captures++;
        } else {
            forecast->to_charge_minor += pledge->amount_minor;
            (*charges)++;
        }
        break;
    case CF_PLEDGE_NONE:
    case CF_PLEDGE_CHECKOUT:
    case CF_PLEDGE_REQUIRES_ACTION:
    case CF_PLEDGE_CAPTURED:
    case CF_PLEDGE_DROPPED:
    case CF_PLEDGE_CANCELLED:
    case CF_PLEDGE_RELEASED:
    case CF_PLEDGE_ABANDONED:
    case CF_PLEDGE_REFUND_PENDING:
    case CF_PLEDGE_PARTIALLY_REFUNDED:
    case CF_PLEDGE_REFUNDED:
    case CF_PLEDGE_REFUND_FAILED:
    case CF_PLEDGE_DISPUTED:
    case CF_PLEDGE_CHARGED_BACK:
        break;
    }
}

static void cf_forecast_pledges(struct cf_book *book, const struct cf_id *campaign_id,
                                struct cf_forecast *forecast, uint32_t *charges)
{
    struct cf_id ids[CF_PLEDGES_SLICE];
    struct cf_id after = {{0}};
    size_t count;
    do {
        count = book->ops->pledges(book, campaign_id, &after, ids, CF_PLEDGES_SLICE);
        for (size_t i = 0; i < count; i++)
            cf_forecast_pledge(cf_book_find(book, CF_ROW_PLEDGE, &ids[i]), forecast, charges);
        if (count > 0)
            after = ids[count - 1];
    } while (count == CF_PLEDGES_SLICE);
}

static bool cf_forecast_is_funded(const struct cf_campaign *campaign)
{
    if (campaign->funded)
        return true;
    if (campaign->model == CF_FUNDING_MODEL_KIA)
        return campaign->captured_minor > 0;
    if (campaign->model == CF_FUNDING_MODEL_HYBRID)
        return campaign->goal_certain || cf_campaign_secured(campaign) >= campaign->goal_minor;
    return cf_campaign_pledged(campaign) >= campaign->goal_minor;
}

/* The processor's fees that are still to come. */
static enum cf_status cf_forecast_fees(const struct cf_forecast_assumptions *assumptions,
                                       struct cf_forecast *forecast)
{
    struct cf_money fees;
    struct cf_money fixed;
    int64_t to_come = forecast->collected_minor - forecast->captured_minor;
    CF_TRY(cf_money_basis_points(cf_money_of(to_come), assumptions->processor_fee_bps, &fees));
    CF_TRY(cf_money_multiply(cf_money_of(assumptions->processor_fee_minor),
                             (int64_t)forecast->captures, &fixed));
    CF_TRY(cf_money_add(fees, fixed, &fees));
    forecast->processor_fees_minor = cf_money_minor(fees);
    return CF_OK;
}

static enum cf_status cf_forecast_split(struct cf_book *book, const struct cf_id *campaign_id,
                                        struct cf_campaign campaign, struct cf_forecast *forecast)
{
    struct cf_account account = {
        .kind = CF_ACCOUNT_ESCROW, .currency = forecast->currency, .owner = *campaign_id};
    int64_t escrow = -book->ops->balance(book, &account);
    escrow += forecast->collected_minor - forecast->captured_minor;
    if (campaign.processor_fee_bearer == CF_BEARER_CREATOR)
        escrow -= forecast->processor_fees_minor;
    campaign.unsettled_minor = forecast->collected_minor;
    return cf_settlement_split(&campaign, cf_money_of(escrow > 0 ? escrow : 0), &forecast->parts);
}

enum cf_status cf_forecast_make(struct cf_book *book, const struct cf_id *campaign_id,
                                const struct cf_forecast_assumptions *assumptions,
                                struct cf_forecast *ret_forecast, struct cf_fault *reterr_fault)
{
    const struct cf_campaign *campaign = cf_book_find(book, CF_ROW_CAMPAIGN, campaign_id);
    if (campaign == NULL)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "there is no such campaign");
    if (campaign->state != CF_CAMPAIGN_LIVE && campaign->state != CF_CAMPAIGN_SUSPENDED &&
        campaign->state != CF_CAMPAIGN_COLLECTING && campaign->state != CF_CAMPAIGN_SETTLED)
        CF_FAIL(reterr_fault, CF_INVALID, "the campaign takes no money");
    struct cf_forecast forecast = {.currency = (enum cf_currency)campaign->currency,
                                   .funded = cf_forecast_is_funded(campaign),
                                   .captured_minor = campaign->unsettled_minor,
                                   .settled_by_us = campaign->final_collection_at_us != 0
                                                        ? campaign->final_collection_at_us
                                                        : campaign->ends_at_us + CF_POLICY_GRACE_US,
                                   .payout_at_us =
                                       campaign->ends_at_us + CF_POLICY_PAYOUT_DELAY_US};
    struct cf_money declines;
    uint32_t charges = 0;
    cf_forecast_pledges(book, campaign_id, &forecast, &charges);
    forecast.captures +=
        (uint32_t)(((uint64_t)charges * (10000 - assumptions->decline_bps) + 5000) / 10000);
    enum cf_status status = cf_money_basis_points(cf_money_of(forecast.to_charge_minor),
                                                  assumptions->decline_bps, &declines);
    if (status == CF_OK) {
        forecast.declines_minor = cf_money_minor(declines);
        forecast.collected_minor = forecast.captured_minor + forecast.held_minor +
                                   forecast.to_charge_minor - forecast.declines_minor;
        status = cf_forecast_fees(assumptions, &forecast);
    }
    if (status == CF_OK)
        status = cf_forecast_split(book, campaign_id, *campaign, &forecast);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the sums do not fit");
    if (cf_money_minor(forecast.parts.reserve) > 0)
        forecast.reserve_release_at_us =
            campaign->ends_at_us + (int64_t)campaign->reserve_days * CF_DAY_US;
    *ret_forecast = forecast;
    return CF_OK;
}
