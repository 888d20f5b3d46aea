/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/decide/policy.h"

bool cf_policy_chargeable(enum cf_currency currency, struct cf_money amount)
{
    int64_t charged;
    return !cf_money_is_zero(amount) &&
           cf_currency_to_stripe(currency, CF_AMOUNT_CHARGE, amount, &charged) == CF_OK;
}

/* One charge or transfer, in the units of Stripe's API: eight digits. */
#define CHARGE_MAX 99999999

bool cf_policy_pledgeable(enum cf_currency currency, struct cf_money amount)
{
    int64_t charged;
    return cf_policy_chargeable(currency, amount) &&
           cf_currency_to_stripe(currency, CF_AMOUNT_CHARGE, amount, &charged) == CF_OK &&
           charged <= CHARGE_MAX;
}

bool cf_policy_reaches_least(enum cf_currency currency, struct cf_money amount)
{
    int64_t charged;
    return cf_currency_to_stripe(currency, CF_AMOUNT_CHARGE, amount, &charged) == CF_OK &&
           charged >= cf_currency_stripe_charge_min(currency);
}

bool cf_policy_takes(const struct cf_campaign *campaign, struct cf_money amount)
{
    enum cf_currency currency = (enum cf_currency)campaign->currency;
    return cf_policy_pledgeable(currency, amount) &&
           (campaign->any_amount || cf_policy_reaches_least(currency, amount));
}

/* Where Stripe opens connected accounts. */
static const char countries[] = "AE AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GI GR HK HR HU "
                                "IE IT JP LI LT LU LV MT MX MY NL NO "
                                "NZ PL PT RO SE SG SI SK TH US";

/* What it pays out there. */
static const enum cf_currency paid_out[] = {
    CF_CURRENCY_AED, CF_CURRENCY_AUD, CF_CURRENCY_BGN, CF_CURRENCY_BRL, CF_CURRENCY_CAD,
    CF_CURRENCY_CHF, CF_CURRENCY_CZK, CF_CURRENCY_DKK, CF_CURRENCY_EUR, CF_CURRENCY_GBP,
    CF_CURRENCY_HKD, CF_CURRENCY_HUF, CF_CURRENCY_JPY, CF_CURRENCY_MXN, CF_CURRENCY_MYR,
    CF_CURRENCY_NOK, CF_CURRENCY_NZD, CF_CURRENCY_PLN, CF_CURRENCY_RON, CF_CURRENCY_SEK,
    CF_CURRENCY_SGD, CF_CURRENCY_THB, CF_CURRENCY_USD,
};

bool cf_policy_country_offered(struct cf_bytes country)
{
    for (size_t i = 0; country.size == 2 && i < sizeof countries; i += 3) {
        if (memcmp(countries + i, country.data, 2) == 0)
            return true;
    }
    return false;
}

bool cf_policy_paid_out(enum cf_currency currency)
{
    for (size_t i = 0; i < sizeof paid_out / sizeof paid_out[0]; i++) {
        if (paid_out[i] == currency)
            return true;
    }
    return false;
}

/* Whole units in every currency. */
#define TRANSFER_MAX (CHARGE_MAX - CHARGE_MAX % 100)

int64_t cf_policy_payable_part(enum cf_currency currency, int64_t amount_minor)
{
    int64_t charged;
    struct cf_money largest;
    if (amount_minor <= 0)
        return 0;
    if (cf_currency_from_stripe(currency, TRANSFER_MAX, &largest) == CF_OK &&
        amount_minor > cf_money_minor(largest))
        amount_minor = cf_money_minor(largest);
    int64_t whole = amount_minor - amount_minor % 100;
    return cf_currency_to_stripe(currency, CF_AMOUNT_PAYOUT, cf_money_of(amount_minor), &charged) ==
                   CF_OK
               ? amount_minor
               : whole;
}

enum cf_payment_mode cf_policy_mode(const struct cf_campaign *campaign, bool late, int64_t now_us)
{
    if (campaign->model == CF_FUNDING_MODEL_KIA || late || campaign->goal_certain)
        return CF_PAYMENT_MODE_CHARGE;
    if (campaign->model == CF_FUNDING_MODEL_HYBRID)
        return campaign->goal_reached ? CF_PAYMENT_MODE_HOLD : CF_PAYMENT_MODE_SAVE;
    bool holds = !campaign->no_holds && now_us >= cf_policy_authorize_at(campaign->ends_at_us);
    return holds ? CF_PAYMENT_MODE_HOLD : CF_PAYMENT_MODE_SAVE;
}

int64_t cf_policy_retry_at(const struct cf_campaign *campaign, uint32_t attempt, int64_t now_us)
{
    int64_t retry_at_us =
        now_us + (attempt <= 1 ? CF_POLICY_RETRY_FIRST_US : CF_POLICY_RETRY_NEXT_US);
    return retry_at_us < campaign->final_collection_at_us ? retry_at_us : 0;
}

bool cf_policy_is_near_goal(const struct cf_campaign *campaign)
{
    struct cf_money near_goal;
    return cf_money_basis_points(cf_money_of(campaign->goal_minor), CF_POLICY_NEAR_GOAL_BPS,
                                 &near_goal) == CF_OK &&
           cf_campaign_pledged(campaign) >= cf_money_minor(near_goal);
}

bool cf_policy_goal_rests_on(const struct cf_campaign *campaign, int64_t less_minor, int64_t now_us)
{
    int64_t pledged_minor = cf_campaign_pledged(campaign);
    return campaign->model != CF_FUNDING_MODEL_KIA && !campaign->goal_certain && less_minor > 0 &&
           now_us >= campaign->ends_at_us - CF_POLICY_CANCEL_LOCK_US &&
           pledged_minor >= campaign->goal_minor &&
           pledged_minor - less_minor < campaign->goal_minor;
}

bool cf_campaign_is_open(const struct cf_campaign *campaign)
{
    return campaign->state == CF_CAMPAIGN_DRAFT || campaign->state == CF_CAMPAIGN_APPROVED ||
           campaign->state == CF_CAMPAIGN_SCHEDULED || campaign->state == CF_CAMPAIGN_LIVE ||
           cf_campaign_is_funded(campaign);
}

bool cf_campaign_is_cancellable(const struct cf_campaign *campaign)
{
    return cf_campaign_is_open(campaign) || campaign->state == CF_CAMPAIGN_SUBMITTED;
}

bool cf_campaign_takes_late_pledges(const struct cf_campaign *campaign, int64_t now_us)
{
    return (campaign->state == CF_CAMPAIGN_COLLECTING || campaign->state == CF_CAMPAIGN_SETTLED) &&
           now_us < campaign->late_until_us;
}

bool cf_campaign_takes_payment(const struct cf_campaign *campaign, const struct cf_pledge *pledge,
                               int64_t now_us)
{
    if (pledge->late)
        return cf_campaign_takes_late_pledges(campaign, now_us);
    return campaign->state == CF_CAMPAIGN_LIVE && now_us < campaign->ends_at_us;
}

bool cf_campaign_releases(const struct cf_campaign *campaign)
{
    return campaign->state == CF_CAMPAIGN_FAILED || campaign->state == CF_CAMPAIGN_CANCELLED ||
           campaign->state == CF_CAMPAIGN_PURGED || campaign->state == CF_CAMPAIGN_CLOSED;
}

bool cf_campaign_is_funded(const struct cf_campaign *campaign)
{
    return campaign->state == CF_CAMPAIGN_COLLECTING || campaign->state == CF_CAMPAIGN_SETTLED;
}
