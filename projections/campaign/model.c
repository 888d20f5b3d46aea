/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `campaign`: what the page says beside the money. States follow
 * core/aggregate/campaign_states.def.
 */
#define CF_ROW_DEFINE
#include "projections/campaign/tables.h"

#define CF_ON_MODEL campaign
#define CF_READS_FILE "projections/campaign/reads.def"
#include "projections/reads.h"

#include "projections/dispatch.h"

#include <inttypes.h>
#include <stdio.h>

/* The page changed; whoever shows it asks for it again. */
static void publish(const struct cf_table *table, const void *row, cf_emit_fn *emit, void *user)
{
    struct cf_id id = {0};
    int64_t sequence = 0;
    if (table == &cf_table_campaign) {
        id = ((const struct cf_row_campaign *)row)->campaign;
        sequence = ((const struct cf_row_campaign *)row)->sequence;
    } else if (table == &cf_table_reward) {
        id = ((const struct cf_row_reward *)row)->campaign;
        sequence = ((const struct cf_row_reward *)row)->sequence;
    } else {
        id = ((const struct cf_row_stretch_goal *)row)->campaign;
        sequence = ((const struct cf_row_stretch_goal *)row)->sequence;
    }
    char text[CF_ID_TEXT_SIZE], json[128];
    cf_id_print(id, text);
    int size = snprintf(json, sizeof json, "{\"campaign_id\":\"%s\",\"sequence\":%" PRId64 "}",
                        text, sequence);
    emit(user, "campaign", id, sequence, cf_bytes_from(json, (size_t)size));
}

static const struct cf_table *const tables[] = {
    &cf_table_campaign,
    &cf_table_reward,
    &cf_table_stretch_goal,
};

const struct cf_model cf_model_campaign = {
    .name = "campaign",
    .version = 1,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
    .publish = publish,
};

/* The public status of each fine state; a closed campaign keeps the one it had. */
static const char *const statuses[][2] = {
    {"draft", "draft"},         {"submitted", "draft"},  {"rejected", "cancelled"},
    {"approved", "draft"},      {"scheduled", "draft"},  {"live", "active"},
    {"collecting", "funded"},   {"settled", "funded"},   {"failed", "failed"},
    {"cancelled", "cancelled"}, {"purged", "cancelled"},
};

static void move(struct cf_row_campaign *campaign, const char *state)
{
    campaign->state = cf_word_of(state);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(statuses[i][0], state) == 0)
            campaign->status = cf_word_of(statuses[i][1]);
    }
}

static enum cf_status get(struct cf_fold *fold, struct cf_id campaign,
                          struct cf_row_campaign **ret_campaign)
{
    return cf_row_get_campaign(fold, &(struct cf_row_campaign){.campaign = campaign}, ret_campaign);
}

/* A move that says nothing else. */
static enum cf_status move_only(struct cf_fold *fold, struct cf_id id, const char *state)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, id, &campaign));
    move(campaign, state);
    return CF_OK;
}

static void set_if_there(struct cf_fold *fold, struct cf_value *value, struct cf_bytes bytes)
{
    if (bytes.size > 0)
        cf_fold_set(fold, value, bytes);
}

/* -- Draft ---------------------------------------------------------------------------------- */

CF_ON(campaign_drafted)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->creator = event->creator_id;
    campaign->model = cf_word_of(cf_funding_model_name(event->model));
    campaign->currency = cf_word_of(cf_currency_letters(event->currency));
    campaign->goal = cf_money_minor(event->goal);
    campaign->created_at_us = fold->time_us;
    campaign->starts_at_us = event->starts_at;
    campaign->ends_at_us = event->ends_at;
    cf_fold_set(fold, &campaign->title, event->title.ciphertext);
    cf_fold_set(fold, &campaign->title_key, fold->idempotency_key);
    cf_fold_set(fold, &campaign->slug, event->slug);
    cf_fold_set(fold, &campaign->story, event->story.ciphertext);
    if (event->story.ciphertext.size > 0)
        cf_fold_set(fold, &campaign->story_key, fold->idempotency_key);
    cf_fold_set(fold, &campaign->category, event->category);
    cf_fold_set(fold, &campaign->subcategory, event->subcategory);
    move(campaign, "draft");
    return CF_OK;
}

CF_ON(campaign_edited)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    if (event->model != CF_FUNDING_MODEL_NONE)
        campaign->model = cf_word_of(cf_funding_model_name(event->model));
    if (event->currency != 0)
        campaign->currency = cf_word_of(cf_currency_letters(event->currency));
    if (!cf_money_is_zero(event->goal))
        campaign->goal = cf_money_minor(event->goal);
    if (event->starts_at != 0)
        campaign->starts_at_us = event->starts_at;
    if (event->ends_at != 0)
        campaign->ends_at_us = event->ends_at;
    if (event->title.ciphertext.size > 0) {
        cf_fold_set(fold, &campaign->title, event->title.ciphertext);
        cf_fold_set(fold, &campaign->title_key, fold->idempotency_key);
    }
    if (event->story.ciphertext.size > 0) {
        cf_fold_set(fold, &campaign->story, event->story.ciphertext);
        cf_fold_set(fold, &campaign->story_key, fold->idempotency_key);
    }
    set_if_there(fold, &campaign->category, event->category);
    set_if_there(fold, &campaign->subcategory, event->subcategory);
    return CF_OK;
}

CF_ON(campaign_located)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    cf_fold_set(fold, &campaign->country, event->country);
    cf_fold_set(fold, &campaign->place, event->place);
    campaign->latitude_microdegrees = event->latitude_microdegrees;
    campaign->longitude_microdegrees = event->longitude_microdegrees;
    campaign->is_located = event->latitude_microdegrees != 0 || event->longitude_microdegrees != 0;
    return CF_OK;
}

CF_ON(campaign_media_set)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    cf_fold_set(fold, &campaign->media_address, event->address);
    cf_fold_set(fold, &campaign->media_type, event->media_type);
    return CF_OK;
}

/* -- Review --------------------------------------------------------------------------------- */

CF_ON(campaign_submitted)
{
    return move_only(fold, event->campaign_id, "submitted");
}

static enum cf_status review(struct cf_fold *fold, struct cf_id id, struct cf_sealed note,
                             const char *state)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, id, &campaign));
    cf_fold_set(fold, &campaign->review_note, note.ciphertext);
    cf_fold_set(fold, &campaign->note_key, fold->idempotency_key);
    move(campaign, state);
    return CF_OK;
}

CF_ON(campaign_changes_requested)
{
    return review(fold, event->campaign_id, event->note, "draft");
}

CF_ON(campaign_rejected)
{
    return review(fold, event->campaign_id, event->note, "rejected");
}

CF_ON(campaign_approved)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->platform_fee_bps = event->platform_fee_bps;
    campaign->processor_fee_bearer = cf_word_of(cf_bearer_name(event->processor_fee_bearer));
    move(campaign, "approved");
    return CF_OK;
}

/* -- Live ----------------------------------------------------------------------------------- */

CF_ON(campaign_scheduled)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->starts_at_us = event->starts_at;
    move(campaign, "scheduled");
    return CF_OK;
}

CF_ON(campaign_launched)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->model = cf_word_of(cf_funding_model_name(event->model));
    campaign->currency = cf_word_of(cf_currency_letters(event->currency));
    campaign->goal = cf_money_minor(event->goal);
    campaign->ends_at_us = event->ends_at;
    campaign->launched_at_us = fold->time_us;
    move(campaign, "live");
    return CF_OK;
}

CF_ON(campaign_suspended)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->state_before = campaign->state;
    cf_fold_set(fold, &campaign->reason, event->reason);
    campaign->state = cf_word_of("suspended");
    return CF_OK;
}

CF_ON(campaign_resumed)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    cf_fold_set(fold, &campaign->reason, (struct cf_bytes){0});
    campaign->state = campaign->state_before;
    campaign->state_before = (struct cf_word){0};
    return CF_OK;
}

static enum cf_status stop(struct cf_fold *fold, struct cf_id id, struct cf_bytes reason,
                           const char *state)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, id, &campaign));
    cf_fold_set(fold, &campaign->reason, reason);
    campaign->state_before = (struct cf_word){0};
    move(campaign, state);
    return CF_OK;
}

CF_ON(campaign_purged)
{
    return stop(fold, event->campaign_id, event->reason, "purged");
}

CF_ON(campaign_cancelled)
{
    return stop(fold, event->campaign_id, event->reason, "cancelled");
}

CF_ON(campaign_goal_reached)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->goal_reached_at_us = fold->time_us;
    return CF_OK;
}

CF_ON(campaign_goal_certain)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->goal_certain_at_us = fold->time_us;
    return CF_OK;
}

/* -- The end -------------------------------------------------------------------------------- */

CF_ON(campaign_ended)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->ended_at_us = fold->time_us;
    return CF_OK;
}

CF_ON(campaign_funded)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->final_collection_at_us = event->final_collection_at;
    campaign->was_funded = true;
    move(campaign, "collecting");
    return CF_OK;
}

CF_ON(campaign_failed)
{
    return move_only(fold, event->campaign_id, "failed");
}

CF_ON(campaign_late_pledges_opened)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->late_until_us = event->until;
    return CF_OK;
}

CF_ON(campaign_late_pledges_closed)
{
    struct cf_row_campaign *campaign = NULL;
    CF_TRY(get(fold, event->campaign_id, &campaign));
    campaign->late_until_us = 0;
    return CF_OK;
}

CF_ON(campaign_settled)
{
    return move_only(fold, event->campaign_id, "settled");
}

CF_ON(campaign_closed)
{
    return move_only(fold, event->campaign_id, "closed");
}
