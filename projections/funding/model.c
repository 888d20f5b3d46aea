/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `funding`: pledges, and everything that they add up to. Here: the campaign's own
 * events; the pledge's are in pledge.c and pledge_money.c.
 */
#define CF_ROW_DEFINE
#include "projections/funding/tables.h"

#define CF_ON_MODEL funding
#define CF_READS_FILE "projections/funding/reads.def"
#include "projections/reads.h"

#include "projections/dispatch.h"
#include "projections/funding/publish.h"

static const struct cf_table *const tables[] = {
    &cf_table_pledge,  &cf_table_refund,       &cf_table_campaign_total, &cf_table_reward_total,
    &cf_table_backing, &cf_table_funding_hour, &cf_table_listing,
};

const struct cf_model cf_model_funding = {
    .name = "funding",
    .version = 2,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
    .publish = cf_funding_publish,
    .is_heavy = true,
};

static int64_t minor(struct cf_money money)
{
    return cf_money_minor(money);
}

static enum cf_status get_listing(struct cf_fold *fold, struct cf_id campaign,
                                  struct cf_row_listing **ret_listing)
{
    return cf_row_get_listing(fold, &(struct cf_row_listing){.campaign = campaign}, ret_listing);
}

static enum cf_status get_total(struct cf_fold *fold, struct cf_id campaign,
                                struct cf_row_campaign_total **ret_total)
{
    return cf_row_get_campaign_total(fold, &(struct cf_row_campaign_total){.campaign = campaign},
                                     ret_total);
}

CF_ON(campaign_drafted)
{
    struct cf_row_listing *listing = NULL;
    CF_TRY(get_listing(fold, event->campaign_id, &listing));
    listing->creator = event->creator_id;
    listing->status = cf_word_of("draft");
    cf_fold_set(fold, &listing->category, event->category);
    cf_fold_set(fold, &listing->subcategory, event->subcategory);
    return CF_OK;
}

CF_ON(campaign_edited)
{
    if (event->category.size == 0 && event->subcategory.size == 0)
        return CF_OK;
    struct cf_row_listing *listing = NULL;
    CF_TRY(get_listing(fold, event->campaign_id, &listing));
    if (event->category.size > 0)
        cf_fold_set(fold, &listing->category, event->category);
    if (event->subcategory.size > 0)
        cf_fold_set(fold, &listing->subcategory, event->subcategory);
    return CF_OK;
}

CF_ON(campaign_located)
{
    struct cf_row_listing *listing = NULL;
    CF_TRY(get_listing(fold, event->campaign_id, &listing));
    cf_fold_set(fold, &listing->country, event->country);
    listing->latitude_microdegrees = event->latitude_microdegrees;
    listing->longitude_microdegrees = event->longitude_microdegrees;
    listing->is_located = event->latitude_microdegrees != 0 || event->longitude_microdegrees != 0;
    return CF_OK;
}

CF_ON(campaign_launched)
{
    struct cf_word currency = cf_word_of(cf_currency_letters(event->currency));
    struct cf_row_listing *listing = NULL;
    CF_TRY(get_listing(fold, event->campaign_id, &listing));
    listing->status = cf_word_of("active");
    listing->model = cf_word_of(cf_funding_model_name(event->model));
    listing->is_public = true;
    listing->launched_at_us = fold->time_us;
    listing->ends_at_us = event->ends_at;
    listing->goal = minor(event->goal);
    listing->currency = currency;
    struct cf_row_campaign_total *total = NULL;
    CF_TRY(get_total(fold, event->campaign_id, &total));
    total->status = cf_word_of("active");
    total->currency = currency;
    total->goal = minor(event->goal);
    return CF_OK;
}

static enum cf_status show(struct cf_fold *fold, struct cf_id campaign, const char *status,
                           bool is_public)
{
    struct cf_row_listing *listing = NULL;
    CF_TRY(get_listing(fold, campaign, &listing));
    if (status != NULL) {
        struct cf_row_campaign_total *total = NULL;
        CF_TRY(get_total(fold, campaign, &total));
        listing->status = total->status = cf_word_of(status);
    }
    listing->is_public = is_public && listing->launched_at_us != 0;
    return CF_OK;
}

CF_ON(campaign_suspended)
{
    return show(fold, event->campaign_id, NULL, false);
}

CF_ON(campaign_resumed)
{
    return show(fold, event->campaign_id, NULL, true);
}

CF_ON(campaign_purged)
{
    return show(fold, event->campaign_id, "cancelled", false);
}

CF_ON(campaign_cancelled)
{
    return show(fold, event->campaign_id, "cancelled", true);
}

/* What the page shows is what was pledged when funding ended, and by how many. */
CF_ON(campaign_ended)
{
    struct cf_row_campaign_total *total = NULL;
    CF_TRY(get_total(fold, event->campaign_id, &total));
    total->locked_pledged = minor(event->pledged);
    total->locked_backers = total->backers;
    total->is_locked = true;
    return CF_OK;
}

CF_ON(campaign_funded)
{
    return show(fold, event->campaign_id, "funded", true);
}

CF_ON(campaign_failed)
{
    return show(fold, event->campaign_id, "failed", true);
}
